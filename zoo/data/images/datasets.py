"""Labelled image sets, and the one-class task made from one: a class is normal, the rest is not."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data import sources
from zoo.data.images import files as image_files
from zoo.data.images.files import Splits
from zoo.data.images.folder import read_image_folder
from zoo.errors import InputError

FEWEST_NORMALS = 10
DIGIT_NAMES = tuple(str(digit) for digit in range(10))
FASHION_NAMES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
CIFAR10_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


@dataclass(frozen=True)
class LabelledImages:
    """An image set with its class labels.

    Attributes:
        name: Name of the set.
        x_train: Images `(n, height, width, channels)`, uint8 in 0..255.
        y_train: Class numbers `(n,)`, int.
        x_test: Images, as `x_train`.
        y_test: Class numbers, as `y_train`.
        class_names: What the class numbers mean.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class OneClass:
    """The one-class task: train on normal images alone, tell the others from them.

    Attributes:
        x_train: Normal images to train on, `(n, height, width, channels)`.
        x_valid: Normal images held out of training; possibly none.
        x_test: Every test image.
        y_test: `(n,)` int, 1 = anomaly (any class but the normal one).
        test_classes: `(n,)` int, the class number of each test image.
        normal_name: Name of the normal class.
    """

    x_train: np.ndarray
    x_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    test_classes: np.ndarray
    normal_name: str


def load_images(
    name: str,
    data_dir: str | Path | None = None,
    folder: str | Path | None = None,
    seed: int = 0,
) -> LabelledImages:
    """Load an image set.

    Args:
        name: `"digits"` (scikit-learn's own, needs no file), `"mnist"`, `"fashion_mnist"`,
            `"cifar10"` or `"folder"`.
        data_dir: Where the files are; see `zoo.data.sources.locate`.
        folder: The user's own images, for `"folder"`; see `zoo.data.images.folder`.
        seed: Draws the split of sets that are published without one (digits, folder).

    Returns:
        uint8 images: digits, MNIST and Fashion-MNIST 28x28x1, CIFAR-10 32x32x3.

    Raises:
        InputError: Unknown name, `folder` without `"folder"` or the reverse, unreadable files.
        FileNotFoundError: `data_dir` or `folder` lacks what it should hold.

    Example:
        >>> load_images("digits").x_train.shape
        (1257, 28, 28, 1)
    """
    if (name == "folder") != (folder is not None):
        raise InputError(
            f"data set '{name}' was given {'no' if folder is None else 'a'} folder; "
            "give the data set folder and a folder together"
        )
    if name == "digits":
        return LabelledImages(name, *_digits(seed), DIGIT_NAMES)
    if name == "folder":
        splits, class_names = read_image_folder(folder, seed)
        return LabelledImages(name, *splits, class_names)
    if name not in PUBLISHED:
        raise InputError(
            f"unknown image set '{name}'; expected one of digits, {', '.join(PUBLISHED)}, folder"
        )
    read, class_names = PUBLISHED[name]
    return LabelledImages(name, *read(data_dir), class_names)


def one_class(
    images: LabelledImages, normal_class: int, validation: float = 0.1, seed: int = 0
) -> OneClass:
    """Make the one-class task in which `normal_class` is normal.

    Args:
        images: Image set; its test part is used whole.
        normal_class: Number of the normal class.
        validation: Fraction of the training normals to hold out, in [0, 1).
        seed: Draws the held-out normals.

    Returns:
        The task. Pixels are untouched.

    Raises:
        InputError: No such class, fewer than 10 normals to train on, or a test part without
            normals or without anomalies.

    Example:
        >>> task = one_class(load_images("digits"), normal_class=3)
        >>> len(task.x_train), len(task.x_valid), task.normal_name
        (115, 13, '3')
    """
    if not 0 <= validation < 1:
        raise InputError(f"validation is {validation}, expected a fraction in [0, 1)")
    if normal_class not in range(len(images.class_names)):
        listing = ", ".join(f"{number} ({name})" for number, name in enumerate(images.class_names))
        raise InputError(
            f"'{images.name}' has no class {normal_class}; give normal_class as one of: {listing}"
        )
    normal_name = images.class_names[normal_class]
    order = np.random.default_rng(seed).permutation(np.flatnonzero(images.y_train == normal_class))
    held_out = int(np.ceil(validation * len(order)))
    if len(order) - held_out < FEWEST_NORMALS:
        raise InputError(
            f"class {normal_class} ({normal_name}) of '{images.name}' has {len(order)} training "
            f"images, {len(order) - held_out} without the held-out ones, fewer than the "
            f"{FEWEST_NORMALS} that training needs; add images or choose another class"
        )
    y_test = (images.y_test != normal_class).astype(np.int64)
    if y_test.min(initial=1) == y_test.max(initial=0):
        found = f"{len(y_test)} images, {int(y_test.sum())} of them anomalies"
        raise InputError(
            f"the test part of '{images.name}' has {found}; to judge class {normal_class} "
            f"({normal_name}) it needs images of that class and of another"
        )
    return OneClass(
        x_train=images.x_train[order[held_out:]],
        x_valid=images.x_train[order[:held_out]],
        x_test=images.x_test,
        y_test=y_test,
        test_classes=images.y_test,
        normal_name=normal_name,
    )


def _digits(seed: int) -> Splits:
    """Return scikit-learn's 8x8 digits (0..16), each pixel three times as wide, in 28x28."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    small, labels = load_digits(return_X_y=True)
    images = np.round(small.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    images = images.repeat(3, axis=1).repeat(3, axis=2)
    images = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels.astype(np.int64), test_size=0.3, stratify=labels, random_state=seed
    )
    return x_train, y_train, x_test, y_test


def _mnist(data_dir: str | Path | None) -> Splits:
    return image_files.read_npz(sources.locate("mnist.npz", data_dir))


def _fashion_mnist(data_dir: str | Path | None) -> Splits:
    packed = sources.find("fashion_mnist.npz", data_dir)
    if packed:
        return image_files.read_npz(packed)
    return image_files.read_idx_splits(
        train_images=sources.locate("train-images-idx3-ubyte.gz", data_dir),
        train_labels=sources.locate("train-labels-idx1-ubyte.gz", data_dir),
        test_images=sources.locate("t10k-images-idx3-ubyte.gz", data_dir),
        test_labels=sources.locate("t10k-labels-idx1-ubyte.gz", data_dir),
    )


def _cifar10(data_dir: str | Path | None) -> Splits:
    packed = sources.find("cifar10.npz", data_dir)
    if packed:
        return image_files.read_npz(packed)
    return image_files.read_cifar10_binary(sources.locate("cifar-10-binary.tar.gz", data_dir))


PUBLISHED: dict[str, tuple[Callable[[str | Path | None], Splits], tuple[str, ...]]] = {
    "mnist": (_mnist, DIGIT_NAMES),
    "fashion_mnist": (_fashion_mnist, FASHION_NAMES),
    "cifar10": (_cifar10, CIFAR10_NAMES),
}
