"""The threshold for scores that are about Gaussian: standard deviations above their mean."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from zoo.errors import InputError
from zoo.evaluation.thresholds.base import Threshold, finite_scores


class Gaussian(Threshold):
    """Flag scores that lie too many standard deviations above the mean of normal scores.

    Fits few samples better than a percentile, if the scores are roughly Gaussian; scores that are
    squared distances are not, and their logarithm often is.

    Args:
        sigmas: Standard deviations above the mean; 3 flags 0.13 % of Gaussian scores.
        false_alarm: Share of normal samples to flag, between 0 and 1; replaces `sigmas`.

    Example:
        >>> Gaussian(sigmas=2).fit([1.0, 3.0]).score([4.0]).tolist()  # mean 2, deviation 1
        [2.0]
    """

    def __init__(self, sigmas: float = 3.0, false_alarm: float | None = None):
        self.sigmas = sigmas
        self.false_alarm = false_alarm

    def fit(self, x: ArrayLike) -> Self:
        """Learn `mean_`, `deviation_` and `threshold_`, a z-value, from normal scores `(n,)`.

        Raises:
            ValueError: No scores, scores that are not finite, not `(n,)` or all equal, or a
                `false_alarm` out of range.
        """
        if self.false_alarm is not None and not 0 < self.false_alarm < 1:
            raise InputError(f"false_alarm is {self.false_alarm}, expected between 0 and 1")
        scores = finite_scores(x)
        self.mean_ = float(scores.mean())
        self.deviation_ = float(scores.std())
        if self.deviation_ <= 1e-12 * abs(self.mean_):
            raise InputError(
                f"all {len(scores)} scores are equal, expected some spread; the model collapsed or "
                "its inputs are one and the same"
            )
        self.threshold_ = float(
            self.sigmas if self.false_alarm is None else norm.isf(self.false_alarm)
        )
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the z-value of each score, `(n,)` float32."""
        self._check_fitted()
        return ((finite_scores(x) - self.mean_) / self.deviation_).astype(np.float32)

    @property
    def limit(self) -> float:
        """The highest score that is still normal, in the unit of the scores."""
        self._check_fitted()
        return self.mean_ + self.threshold_ * self.deviation_
