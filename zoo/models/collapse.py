"""Collapse is an error: check after every fit that the model trained and tells inputs apart.

Deep one-class methods can map everything to one point and still report a falling loss.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


class CollapseWarning(UserWarning):
    """A fit ended with a model that cannot tell inputs apart, or that never trained."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Result of the checks after a fit.

    Attributes:
        loss_fell: whether the loss fell below that of the first epoch.
        weights_moved: whether any trainable weight changed.
        scores_distinct: whether distinct inputs get distinct scores.
        causes: likely causes of a collapse, each with the remedy.

    A check is None where there was nothing to check: a single epoch, or data that can be read once.
    """

    loss_fell: bool | None
    weights_moved: bool | None
    scores_distinct: bool | None
    causes: tuple[str, ...] = ()

    @property
    def collapsed(self) -> bool:
        """Whether any check failed."""
        return False in (self.loss_fell, self.weights_moved, self.scores_distinct)

    def __str__(self) -> str:
        found = {
            "the loss did not fall": self.loss_fell,
            "the weights did not move": self.weights_moved,
            "distinct inputs get the same score": self.scores_distinct,
        }
        failed = [sentence for sentence, passed in found.items() if passed is False]
        if not failed:
            return "no sign of collapse"
        return "; ".join([" and ".join(failed), *self.causes])


def loss_fell(losses: Sequence[float]) -> bool | None:
    """Return whether the loss of any later epoch is below that of the first.

    Args:
        losses: one per epoch. A NaN or an infinity counts as a loss that did not fall.

    Returns:
        None for fewer than two epochs.

    Example:
        >>> loss_fell([3.0, 2.0, 2.5]), loss_fell([3.0, float("nan")]), loss_fell([3.0])
        (True, False, None)
    """
    if not np.all(np.isfinite(losses)):
        return False
    if len(losses) < 2:
        return None
    return bool(min(losses[1:]) < losses[0])


def scores_distinct(
    scores: np.ndarray, before: np.ndarray | None = None, tolerance: float = 1e-4
) -> bool:
    """Return whether distinct inputs get distinct scores.

    Args:
        scores: `(n,)` scores of distinct inputs after training.
        before: `(n,)` scores of the same inputs before training, or None.
        tolerance: smallest spread (5th to 95th percentile) that counts as distinct, relative to
            the median absolute score; its square, relative to the spread before training.

    Example:
        >>> scores_distinct(np.ones(10)), scores_distinct(np.arange(10.0))
        (False, True)
    """
    if not np.all(np.isfinite(scores)):
        return False
    spread = _spread(scores)
    floor = tolerance * np.median(np.abs(scores))
    if before is not None and np.all(np.isfinite(before)):
        floor = max(floor, tolerance**2 * _spread(before))
    return bool(spread > floor)


class Examination:
    """Record of a model before a fit, to compare with the model after it.

    Args:
        model: a `zoo.models.base.AnomalyModel`.
        probes: `(n, ...)` inputs as NumPy, or None when the data can be read only once.
    """

    def __init__(self, model: Any, probes: np.ndarray | None) -> None:
        self.model = model
        self.probes = None if probes is None or len(probes) < 2 else with_anomalous(probes)
        self.weights = _weights(model)
        self.scores = self._score()

    def verdict(self, losses: Sequence[float], which: str = "") -> Verdict:
        """Return the verdict after training, and warn if the model collapsed.

        Args:
            losses: one per epoch.
            which: which of several models it is, appended to its name in the warning.
        """
        scores, weights = self._score(), _weights(self.model)
        found = Verdict(
            loss_fell=loss_fell(losses),
            weights_moved=_any_differ(self.weights, weights) if len(losses) else None,
            scores_distinct=None if scores is None else scores_distinct(scores, self.scores),
        )
        if found.collapsed:
            found = dataclasses.replace(found, causes=tuple(self.model.causes_of_collapse()))
            name = f"{type(self.model).__name__}{which}"
            warnings.warn(f"{name}: {found}", CollapseWarning, stacklevel=3)
        return found

    def _score(self) -> np.ndarray | None:
        return None if self.probes is None else self.model.predict(self.probes, verbose=0)


def with_anomalous(inputs: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the inputs and as many anomalous ones: their values, shuffled within each sample.

    A model that collapsed gives both halves one score. A model that fits its normal data perfectly
    still tells the halves apart.

    Args:
        inputs: `(n, ...)`.
        seed: of the shuffling.

    Returns:
        `(2 n, ...)`.
    """
    rng = np.random.default_rng(seed)
    flat = rng.permuted(inputs.reshape(len(inputs), -1), axis=1)
    return np.concatenate([inputs, flat.reshape(inputs.shape)])


def _weights(model: Any) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]


def _any_differ(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    return any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def _spread(scores: np.ndarray) -> float:
    low, high = np.percentile(scores, [5, 95])
    return float(high - low)
