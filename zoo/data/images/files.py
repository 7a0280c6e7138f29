"""Read image sets in the formats they are published in: npz, IDX, CIFAR-10 binary."""

import gzip
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from zoo.errors import InputError

Splits = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""`x_train, y_train, x_test, y_test`: uint8 images `(n, height, width, channels)`, int labels."""

CIFAR10_SIDE = 32
CIFAR10_PIXELS = 3 * CIFAR10_SIDE**2
DAMAGED = (OSError, EOFError, ValueError, zlib.error)


def read_npz(path: Path) -> Splits:
    """Read the layout of Keras: the arrays `x_train, y_train, x_test, y_test` in one npz file.

    Args:
        path: File; images without a channel axis get one.

    Returns:
        The four arrays.

    Raises:
        InputError: The file is not such an npz file, or labels and images differ in number.
    """
    names = ("x_train", "y_train", "x_test", "y_test")
    if not zipfile.is_zipfile(path):
        raise _unreadable(path, "an npz file", "it is not a zip archive")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in names if name in arrays}
    except (*DAMAGED, zipfile.BadZipFile) as error:
        raise _unreadable(path, "an npz file", "it is damaged, or holds pickles") from error
    if len(found) < len(names):
        missing = ", ".join(name for name in names if name not in found)
        raise InputError(f"{path} lacks the arrays {missing}; expected {', '.join(names)}")
    x_train, y_train, x_test, y_test = found.values()
    if len(x_train) != len(y_train) or len(x_test) != len(y_test):
        raise InputError(
            f"{path} has {len(x_train)} training images with {len(y_train)} labels and "
            f"{len(x_test)} test images with {len(y_test)}; expected as many labels as images"
        )
    return _with_channels(x_train), _labels(y_train), _with_channels(x_test), _labels(y_test)


def read_idx(path: Path) -> np.ndarray:
    """Read one gzipped IDX file of bytes, as MNIST and Fashion-MNIST are published.

    Args:
        path: File, `*.gz`.

    Returns:
        uint8 array of the shape that the file's header gives.

    Raises:
        InputError: The file is not gzip, not IDX or cut short.

    Reference: https://yann.lecun.com/exdb/mnist, "the IDX file format".
    """
    try:
        with gzip.open(path, "rb") as file:
            content = file.read()
    except DAMAGED as error:
        raise _unreadable(path, "gzip", error) from error
    if content[:3] != b"\x00\x00\x08" or len(content) < 4 + 4 * content[3]:
        raise InputError(f"{path} does not start like an IDX file of bytes; download it again")
    axes = content[3]
    shape = np.frombuffer(content, ">i4", axes, offset=4)
    pixels = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if len(pixels) != np.prod(shape):
        raise InputError(
            f"{path} holds {len(pixels)} bytes, but its header promises the shape "
            f"{tuple(shape.tolist())}; download it again"
        )
    return pixels.reshape(shape)


def read_idx_splits(
    train_images: Path, train_labels: Path, test_images: Path, test_labels: Path
) -> Splits:
    """Read the four IDX files of an image set.

    Args:
        train_images: IDX file `(n, height, width)`.
        train_labels: IDX file `(n,)`.
        test_images: IDX file `(n, height, width)`.
        test_labels: IDX file `(n,)`.

    Returns:
        The four arrays.
    """
    return (
        _with_channels(read_idx(train_images)),
        _labels(read_idx(train_labels)),
        _with_channels(read_idx(test_images)),
        _labels(read_idx(test_labels)),
    )


def read_cifar10_binary(path: Path) -> Splits:
    """Read CIFAR-10's binary archive without unpacking it (the Python version is a pickle).

    Args:
        path: `cifar-10-binary.tar.gz`.

    Returns:
        The four arrays; the five training batches in order.

    Raises:
        InputError: The archive is damaged or lacks a batch.

    Reference: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
    """
    train = [f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6)]
    test = "cifar-10-batches-bin/test_batch.bin"
    batches = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.isfile() and member.name in (*train, test):
                    batches[member.name] = _cifar10_batch(archive.extractfile(member).read())
    except (*DAMAGED, tarfile.TarError) as error:
        raise _unreadable(path, "a CIFAR-10 binary archive", error) from error
    missing = [name for name in (*train, test) if name not in batches]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}; download it again")
    images, labels = zip(*(batches[name] for name in train), strict=True)
    return np.concatenate(images), np.concatenate(labels), *batches[test]


def _cifar10_batch(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Read records: one byte of label, then the red, green and blue plane."""
    records = np.frombuffer(content, np.uint8).reshape(-1, 1 + CIFAR10_PIXELS)
    planes = records[:, 1:].reshape(-1, 3, CIFAR10_SIDE, CIFAR10_SIDE)
    return planes.transpose(0, 2, 3, 1), _labels(records[:, 0])


def _with_channels(images: np.ndarray) -> np.ndarray:
    return images[..., np.newaxis] if images.ndim == 3 else images


def _labels(labels: np.ndarray) -> np.ndarray:
    return labels.reshape(-1).astype(np.int64)


def _unreadable(path: Path, expected: str, reason: Exception | str) -> InputError:
    return InputError(f"{path} cannot be read as {expected} ({reason}); download it again")
