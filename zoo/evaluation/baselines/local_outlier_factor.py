"""Local outlier factor: sparse where its neighbours are dense. Breunig et al., SIGMOD 2000."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation.baselines.base import as_rows


class LocalOutlierFactorBaseline:
    """Score by how much sparser a sample's surroundings are than those of its neighbours.

    About 1 inside the normal data, whether dense or sparse there. Meant for samples that were not
    fitted: one that was is its own neighbour at distance zero, so training scores read low.

    Args:
        k: Neighbours to compare with; fewer where there are fewer samples.
    """

    def __init__(self, k: int = 20):
        self.k = k

    def fit(self, x: ArrayLike) -> Self:
        """Remember the normal samples and how dense each one's surroundings are.

        Raises:
            ValueError: Fewer than two samples, or samples that are not finite.
        """
        from sklearn.neighbors import LocalOutlierFactor

        rows = as_rows(x)
        if len(rows) < 2:
            raise InputError(f"{len(rows)} samples have no neighbours, expected 2 or more")
        self.factor_ = LocalOutlierFactor(min(self.k, len(rows) - 1), novelty=True).fit(rows)
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the local outlier factor of each sample, `(n,)` float32."""
        return -self.factor_.score_samples(as_rows(x)).astype(np.float32)
