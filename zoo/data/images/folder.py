"""Read a folder of the user's own images: one sub-folder per class."""

from pathlib import Path

import numpy as np

from zoo.data.images.files import Splits
from zoo.errors import InputError

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")
GREY_SIDE = 28
COLOUR_SIDE = 32
TEST_FRACTION = 0.2
FEWEST_TO_SPLIT = 5  # per class: a fifth of them is then at least one


def read_image_folder(folder: str | Path, seed: int = 0) -> tuple[Splits, tuple[str, ...]]:
    """Read `folder/CLASS/*.png` or, already split, `folder/{train,test}/CLASS/*.png`.

    If every file is stored as grey the images become 28x28 with one channel, else 32x32 RGB: the
    sizes that the zoo's networks take. Sides are scaled each by itself, so that an oblong image is
    squeezed. A class may be missing from `train/` (as the defects of MVTec AD are).

    Args:
        folder: Folder with a sub-folder per class, or with `train` and `test`.
        seed: Draws the stratified 80/20 split where the folder has no `train` and `test`.

    Returns:
        `(x_train, y_train, x_test, y_test)` with uint8 images `(n, side, side, channels)`, and the
        class names in alphabetical order, which number the labels.

    Raises:
        FileNotFoundError: The folder does not exist.
        InputError: No sub-folders, a class without images, too few to split, an unreadable image.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"image folder '{folder}' does not exist; expected a folder with one sub-folder of "
            "images per class"
        )
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        train, test = _files_by_class(folder / "train"), _files_by_class(folder / "test")
    else:
        train, test = _split(folder, _files_by_class(folder), seed)
    class_names = tuple(sorted({*train, *test}))
    grey = all(_is_grey(path) for files in (train, test) for path in sum(files.values(), []))
    return (*_read(train, class_names, grey), *_read(test, class_names, grey)), class_names


def _files_by_class(folder: Path) -> dict[str, list[Path]]:
    classes = [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith((".", "__"))
    ]
    if not classes:
        raise InputError(
            f"image folder '{folder}' has no sub-folders; expected one sub-folder per class, or "
            "train/ and test/ with one sub-folder per class in each"
        )
    files = {
        path.name: sorted(file for file in path.iterdir() if file.suffix.lower() in EXTENSIONS)
        for path in classes
    }
    for name, found in files.items():
        if not found:
            raise InputError(
                f"image folder '{folder / name}' has no images; looked for {', '.join(EXTENSIONS)}"
                " directly inside it; add images or remove the sub-folder"
            )
    return files


def _split(
    folder: Path, files: dict[str, list[Path]], seed: int
) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    from sklearn.model_selection import train_test_split

    for name, found in files.items():
        if len(found) < FEWEST_TO_SPLIT:
            raise InputError(
                f"class '{name}' of image folder '{folder}' has {len(found)} images, fewer than "
                f"the {FEWEST_TO_SPLIT} that a split into train and test needs; add images, or "
                "lay the folder out as train/ and test/"
            )
    parts = {
        name: train_test_split(found, test_size=TEST_FRACTION, random_state=seed)
        for name, found in files.items()
    }
    return {name: part[0] for name, part in parts.items()}, {
        name: part[1] for name, part in parts.items()
    }


def _is_grey(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.mode in GREY_MODES
    except (OSError, ValueError, SyntaxError) as error:
        raise _unreadable(path, error) from error


def _read(
    files: dict[str, list[Path]], class_names: tuple[str, ...], grey: bool
) -> tuple[np.ndarray, np.ndarray]:
    images = [_read_image(path, grey) for found in files.values() for path in found]
    labels = [class_names.index(name) for name, found in files.items() for _ in found]
    return np.stack(images), np.array(labels, dtype=np.int64)


def _read_image(path: Path, grey: bool) -> np.ndarray:
    from PIL import Image, ImageOps

    side = GREY_SIDE if grey else COLOUR_SIDE
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file)
            if image.mode.startswith("I"):  # 16 bits a pixel, which convert() would clip, not scale
                image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
            image = image.convert("L" if grey else "RGB")
            image = image.resize((side, side), Image.Resampling.BILINEAR)
    except (OSError, ValueError, SyntaxError) as error:
        raise _unreadable(path, error) from error
    return np.asarray(image).reshape(side, side, -1)


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(f"image '{path}' cannot be read ({error}); replace or remove it")
