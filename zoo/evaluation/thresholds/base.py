"""The base of the thresholds: decisions, JSON, and the checks of what they take."""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from zoo.errors import InputError


class Threshold(ABC, BaseEstimator):
    """Learns from normal samples when to call one an anomaly."""

    threshold_: float

    @abstractmethod
    def fit(self, x: ArrayLike) -> Self:
        """Learn from normal samples and return self."""

    @abstractmethod
    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the anomaly score of each sample, `(n,)` float32."""

    def alarms(self, x: ArrayLike) -> np.ndarray:
        """Return 1 for each sample that scores above `threshold_`, else 0, `(n,)`."""
        self._check_fitted()
        return (self.score(x) > np.float64(self.threshold_)).astype(int)

    def to_dict(self) -> dict[str, Any]:
        """Return kind, parameters and what was learned, for JSON; `from_dict` reads it back."""
        learned = {name: value for name, value in vars(self).items() if name.endswith("_")}
        return {
            "kind": type(self).__name__,
            "parameters": self.get_params(),
            "learned": {name: np.asarray(value).tolist() for name, value in learned.items()},
        }

    def _check_fitted(self) -> None:
        if not hasattr(self, "threshold_"):
            raise NotFittedError(
                f"this {type(self).__name__} has learned nothing yet; call fit with normal data"
            )


class ScoreThreshold(Threshold):
    """A threshold that takes scores `(n,)` as they are: `threshold_` is in their own unit."""

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the scores `(n,)` as they are, in float32."""
        return finite_scores(x).astype(np.float32)

    @property
    def limit(self) -> float:
        """The highest score that is still normal, in the unit of the scores."""
        self._check_fitted()
        return self.threshold_


def finite_scores(x: ArrayLike) -> np.ndarray:
    """Return finite scores `(n,)` that are float32 in value and float64 in type.

    Rounding before the percentile is taken, and not after, keeps the largest training score from
    exceeding a threshold that is its own value.

    Raises:
        ValueError: No scores, scores that are not finite, or a shape other than `(n,)`.
    """
    return finite(x, "scores", dimensions=1).astype(np.float32).astype(np.float64)


def finite(x: ArrayLike, name: str, dimensions: int) -> np.ndarray:
    """Return an array of one or two dimensions that holds finite numbers only.

    Raises:
        ValueError: Says what is wrong with the values of that name.
    """
    values = np.asarray(x)
    if values.ndim != dimensions or values.size == 0:
        expected = "(n,)" if dimensions == 1 else "(n, d)"
        raise InputError(f"{name} have shape {values.shape}, expected {expected} and not empty")
    if unusable := int((~np.isfinite(values)).sum()):
        raise InputError(
            f"{unusable} of {values.size} values of the {name} are NaN or infinite, "
            "expected finite numbers"
        )
    return values


def check_percentile(q: float) -> None:
    """Raise unless q is a percentile that leaves something below it."""
    if not 0 < q <= 100:
        raise InputError(f"q is {q}, expected a percentile above 0 and up to 100")
