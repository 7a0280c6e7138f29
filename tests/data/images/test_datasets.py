"""Image sets have the promised shapes, and a one-class task trains on normals alone."""

import numpy as np
import pytest
from PIL import Image

from zoo.data.images.datasets import LabelledImages, load_images, one_class

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def digits():
    return load_images("digits")


def numbered(train_labels, test_labels=(0, 1)):
    """An image set in which the first pixel of the image at position i is i."""
    x_train = np.arange(len(train_labels), dtype=np.uint8).reshape(-1, 1, 1, 1)
    x_test = np.arange(len(test_labels), dtype=np.uint8).reshape(-1, 1, 1, 1)
    names = ("cat", "dog")
    return LabelledImages(
        "pets", x_train, np.array(train_labels), x_test, np.array(test_labels), names
    )


def test_digits_are_28_by_28_with_every_pixel_tripled(digits):
    assert digits.x_train.shape == (1257, 28, 28, 1) and digits.x_test.shape == (540, 28, 28, 1)
    assert digits.x_train.dtype == np.uint8 and digits.x_train.max() == 255
    image = digits.x_train[0, :, :, 0]
    blocks = image[2:26, 2:26].reshape(8, 3, 8, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert image[:2].max() == image[26:].max() == image[:, :2].max() == image[:, 26:].max() == 0


def test_digits_split_is_stratified_and_follows_the_seed(digits):
    share = np.bincount(digits.y_test) / (np.bincount(digits.y_train) + np.bincount(digits.y_test))
    np.testing.assert_allclose(share, 0.3, atol=0.01)
    np.testing.assert_array_equal(load_images("digits", seed=0).x_test, digits.x_test)
    assert (load_images("digits", seed=1).y_test != digits.y_test).any()


def test_one_class_trains_on_normals_alone_and_tests_on_all():
    images = numbered([0, 1] * 20, test_labels=[1, 0, 0])
    task = one_class(images, normal_class=1, validation=0.25)
    seen = np.concatenate([task.x_train, task.x_valid]).ravel()
    assert sorted(seen) == list(range(1, 40, 2))  # every image of class 1, each once
    assert len(task.x_valid) == 5
    assert task.y_test.tolist() == [0, 1, 1] and task.test_classes.tolist() == [1, 0, 0]
    assert task.normal_name == "dog"


def test_one_class_without_validation_keeps_all_normals():
    task = one_class(numbered([0] * 12 + [1]), normal_class=0, validation=0)
    assert len(task.x_train) == 12 and task.x_valid.shape == (0, 1, 1, 1)


def test_one_class_follows_the_seed():
    images = numbered([0] * 100)
    held_out = [set(one_class(images, 0, seed=seed).x_valid.ravel()) for seed in (0, 0, 1)]
    assert held_out[0] == held_out[1] != held_out[2]


def test_one_class_errors_say_what_there_is():
    with pytest.raises(ValueError, match=r"no class 7.*0 \(cat\), 1 \(dog\)"):
        one_class(numbered([0, 1]), normal_class=7)
    with pytest.raises(ValueError, match=r"class 0 \(cat\) .* has 9 training images"):
        one_class(numbered([0] * 9 + [1] * 50), normal_class=0)
    with pytest.raises(ValueError, match="test part of 'pets' has 2 images, 0 of them anomalies"):
        one_class(numbered([0] * 20, test_labels=[0, 0]), normal_class=0)
    with pytest.raises(ValueError, match="validation is 1.5"):
        one_class(numbered([0] * 20), normal_class=0, validation=1.5)


def test_folder_goes_through_load_images(tmp_path):
    (tmp_path / "ok").mkdir()
    for number in range(5):
        Image.new("L", (28, 28), number).save(tmp_path / "ok" / f"{number}.png")
    images = load_images("folder", folder=tmp_path)
    assert images.name == "folder" and images.class_names == ("ok",)
    assert images.x_train.shape == (4, 28, 28, 1)


def test_fashion_mnist_accepts_one_npz_in_place_of_four_files(tmp_path):
    images, labels = np.zeros((3, 28, 28), np.uint8), np.arange(3)
    packed = tmp_path / "fashion_mnist.npz"
    np.savez(packed, x_train=images, y_train=labels, x_test=images, y_test=labels)
    assert load_images("fashion_mnist", data_dir=tmp_path).class_names[9] == "ankle boot"
    packed.unlink()
    with pytest.raises(FileNotFoundError, match=r"train-images.*\(or fashion_mnist\.npz\)"):
        load_images("fashion_mnist", data_dir=tmp_path)


def test_load_images_errors_name_the_choices():
    with pytest.raises(ValueError, match="'svhn'; expected one of digits, mnist, fashion_mnist"):
        load_images("svhn")
    with pytest.raises(ValueError, match="give the data set folder and a folder together"):
        load_images("folder")
    with pytest.raises(ValueError, match="'digits' was given a folder"):
        load_images("digits", folder="somewhere")


@pytest.mark.parametrize(
    ("name", "file", "shape", "mean"),
    [
        ("mnist", "mnist.npz", (60000, 28, 28, 1), 33.318),
        ("fashion_mnist", "fashion_mnist.npz", (60000, 28, 28, 1), 72.940),
        ("cifar10", "cifar10.npz", (50000, 32, 32, 3), 120.7),
    ],
)
def test_real_sets_have_their_published_shape_and_mean(real_data, name, file, shape, mean):
    images = load_images(name, data_dir=real_data(file).parent)
    assert images.x_train.shape == shape and len(images.x_test) == 10000
    assert images.x_train.mean() == pytest.approx(mean, abs=0.05)
    assert np.bincount(images.y_test).min() >= 892
