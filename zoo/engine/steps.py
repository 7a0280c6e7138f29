"""Many training steps per call: the interface of each backend's `Loop`, and how long a call is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from keras import ops

from zoo.engine.windows import WindowIndex

CALL_MULTIPLICATIONS = 10**10  # of a call's forward passes: about a second on a CPU
MOST_STEPS = 4096  # per call: between two calls an interruption is heard


class Steps:
    """Steps on batches of data that lie on the device, as many per call as wanted.

    Args:
        step: function of a batch, a tuple of arrays, that assigns to `variables`.
        variables: all that `step` may assign to.
        model: whose step it is.
    """

    def __init__(self, step: Callable[[Any], Any], variables: Sequence[Any], model: Any):
        self.step = step
        self.variables = variables
        self.model = model

    def place(self, array: Any) -> Any:
        """Return `array` on the device."""
        return ops.convert_to_tensor(array)

    def run(self, index: WindowIndex, data: list[Any], order: Any, start: int, end: int) -> None:
        """Take the steps from `start` to before `end`, each on the samples of a row of `order`.

        Args:
            index: how samples are gathered from `data`.
            data: what was placed: samples, and labels and weights where there are any.
            order: `(steps, batch)` int32, placed.
            start: number of the first step.
            end: number of the step to end before.
        """
        raise NotImplementedError

    def steps_per_call(self, samples: int, shape: tuple[int, ...]) -> int:
        """Return how many steps on `samples` of `shape` are one call: those of about a second.

        A size decides and not a stopwatch, though the number of steps changes no result.
        """
        work = samples * multiplications(self.model.trainable_variables, shape)
        limit = CALL_MULTIPLICATIONS if self.on_cpu() else 1000 * CALL_MULTIPLICATIONS
        return max(1, min(MOST_STEPS, limit // max(1, work)))

    @staticmethod
    def on_cpu() -> bool:
        """Return whether this backend computes on a CPU."""
        raise NotImplementedError


def multiplications(variables: Iterable[Any], shape: tuple[int, ...]) -> int:
    """Return roughly how many multiplications the networks of `variables` take for one sample.

    A weight meets every row of a window once, a kernel every pixel.

    Args:
        variables: weights of the networks.
        shape: of a sample.

    Example:
        >>> import numpy as np
        >>> multiplications([np.zeros((8, 4)), np.zeros(4)], (10, 8))
        360
    """
    places = math.prod(shape[:-1])
    sizes = [(math.prod(v.shape), len(v.shape)) for v in variables]
    if len(shape) < 3:
        return places * sum(size for size, _ in sizes)
    return sum(size * (places if rank > 3 else 1) for size, rank in sizes)
