"""A threshold that adapts in time: any other, refitted on the scores just seen."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone

from zoo.errors import InputError
from zoo.evaluation.thresholds.base import ScoreThreshold, finite_scores
from zoo.evaluation.thresholds.gaussian import Gaussian


class Rolling(BaseEstimator):
    """Flag scores above what the last `length` scores before them lead to expect.

    Follows scores that drift, and needs no labels. An anomaly that lasts becomes the new normal:
    after half of `length` with `MedianMAD`, sooner with the others.

    Args:
        threshold: What is refitted: a `Percentile`, `Gaussian`, `MedianMAD` or
            `PeaksOverThreshold`. It stays as it is; a copy learns.
        length: Scores it is fitted on.
        every: Steps from one refit to the next; between them the threshold stands still.

    Example:
        >>> from zoo.evaluation.thresholds import Percentile
        >>> rolling = Rolling(Percentile(100), length=2)
        >>> rolling.alarms([1, 2, 3, 1, 2], history=[5, 0]).tolist()
        [0, 1, 1, 0, 0]
    """

    def __init__(self, threshold: ScoreThreshold | Gaussian, length: int, every: int = 1):
        self.threshold = threshold
        self.length = length
        self.every = every

    def thresholds(self, scores: ArrayLike, history: ArrayLike | None = None) -> np.ndarray:
        """Return the threshold at each step, in the unit of the scores.

        No step sees its own score or a later one. In a stream, call it with the scores that came
        in, and with the last `length` before them as history; the first of each call refits.

        Args:
            scores: `(n,)`, in order of time.
            history: Scores just before them, such as those of training.

        Returns:
            `(n,)` float64. NaN, which flags nothing, where fewer than `length` scores came before.
            Where the last ones cannot be fitted, because they are all equal, say, the threshold
            stays as it was and a warning tells how often.

        Raises:
            ValueError: Scores that are not finite or not `(n,)`, `length` or `every` below 1, a
                threshold of another kind, or one that cannot be fitted on the first scores.
        """
        self._check_parameters()
        scores = finite_scores(scores)
        earlier = np.empty(0)
        if history is not None and np.size(history):
            earlier = finite_scores(history)
        known = np.concatenate([earlier, scores])
        start = max(self.length - len(earlier), 0)
        result = np.full(len(scores), np.nan)
        fitted, refused = clone(self.threshold), list[tuple[int, ValueError]]()
        for step in range(start, len(scores), self.every):
            end = len(earlier) + step
            try:
                limit = fitted.fit(known[end - self.length : end]).limit
            except ValueError as error:
                if step == start:
                    raise
                refused.append((step, error))
            result[step : step + self.every] = limit
        if refused:
            step, reason = refused[0]
            warnings.warn(
                f"the threshold stood still at {len(refused)} of its refits, first at step {step}: "
                f"{reason}",
                stacklevel=2,
            )
        return result

    def alarms(self, scores: ArrayLike, history: ArrayLike | None = None) -> np.ndarray:
        """Return 1 for each score above the threshold at its step, else 0, `(n,)`.

        Args and errors are those of `thresholds`.
        """
        return (finite_scores(scores) > self.thresholds(scores, history)).astype(int)

    def to_dict(self) -> dict[str, Any]:
        """Return kind and parameters, for JSON; `from_dict` reads it back."""
        return {
            "kind": "Rolling",
            "parameters": {
                "threshold": self.threshold.to_dict(),
                "length": self.length,
                "every": self.every,
            },
            "learned": {},
        }

    def _check_parameters(self) -> None:
        if not isinstance(self.threshold, ScoreThreshold | Gaussian):
            raise InputError(
                f"the threshold is {self.threshold!r}, expected one on scores: "
                "Percentile, Gaussian, MedianMAD or PeaksOverThreshold"
            )
        if self.length < 1 or self.every < 1:
            raise InputError(
                f"length is {self.length} and every {self.every}, expected 1 or more of each"
            )
