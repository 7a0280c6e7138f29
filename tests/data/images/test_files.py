"""The published formats are read to the byte; a damaged file is named."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from zoo.data.images.files import read_cifar10_binary, read_idx, read_idx_splits, read_npz
from zoo.errors import InputError

pytestmark = pytest.mark.once


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))
    return path


def write_cifar10(path, batches):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def cifar10_record(label, red, green, blue):
    return bytes([label]) + bytes([red]) * 1024 + bytes([green]) * 1024 + bytes([blue]) * 1024


def cifar10_batches():
    train = {f"data_batch_{n}.bin": cifar10_record(n, n, 20 + n, 40 + n) for n in range(1, 6)}
    return train | {"test_batch.bin": cifar10_record(9, 7, 8, 9) * 2, "readme.html": b"hello"}


def test_npz_gets_a_channel_axis_and_flat_int_labels(tmp_path):
    images = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    labels = np.array([[4], [5]], dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    x_train, y_train, _, _ = read_npz(tmp_path / "a.npz")
    np.testing.assert_array_equal(x_train, images[..., None])
    assert y_train.tolist() == [4, 5] and y_train.dtype == np.int64


def test_npz_errors_name_the_file_and_what_is_wrong(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match=r"a\.npz lacks the arrays y_train, x_test, y_test"):
        read_npz(path)
    np.savez(path, x_train=np.zeros((2, 3, 3)), y_train=[0], x_test=np.zeros((1, 3, 3)), y_test=[0])
    with pytest.raises(ValueError, match="2 training images with 1 labels"):
        read_npz(path)
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(InputError, match=r"a\.npz cannot be read as an npz file"):
        read_npz(path)


def test_npz_with_pickles_is_refused_without_loading_them(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ValueError, match="holds pickles"):
        read_npz(path)


def test_idx_has_the_shape_of_its_header(tmp_path):
    array = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(read_idx(write_idx(tmp_path / "a.gz", array)), array)


def test_idx_splits_pair_images_with_labels(tmp_path):
    images, labels = np.arange(8).reshape(2, 2, 2), np.array([3, 1])
    paths = [
        write_idx(tmp_path / f"{n}.gz", part)
        for n, part in enumerate((images, labels, images[:1], labels[:1]))
    ]
    x_train, y_train, x_test, y_test = read_idx_splits(*paths)
    assert x_train.shape == (2, 2, 2, 1) and y_train.tolist() == [3, 1]
    assert x_test.shape == (1, 2, 2, 1) and y_test.tolist() == [3]


def test_idx_errors_name_the_file_and_what_is_wrong(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(b"plain")
    with pytest.raises(InputError, match=r"a\.gz cannot be read as gzip"):
        read_idx(path)
    path.write_bytes(gzip.compress(b"something else"))
    with pytest.raises(ValueError, match="does not start like an IDX file"):
        read_idx(path)
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 5, 1, 2])))
    with pytest.raises(ValueError, match=r"holds 2 bytes.*\(5,\)"):
        read_idx(path)


def test_cifar10_planes_become_channels_and_batches_keep_their_order(tmp_path):
    x_train, y_train, x_test, y_test = read_cifar10_binary(
        write_cifar10(tmp_path / "c.tar.gz", dict(reversed(cifar10_batches().items())))
    )
    assert x_train.shape == (5, 32, 32, 3) and x_test.shape == (2, 32, 32, 3)
    assert y_train.tolist() == [1, 2, 3, 4, 5] and y_test.tolist() == [9, 9]
    assert x_train[2, 5, 6].tolist() == [3, 23, 43]


def test_cifar10_errors_name_the_missing_batch_and_the_damage(tmp_path):
    batches = cifar10_batches()
    batches["test_batch.bin"] = batches["test_batch.bin"][:-1]
    with pytest.raises(InputError, match="cannot be read as a CIFAR-10 binary archive"):
        read_cifar10_binary(write_cifar10(tmp_path / "c.tar.gz", batches))
    del batches["test_batch.bin"]
    with pytest.raises(ValueError, match="lacks cifar-10-batches-bin/test_batch.bin"):
        read_cifar10_binary(write_cifar10(tmp_path / "c.tar.gz", batches))
