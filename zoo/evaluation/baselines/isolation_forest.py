"""Isolation forest: what a few random cuts set apart is anomalous. Liu et al., ICDM 2008."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from zoo.evaluation.baselines.base import as_rows


class IsolationForestBaseline:
    """Score by how few random cuts set a sample apart. Liu et al., ICDM 2008.

    Args:
        seed: Draws the trees; the same seed gives the same scores.
    """

    def __init__(self, seed: int = 0):
        self.seed = seed

    def fit(self, x: ArrayLike) -> Self:
        """Grow the trees on normal samples."""
        from sklearn.ensemble import IsolationForest

        self.forest_ = IsolationForest(random_state=self.seed).fit(as_rows(x))
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the anomaly score of the paper, between 0 and 1, `(n,)` float32."""
        return -self.forest_.score_samples(as_rows(x)).astype(np.float32)
