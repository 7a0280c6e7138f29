"""Nearest neighbours: what lies far from every normal sample is anomalous."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from zoo.evaluation.baselines.base import as_rows


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
        from sklearn import neighbors
        from sklearn.decomposition import PCA

        rows = as_rows(x)
        self.pca_ = PCA(min(self.components, *rows.shape), random_state=0)
        self.neighbors_ = neighbors.NearestNeighbors(n_neighbors=min(self.k, len(rows)))
        self.neighbors_.fit(self.pca_.fit_transform(rows))
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the mean distance to the nearest normal samples, `(n,)` float32."""
        distances, _ = self.neighbors_.kneighbors(self.pca_.transform(as_rows(x)))
        return distances.mean(axis=1).astype(np.float32)
