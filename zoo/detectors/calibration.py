"""The threshold and the probability that follow from the scores of normal data."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy.stats import genpareto

from zoo.errors import InputError
from zoo.evaluation.thresholds import PeaksOverThreshold, Percentile

KEPT = 20_000  # scores; more are replaced by as many quantiles
TAIL = 0.9  # quantile of normal scores where their tail begins
ENOUGH = 100  # fewest scores to fit a tail to
ROUNDING = 1e-5  # relative difference of one sample's scores in batches of different sizes


class Calibration:
    """Scores of normal data, the threshold taken from them, and the share of normals above it.

    Attributes:
        scores: `(n,)` float64, sorted, of normal data that was held out if there was enough of it.
        limit: the highest score that is still normal.
        rule: how the limit was chosen, in words.
    """

    def __init__(self, scores: np.ndarray) -> None:
        scores = np.sort(np.asarray(scores, dtype=np.float32).astype(np.float64))
        if len(scores) > KEPT:
            scores = np.quantile(scores, np.linspace(0, 1, KEPT))
        self.scores = scores
        self.limit = float(scores[-1])
        self.rule = "the largest normal score"
        self._tail = _fit_tail(scores)

    def choose(
        self,
        contamination: float | str,
        false_alarm_rate: float,
        training: np.ndarray | None = None,
    ) -> None:
        """Set the limit.

        Args:
            contamination: share of the training data that is anomalous, below ½: the limit is
                that percentile of all training scores; 0: the largest normal score; `"auto"`: the
                score that normal data exceed with a probability of `false_alarm_rate`, by extreme
                value theory where 100 normal scores are known, else the largest of them.
            false_alarm_rate: between 0 and 1.
            training: `(n,)` scores of all training data; only a contamination above 0 needs it.

        Raises:
            ValueError: a share out of range.
        """
        if isinstance(contamination, str):  # "auto"
            self._choose_by_rate(false_alarm_rate)
        elif contamination == 0:
            self.limit, self.rule = self._largest(), "the largest normal score"
        elif training is None:
            raise InputError(
                "contamination needs the scores of all training data, which a loaded detector "
                "does not have; give false_alarm_rate or limit"
            )
        else:
            self.limit = Percentile(100 * (1 - contamination)).fit(training).limit
            self.rule = f"flags {contamination:.2%} of the training data"

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Return the share of normal data that scores lower, `(n,)` in (0, 1).

        Above the largest normal score it follows from their tail.
        """
        scores = np.asarray(scores, dtype=np.float64)
        count = len(self.scores)
        lower = np.searchsorted(self.scores, scores, side="left")
        exceeded = (count - lower + 1) / (count + 2)
        if self._tail is not None:
            start, share, shape, scale = self._tail
            beyond = scores > start
            excess = genpareto.sf(scores[beyond] - start, shape, scale=scale)
            exceeded[beyond] = share * excess
        return 1 - np.clip(exceeded, 1e-12, 1 - 1e-12)

    def to_dict(self) -> dict[str, Any]:
        """Return limit, rule and scores, for JSON."""
        return {"limit": self.limit, "rule": self.rule, "scores": self.scores.tolist()}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Self:
        """Return the calibration that `to_dict` described.

        Raises:
            ValueError: no finite scores, or no finite limit.
        """
        scores = np.asarray(saved["scores"], dtype=np.float64)
        if scores.ndim != 1 or not scores.size or not np.isfinite(scores).all():
            raise InputError("the normal scores are not a list of finite numbers")
        if not np.isfinite(saved["limit"]):
            raise InputError("the threshold is not a finite number")
        made = cls(scores)
        made.scores, made._tail = scores, _fit_tail(scores)
        made.limit, made.rule = float(saved["limit"]), str(saved["rule"])
        return made

    def _largest(self) -> float:
        """Return the largest normal score, plus what rounding may add to it in another batch."""
        return float(self.scores[-1] + ROUNDING * abs(self.scores[-1]))

    def _choose_by_rate(self, rate: float) -> None:
        if self._tail is not None and rate < 1 - TAIL:
            start, share, shape, scale = self._tail
            self.limit = float(start + genpareto.isf(min(rate / share, 1), shape, scale=scale))
            self.rule = f"normal data exceed it with probability {rate:g}, by their tail"
        elif self._tail is not None:
            self.limit = float(np.quantile(self.scores, 1 - rate))
            self.rule = f"normal data exceed it with probability {rate:g}"
        else:
            self.limit = self._largest()
            self.rule = f"the largest of {len(self.scores)} normal scores, too few for a tail"


def _fit_tail(scores: np.ndarray) -> tuple[float, float, float, float] | None:
    """Return start, share, shape and scale of the tail; None for too few distinct scores."""
    above = scores[scores > np.quantile(scores, TAIL)]
    if len(scores) < ENOUGH or len(above) < 10 or np.ptp(above) <= 1e-6 * abs(above[-1]):
        return None
    fitted = PeaksOverThreshold(0.5 * (1 - TAIL), level=TAIL).fit(scores)
    return fitted.tail_start_, fitted.tail_share_, fitted.shape_, fitted.scale_
