"""The threshold for a stated false-alarm rate, however small: extreme value theory.

Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017.
"""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import genpareto

from zoo.errors import InputError
from zoo.evaluation.thresholds.base import ScoreThreshold, finite_scores

MIN_PEAKS = 10


class PeaksOverThreshold(ScoreThreshold):
    """Flag scores that normal samples exceed with a probability of `false_alarm_rate`.

    The excesses of normal scores above a high quantile follow a generalised Pareto distribution,
    whatever the scores' own distribution. It is fitted by maximum likelihood, and reaches beyond
    the largest score seen. With 400 scores above the quantile, the true rate is the stated one give
    or take 40 %; with a dozen, anything between a third and three times as much.

    Args:
        false_alarm_rate: Share of normal samples to flag, q in the paper; below 1 - `level`.
        level: Quantile, between 0 and 1, where the tail begins. At least 10 scores must lie above
            it: the default needs 500 scores.

    Example:
        >>> scores = np.random.default_rng(0).exponential(size=5000)
        >>> tail = PeaksOverThreshold(false_alarm_rate=1e-3).fit(scores)
        >>> bool(abs(tail.threshold_ - np.log(1000)) < 0.5)  # exp(-x) = 1/1000
        True
    """

    def __init__(self, false_alarm_rate: float = 1e-3, level: float = 0.98):
        self.false_alarm_rate = false_alarm_rate
        self.level = level

    def fit(self, x: ArrayLike) -> Self:
        """Learn the tail, and from it `threshold_`, from normal scores `(n,)`.

        What is learned of the tail: `tail_start_`, the quantile; `tail_share_`, the share of scores
        above it; `shape_` and `scale_` of the Pareto distribution.

        Raises:
            ValueError: No scores, scores that are not finite or not `(n,)`, fewer than 10 of them
                above the quantile, excesses all equal, or parameters out of range.
        """
        if not 0 < self.level < 1:
            raise InputError(f"level is {self.level}, expected a quantile between 0 and 1")
        if not 0 < self.false_alarm_rate < 1 - self.level:
            raise InputError(
                f"false_alarm_rate is {self.false_alarm_rate}, expected above 0 and below "
                f"1 - level = {1 - self.level:g}; give a smaller rate or a lower level"
            )
        scores = finite_scores(x)
        self.tail_start_ = float(np.quantile(scores, self.level))
        excesses = scores[scores > self.tail_start_] - self.tail_start_
        self._check_tail(excesses, len(scores))
        self.tail_share_ = len(excesses) / len(scores)
        self.shape_, self.scale_ = _fit_pareto(excesses)
        # Ties at the quantile may leave fewer scores above it than are to be flagged.
        share = min(self.false_alarm_rate / self.tail_share_, 1.0)
        self.threshold_ = self.tail_start_ + float(
            genpareto.isf(share, self.shape_, scale=self.scale_)
        )
        return self

    def _check_tail(self, excesses: np.ndarray, scores: int) -> None:
        if len(excesses) < MIN_PEAKS:
            raise InputError(
                f"{len(excesses)} of {scores} scores lie above their {self.level:g} quantile, "
                f"expected {MIN_PEAKS} or more to tell the tail's shape; give "
                f"{np.ceil(MIN_PEAKS / (1 - self.level)):.0f} scores or more, or a lower level"
            )
        if np.ptp(excesses) <= 1e-6 * excesses.max():
            raise InputError(
                f"the {len(excesses)} scores above the {self.level:g} quantile are all equal, "
                "expected some spread; take Percentile, or look whether scores are cut off"
            )


def _fit_pareto(excesses: np.ndarray) -> tuple[float, float]:
    """Return shape and scale of the generalised Pareto distribution."""
    # The search for the likeliest has absolute tolerances: excesses near 1 suit it.
    unit = excesses.mean()
    squared_ratio = 1 / (excesses / unit).var()
    shape, _, scale = genpareto.fit(
        excesses / unit, (1 - squared_ratio) / 2, floc=0, scale=(1 + squared_ratio) / 2
    )
    return float(shape), float(scale * unit)
