"""PCA reconstruction: what the main directions of normal data cannot explain is anomalous."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation.baselines.base import as_rows, require_variation


class PCAReconstruction:
    """Score by the mean squared residual that the main directions of normal data leave.

    Args:
        variance: Share of the normal data's variance that the kept directions explain.
        components: Number of directions to keep; replaces `variance`.
    """

    def __init__(self, variance: float = 0.9, components: int | None = None):
        self.variance = variance
        self.components = components

    def fit(self, x: ArrayLike) -> Self:
        """Learn the directions from normal samples.

        Raises:
            ValueError: Fewer than two samples, samples that are all equal or not finite, or more
                components than samples or features.
        """
        from sklearn.decomposition import PCA

        rows = as_rows(x)
        require_variation(rows)
        if self.components is not None and not 1 <= self.components <= min(rows.shape):
            raise InputError(
                f"components is {self.components}, expected 1 to {min(rows.shape)} with "
                f"{rows.shape[0]} samples of {rows.shape[1]} features"
            )
        kept = self.variance if self.components is None else self.components
        # Through the covariance it takes half the time, where that is the smaller matrix.
        solver = "covariance_eigh" if rows.shape[0] > rows.shape[1] else "full"
        # A covariance in float32 loses the small directions, and with them small anomalies.
        self.pca_ = PCA(kept, svd_solver=solver).fit(rows.astype(np.float64))
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the mean squared residual of each sample, `(n,)` float32."""
        errors = self.errors(x)
        return errors.reshape(len(errors), -1).mean(axis=1, dtype=np.float32)

    def errors(self, x: ArrayLike) -> np.ndarray:
        """Return the squared residual of every number, `x`'s shape, float64."""
        rows = as_rows(x)
        restored = self.pca_.inverse_transform(self.pca_.transform(rows))
        return ((rows - restored) ** 2).reshape(np.shape(x))
