"""The threshold for embeddings: how far they lie from the normal ones."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation.thresholds.base import Threshold, check_percentile, finite


class Mahalanobis(Threshold):
    """Flag embeddings that lie far from the normal ones, in the normal ones' own units.

    The score is sqrt((z - m)' P (z - m)) with the mean m and the inverse P of the covariance,
    shrunk so that it can be inverted when embeddings are many-dimensional and samples few (Ledoit
    and Wolf, 2004). `threshold_` is a percentile of the training distances: the chi-square law for
    the squared distance holds for Gaussian data, which embeddings are not, and flags far too many.

    Args:
        q: Percentile of the normal distances, above 0 and up to 100.

    Example:
        >>> normal = np.random.default_rng(0).normal(size=(1000, 2)) * [1, 10]
        >>> fitted = Mahalanobis(q=99).fit(normal)
        >>> fitted.alarms([[0, 20], [20, 0]]).tolist()  # 20 is far where the spread is 1
        [0, 1]
    """

    def __init__(self, q: float = 95.0):
        self.q = q

    def fit(self, x: ArrayLike) -> Self:
        """Learn `center_`, `precision_` and `threshold_` from normal embeddings `(n, d)`, n > 1.

        Raises:
            ValueError: Fewer than two embeddings, values that are not finite, a shape other than
                `(n, d)`, embeddings all equal, or q out of range.
        """
        from sklearn.covariance import LedoitWolf

        check_percentile(self.q)
        embeddings = _embeddings(x)
        if len(embeddings) < 2:
            raise InputError("1 embedding is too few to tell a spread, expected 2 or more")
        if np.ptp(embeddings, axis=0).max() == 0:
            raise InputError(
                f"all {len(embeddings)} embeddings are equal, expected some spread; "
                "the model collapsed or its inputs are one and the same"
            )
        covariance = LedoitWolf().fit(embeddings)
        self.center_ = covariance.location_
        self.precision_ = covariance.precision_
        self.threshold_ = float(np.percentile(self._distances(embeddings), self.q))
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the Mahalanobis distance of each embedding `(n, d)`, as `(n,)` float32."""
        self._check_fitted()
        embeddings = _embeddings(x)
        if embeddings.shape[1] != len(self.center_):
            raise InputError(
                f"embeddings have {embeddings.shape[1]} dimensions, "
                f"expected the {len(self.center_)} that were fitted"
            )
        return self._distances(embeddings)

    def _distances(self, embeddings: np.ndarray) -> np.ndarray:
        deviations = embeddings - self.center_
        squared = np.einsum("nd,nd->n", deviations @ self.precision_, deviations)
        return np.sqrt(np.maximum(squared, 0)).astype(np.float32)


def _embeddings(x: ArrayLike) -> np.ndarray:
    return finite(x, "embeddings", dimensions=2).astype(np.float64)
