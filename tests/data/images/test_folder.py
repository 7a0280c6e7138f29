"""A folder of own images: sizes, classes and splits follow from what lies in it."""

import numpy as np
import pytest
from PIL import Image

from zoo.data.images.folder import read_image_folder
from zoo.errors import InputError

pytestmark = pytest.mark.once


def fill(folder, count, mode="RGB", value=100, suffix="png", size=(40, 20)):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new(mode, size, value).save(folder / f"{number}.{suffix}")


def test_colour_images_become_32_by_32_rgb_with_classes_in_alphabetical_order(tmp_path):
    fill(tmp_path / "dog", 5, value=(10, 20, 30))
    fill(tmp_path / "cat", 10, value=(1, 2, 3), suffix="bmp")
    (tmp_path / "dog" / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden").mkdir()
    (x_train, y_train, x_test, y_test), names = read_image_folder(tmp_path)
    assert names == ("cat", "dog")
    assert x_train.shape == (12, 32, 32, 3) and x_train.dtype == np.uint8
    assert np.bincount(y_train).tolist() == [8, 4] and np.bincount(y_test).tolist() == [2, 1]
    assert x_test[y_test == 1][0, 7, 7].tolist() == [10, 20, 30]


def test_images_all_stored_as_grey_become_28_by_28_with_one_channel(tmp_path):
    fill(tmp_path / "a", 5, mode="L", value=77)
    (x_train, *_), _ = read_image_folder(tmp_path)
    assert x_train.shape == (4, 28, 28, 1) and (x_train == 77).all()


def test_one_colour_image_makes_the_set_colour(tmp_path):
    fill(tmp_path / "a", 5, mode="L", value=77)
    fill(tmp_path / "b", 5, value=(1, 2, 3))
    (x_train, *_), _ = read_image_folder(tmp_path)
    assert x_train.shape == (8, 32, 32, 3)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    (tmp_path / "a").mkdir()
    for number in range(5):
        pixels = np.full((30, 30), 128 * 256, dtype=np.uint16)
        Image.fromarray(pixels).save(tmp_path / "a" / f"{number}.png")
    (x_train, *_), _ = read_image_folder(tmp_path)
    assert (x_train == 128).all()


def test_train_and_test_folders_are_used_as_they_are(tmp_path):
    fill(tmp_path / "train" / "good", 3, value=(1, 1, 1))
    fill(tmp_path / "test" / "good", 2, value=(2, 2, 2))
    fill(tmp_path / "test" / "broken", 1, value=(3, 3, 3))
    (x_train, y_train, x_test, y_test), names = read_image_folder(tmp_path)
    assert names == ("broken", "good")
    assert y_train.tolist() == [1, 1, 1] and (x_train == 1).all()
    assert sorted(y_test.tolist()) == [0, 1, 1] and (x_test[y_test == 0] == 3).all()


def test_the_split_follows_the_seed(tmp_path):
    (tmp_path / "a").mkdir()
    for number in range(40):
        Image.new("L", (28, 28), number).save(tmp_path / "a" / f"{number}.png")
    drawn = [set(read_image_folder(tmp_path, seed)[0][2][:, 0, 0, 0]) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 8


def test_errors_name_the_folder_and_what_was_looked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere' does not exist"):
        read_image_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no sub-folders"):
        read_image_folder(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(ValueError, match=r"cat' has no images; looked for \.png, \.jpg"):
        read_image_folder(tmp_path)
    fill(tmp_path / "cat", 4)
    with pytest.raises(ValueError, match="class 'cat' .* has 4 images, fewer than the 5"):
        read_image_folder(tmp_path)


@pytest.mark.parametrize("damage", ["text", "cut"])
def test_an_unreadable_image_is_named(tmp_path, damage):
    fill(tmp_path / "cat", 6, size=(300, 300))
    bad = tmp_path / "cat" / "3.png"
    bad.write_bytes(b"not an image" if damage == "text" else bad.read_bytes()[:100])
    with pytest.raises(InputError, match=r"cat/3\.png' cannot be read"):
        read_image_folder(tmp_path)
