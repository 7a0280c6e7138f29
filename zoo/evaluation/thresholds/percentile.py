"""The threshold that assumes nothing about the scores: a percentile of normal ones."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from zoo.evaluation.thresholds.base import ScoreThreshold, check_percentile, finite_scores


class Percentile(ScoreThreshold):
    """Flag scores above the q-th percentile of normal scores.

    About (100 - q) % of normal samples are flagged, whatever the scores' distribution.

    Args:
        q: Percentile of the normal scores, above 0 and up to 100.

    Example:
        >>> Percentile(q=95).fit(range(100)).alarms([90, 99]).tolist()
        [0, 1]
    """

    def __init__(self, q: float = 95.0):
        self.q = q

    def fit(self, x: ArrayLike) -> Self:
        """Learn `threshold_` from normal scores `(n,)`.

        Raises:
            ValueError: No scores, scores that are not finite or not `(n,)`, or q out of range.
        """
        check_percentile(self.q)
        self.threshold_ = float(np.percentile(finite_scores(x), self.q))
        return self
