"""Contrast normalisation of images. (Series take scikit-learn's own scalers.)"""

from typing import Self

import numpy as np

from zoo.errors import InputError

CONSTANT = 1e-6  # contrast, relative to the mean, below which an image counts as constant


class ContrastNormalizer:
    """Bring images to equal contrast, then into the training set's range [0, 1].

    Per sample, subtract its mean μ and divide by its mean absolute deviation (global contrast
    normalisation with the L1 norm), then map the *training set's* smallest and largest value to 0
    and 1:

        g = (x - μ) / mean|x - μ|          y = (g - min g_train) / (max g_train - min g_train)

    Values of other images may leave [0, 1]. A constant image has no contrast: its g is 0.

    Where brightness itself tells normal from anomalous, contrast must stay: with `equalize=False`
    g is x, and only the range is mapped.

    Args:
        equalize: Whether to bring each image to equal contrast first.

    Attributes:
        minimum_: Smallest g of the training set, known after `fit`.
        maximum_: Largest g of the training set.

    Example:
        >>> import numpy as np
        >>> ContrastNormalizer().fit_transform(np.array([[0, 0, 4, 4], [10, 10, 10, 10]])).tolist()
        [[0.0, 0.0, 1.0, 1.0], [0.5, 0.5, 0.5, 0.5]]

    Reference: the preprocessing of Ruff et al., "Deep One-Class Classification", ICML 2018.
    """

    minimum_: float
    maximum_: float

    def __init__(self, equalize: bool = True):
        self.equalize = equalize

    def fit(self, x: np.ndarray) -> Self:
        """Learn the range of the training set.

        Args:
            x: Training images `(n, ...)`; every axis but the first belongs to a sample.

        Returns:
            The normalizer itself.

        Raises:
            InputError: Nothing to learn from: no samples, NaN or infinity, only constant images.
        """
        self._learn_range(self._contrast(x))
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Normalise images by their own contrast and the training set's range.

        Args:
            x: Images `(n, ...)`, of any number type.

        Returns:
            float32 array of the same shape.

        Raises:
            InputError: Not fitted yet, NaN or infinity.
        """
        if not hasattr(self, "minimum_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError("this ContrastNormalizer is not fitted; call fit first")
        return self._to_range(self._contrast(x))

    def fit_transform(self, x: np.ndarray) -> np.ndarray:
        """Fit and transform the training images at half the cost of the two calls.

        Args:
            x: Training images `(n, ...)`.

        Returns:
            float32 array of the same shape, within [0, 1].

        Raises:
            InputError: As `fit`.
        """
        contrast = self._contrast(x)
        self._learn_range(contrast)
        return self._to_range(contrast)

    def to_dict(self) -> dict[str, float | bool]:
        """Return what was learned, ready for JSON."""
        return {
            "equalize": self.equalize,
            "minimum": self.minimum_,
            "maximum": self.maximum_,
        }

    @classmethod
    def from_dict(cls, learned: dict[str, float | bool]) -> Self:
        """Make a fitted normalizer from what `to_dict` returned.

        Args:
            learned: `equalize`, `minimum` and `maximum`.

        Returns:
            A normalizer that transforms as the original did.
        """
        normalizer = cls(bool(learned["equalize"]))
        normalizer.minimum_ = float(learned["minimum"])
        normalizer.maximum_ = float(learned["maximum"])
        return normalizer

    def _contrast(self, x: np.ndarray) -> np.ndarray:
        """Return g of each image, in a new float32 array."""
        return _equalize_contrast(x) if self.equalize else _finite(x).astype(np.float32)

    def _learn_range(self, contrast: np.ndarray) -> None:
        if len(contrast) == 0:
            raise InputError("there are 0 training images; expected at least one")
        self.minimum_, self.maximum_ = float(contrast.min()), float(contrast.max())
        if self.maximum_ - self.minimum_ < CONSTANT:
            raise InputError(
                f"all {len(contrast)} training images are constant, so that there is no contrast "
                "to learn from; check how they were read"
            )

    def _to_range(self, contrast: np.ndarray) -> np.ndarray:
        contrast -= np.float32(self.minimum_)
        contrast /= np.float32(self.maximum_ - self.minimum_)
        return contrast


def _finite(x: np.ndarray) -> np.ndarray:
    """Return the images, if they are images and hold neither NaN nor infinity."""
    x = np.asarray(x)
    if x.ndim < 2:
        raise InputError(f"images have shape {x.shape}, expected (n, height, width, channels)")
    sums = x.sum(axis=tuple(range(1, x.ndim)), dtype=np.float64)
    if not np.isfinite(sums).all():
        bad = np.flatnonzero(~np.isfinite(sums))
        raise InputError(
            f"{len(bad)} images hold NaN or infinity, the first at position {bad[0]}; remove them"
        )
    return x


def _equalize_contrast(x: np.ndarray) -> np.ndarray:
    """Return a new float32 array of the shape of x: each sample with mean 0, mean absolute 1."""
    x = _finite(x)
    sample = tuple(range(1, x.ndim))
    mean = x.mean(axis=sample, keepdims=True, dtype=np.float64)
    centered = x.astype(np.float32) - mean.astype(np.float32)
    deviation = np.abs(centered).mean(axis=sample, keepdims=True, dtype=np.float64)
    constant = deviation <= CONSTANT * np.abs(mean)
    centered *= ~constant
    centered /= np.where(constant, 1, deviation).astype(np.float32)
    return centered
