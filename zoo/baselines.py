"""Detectors that cost a second, which every deep one must be read against.

Each takes samples of any shape `(n, ...)`, flattens them to `(n, features)`, learns from normal
ones in `fit`, and gives scores `(n,)` float32, larger = stranger.
"""

from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import neighbors
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest


class Baseline(Protocol):
    """What `all_baselines` gives."""

    def fit(self, x: ArrayLike) -> Self:
        """Learn from normal samples and return self."""
        ...

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return how strange each sample is, `(n,)` float32."""
        ...


class PCAReconstruction:
    """Score by the mean squared residual that the main directions of normal data leave.

    Args:
        variance: Share of the normal data's variance that the kept directions explain.
    """

    def __init__(self, variance: float = 0.9):
        self.variance = variance

    def fit(self, x: ArrayLike) -> Self:
        """Learn the directions from normal samples.

        Raises:
            ValueError: Fewer than two samples, or samples that are all equal.
        """
        rows = _rows(x)
        if len(rows) < 2 or np.ptp(rows, axis=0).max() == 0:
            raise ValueError(f"{len(rows)} samples do not vary, expected 2 or more distinct ones")
        # Through the covariance it takes half the time, where that is the smaller matrix.
        solver = "covariance_eigh" if rows.shape[0] > rows.shape[1] else "full"
        self.pca_ = PCA(self.variance, svd_solver=solver).fit(rows)
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the mean squared residual of each sample, `(n,)` float32."""
        rows = _rows(x)
        restored = self.pca_.inverse_transform(self.pca_.transform(rows))
        return np.mean((rows - restored) ** 2, axis=1, dtype=np.float32)


class NearestNeighbors:
    """Score by the mean distance to the k nearest normal samples, in a few principal components.

    A sample that was fitted is its own neighbour at distance zero, so training scores read low.

    Args:
        k: Neighbours to average over; fewer where there are fewer samples.
        components: Principal components to measure in; fewer where the data has fewer.
    """

    def __init__(self, k: int = 5, components: int = 50):
        self.k = k
        self.components = components

    def fit(self, x: ArrayLike) -> Self:
        """Remember the normal samples."""
        rows = _rows(x)
        self.pca_ = PCA(min(self.components, *rows.shape), random_state=0)
        self.neighbors_ = neighbors.NearestNeighbors(n_neighbors=min(self.k, len(rows)))
        self.neighbors_.fit(self.pca_.fit_transform(rows))
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the mean distance to the nearest normal samples, `(n,)` float32."""
        distances, _ = self.neighbors_.kneighbors(self.pca_.transform(_rows(x)))
        return distances.mean(axis=1).astype(np.float32)


class IsolationForestBaseline:
    """Score by how few random cuts set a sample apart. Liu et al., ICDM 2008.

    Args:
        seed: Draws the trees; the same seed gives the same scores.
    """

    def __init__(self, seed: int = 0):
        self.seed = seed

    def fit(self, x: ArrayLike) -> Self:
        """Grow the trees on normal samples."""
        self.forest_ = IsolationForest(random_state=self.seed).fit(_rows(x))
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the anomaly score of the paper, between 0 and 1, `(n,)` float32."""
        return -self.forest_.score_samples(_rows(x)).astype(np.float32)


def all_baselines(seed: int = 0) -> dict[str, Baseline]:
    """Return the baselines of every results table, unfitted, by name.

    Example:
        >>> list(all_baselines(seed=0))
        ['pca', 'knn', 'isolation_forest']
    """
    return {
        "pca": PCAReconstruction(),
        "knn": NearestNeighbors(),
        "isolation_forest": IsolationForestBaseline(seed),
    }


def _rows(x: ArrayLike) -> np.ndarray:
    x = np.asarray(x, dtype=np.float32)
    return x.reshape(len(x), -1)
