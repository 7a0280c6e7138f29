"""A score becomes a decision: thresholds learned from normal data only.

Each has scikit-learn's manners: `__init__` only stores, `fit` learns what ends in `_`, `score`
gives a number per sample (larger = stranger), `predict` gives 1 where it exceeds `threshold_`.
"""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.covariance import LedoitWolf
from sklearn.exceptions import NotFittedError


class Threshold(ABC, BaseEstimator):
    """What all thresholds share: `predict` and the way into a JSON file."""

    threshold_: float

    @abstractmethod
    def fit(self, x: ArrayLike) -> Self:
        """Learn from normal samples and return self."""

    @abstractmethod
    def score(self, x: ArrayLike) -> np.ndarray:
        """Return how strange each sample is, `(n,)` float32."""

    def predict(self, x: ArrayLike) -> np.ndarray:
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


class Percentile(Threshold):
    """Flag scores above the q-th percentile of normal scores.

    About (100 - q) % of normal samples are flagged, whatever the scores' distribution.

    Args:
        q: Percentile of the normal scores, above 0 and up to 100.

    Example:
        >>> Percentile(q=95).fit(range(100)).predict([90, 99]).tolist()
        [0, 1]
    """

    def __init__(self, q: float = 95.0):
        self.q = q

    def fit(self, x: ArrayLike) -> Self:
        """Learn `threshold_` from normal scores `(n,)`.

        Raises:
            ValueError: No scores, scores that are not finite or not `(n,)`, or q out of range.
        """
        _check_percentile(self.q)
        self.threshold_ = float(np.percentile(_scores(x), self.q))
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the scores `(n,)` as they are, in float32."""
        return _scores(x).astype(np.float32)


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
            raise ValueError(f"false_alarm is {self.false_alarm}, expected between 0 and 1")
        scores = _scores(x)
        self.mean_ = float(scores.mean())
        self.deviation_ = float(scores.std())
        if self.deviation_ <= 1e-12 * abs(self.mean_):
            raise ValueError(
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
        return ((_scores(x) - self.mean_) / self.deviation_).astype(np.float32)


class Mahalanobis(Threshold):
    """Flag embeddings that lie far from the normal ones, in the normal ones' own units.

    The score is sqrt((z - m)' P (z - m)) with the mean m and the inverse P of the covariance,
    shrunk so that it can be inverted when embeddings are many-dimensional and samples few (Ledoit
    and Wolf, 2004). `threshold_` is a percentile of the training distances: the chi-square law for
    the squared distance holds for Gaussian data, which embeddings are not, and flags far too many.

    Args:
        q: Percentile of the normal distances, above 0 and up to 100.
    """

    def __init__(self, q: float = 95.0):
        self.q = q

    def fit(self, x: ArrayLike) -> Self:
        """Learn `center_`, `precision_` and `threshold_` from normal embeddings `(n, d)`, n > 1.

        Raises:
            ValueError: Fewer than two embeddings, values that are not finite, a shape other than
                `(n, d)`, embeddings all equal, or q out of range.
        """
        _check_percentile(self.q)
        embeddings = _embeddings(x)
        if len(embeddings) < 2:
            raise ValueError("1 embedding is too few to tell a spread, expected 2 or more")
        if np.ptp(embeddings, axis=0).max() == 0:
            raise ValueError(
                f"all {len(embeddings)} embeddings are equal, expected some spread; "
                "the model collapsed or its inputs are one and the same"
            )
        covariance = LedoitWolf().fit(embeddings)
        self.center_ = covariance.location_
        self.precision_ = covariance.precision_
        self.threshold_ = float(np.percentile(self._distances(embeddings), self.q))
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the Mahalanobis distance of each embedding `(n, d)`, as `(n,)` float32."""
        self._check_fitted()
        embeddings = _embeddings(x)
        if embeddings.shape[1] != len(self.center_):
            raise ValueError(
                f"embeddings have {embeddings.shape[1]} dimensions, "
                f"expected the {len(self.center_)} that were fitted"
            )
        return self._distances(embeddings)

    def _distances(self, embeddings: np.ndarray) -> np.ndarray:
        deviations = embeddings - self.center_
        squared = np.einsum("nd,nd->n", deviations @ self.precision_, deviations)
        return np.sqrt(np.maximum(squared, 0)).astype(np.float32)


def from_dict(saved: dict[str, Any]) -> Threshold:
    """Return the fitted threshold that `to_dict` described.

    Raises:
        ValueError: The kind is none of this module's.

    Example:
        >>> from_dict(Percentile(q=50).fit([1, 2, 3]).to_dict()).threshold_
        2.0
    """
    kinds = {kind.__name__: kind for kind in (Percentile, Gaussian, Mahalanobis)}
    if saved.get("kind") not in kinds:
        raise ValueError(
            f"a threshold of kind {saved.get('kind')!r} is unknown, expected one of "
            f"{', '.join(kinds)}"
        )
    threshold = kinds[saved["kind"]](**saved["parameters"])
    for name, value in saved["learned"].items():
        setattr(threshold, name, np.asarray(value) if isinstance(value, list) else value)
    return threshold


def _scores(x: ArrayLike) -> np.ndarray:
    """Return finite scores `(n,)` that are float32 in value and float64 in type.

    Rounding before the percentile is taken, and not after, keeps the largest training score from
    exceeding a threshold that is its own value.
    """
    return _finite(x, "scores", dimensions=1).astype(np.float32).astype(np.float64)


def _embeddings(x: ArrayLike) -> np.ndarray:
    return _finite(x, "embeddings", dimensions=2).astype(np.float64)


def _finite(x: ArrayLike, name: str, dimensions: int) -> np.ndarray:
    values = np.asarray(x)
    if values.ndim != dimensions or values.size == 0:
        expected = "(n,)" if dimensions == 1 else "(n, d)"
        raise ValueError(f"{name} have shape {values.shape}, expected {expected} and not empty")
    if unusable := int((~np.isfinite(values)).sum()):
        raise ValueError(
            f"{unusable} of {values.size} values of the {name} are NaN or infinite, "
            "expected finite numbers"
        )
    return values


def _check_percentile(q: float) -> None:
    if not 0 < q <= 100:
        raise ValueError(f"q is {q}, expected a percentile above 0 and up to 100")
