"""Collapse is an error: after every fit, did the model learn anything that tells inputs apart?

Deep one-class methods can map everything to one point and still report a falling loss.
"""

import dataclasses
import warnings

import keras
import numpy as np


class CollapseWarning(UserWarning):
    """A fit ended with a model that cannot tell inputs apart, or that never trained."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What was checked after a fit; None where there was nothing to check it on."""

    loss_fell: bool | None
    weights_moved: bool | None
    scores_distinct: bool | None
    causes: tuple[str, ...] = ()

    @property
    def collapsed(self):
        """True when any check failed."""
        return False in (self.loss_fell, self.weights_moved, self.scores_distinct)

    def __str__(self):
        found = {
            "the loss did not fall": self.loss_fell,
            "the weights did not move": self.weights_moved,
            "distinct inputs get the same score": self.scores_distinct,
        }
        failed = [sentence for sentence, passed in found.items() if passed is False]
        if not failed:
            return "no sign of collapse"
        return "; ".join([" and ".join(failed), *self.causes])


def loss_fell(losses):
    """Did the loss ever get below where it started? None for fewer than two epochs.

    Not a number anywhere counts as not fallen.

    Example:
        >>> loss_fell([3.0, 2.0, 2.5]), loss_fell([3.0, float("nan")]), loss_fell([3.0])
        (True, False, None)
    """
    if not np.all(np.isfinite(losses)):
        return False
    if len(losses) < 2:
        return None
    return bool(min(losses[1:]) < losses[0])


def scores_distinct(scores, before=None, tolerance=1e-4):
    """Do distinct inputs get distinct scores?

    Args:
        scores: `(n,)` scores of distinct inputs after training.
        before: `(n,)` scores of the same inputs before training, or None.
        tolerance: smallest spread (5th to 95th percentile) that counts, as a share of the
            scores' own size and, squared, of the spread before training.

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
    """Looks at a model before a fit, and says after it what became of it.

    Args:
        model: `zoo.models.base.AnomalyModel`.
        probes: `(n, ...)` inputs as NumPy, or None when the data cannot be looked at ahead.
    """

    def __init__(self, model, probes):
        self.model = model
        self.probes = None if probes is None or len(probes) < 2 else strange_and_normal(probes)
        self.weights = _weights(model)
        self.scores = self._score()

    def verdict(self, losses, which=""):
        """The `Verdict` after training with `losses`, one an epoch; warns when it is bad.

        Args:
            losses: one an epoch.
            which: which of several models it is, for the warning.
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

    def _score(self):
        return None if self.probes is None else self.model.predict(self.probes, verbose=0)


def strange_and_normal(inputs, seed=0):
    """`inputs` and as many strange ones: the same values, shuffled within each sample.

    A model that collapsed gives both halves one score; one that merely fits its normal data
    perfectly still tells the halves apart.
    """
    rng = np.random.default_rng(seed)
    flat = rng.permuted(inputs.reshape(len(inputs), -1), axis=1)
    return np.concatenate([inputs, flat.reshape(inputs.shape)])


def _weights(model):
    return [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]


def _any_differ(before, after):
    return any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def _spread(scores):
    low, high = np.percentile(scores, [5, 95])
    return high - low
