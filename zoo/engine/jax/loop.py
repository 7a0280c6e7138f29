"""Many training steps per call on JAX: one program, compiled for each shape of data."""

from __future__ import annotations

import copy
import math
from typing import Any

import jax
import numpy as np

from zoo.engine.jax import sharding
from zoo.engine.jax.programs import Program, gradient_program, lend
from zoo.engine.jax.reference import assign
from zoo.engine.steps import Steps
from zoo.engine.windows import WindowIndex

__all__ = ["Loop", "Program", "VectorizedLoop", "gradient_program", "numbers_per_call", "seed"]

on_one_core = sharding.on_one_core
GATHERED = 2**22  # elements copied to the devices per chunk when the data set does not fit


class Loop(Steps):
    """Steps as one program; sharded over the cores where that is worth it."""

    def __init__(self, step, variables, model):
        super().__init__(step, variables, model)
        self.weights = model.trainable_variables
        self._compiled = jax.jit(self._steps, static_argnums=(0, 1))
        self._on_batches = jax.jit(self._steps_on_batches)

    def of(self, variables) -> Loop:
        """Return the same program on the `variables` of another model, which must be alike.

        The two may run at a time, in two threads, once one of them ran.
        """
        twin = copy.copy(self)
        twin.variables = variables
        return twin

    def place(self, array):
        return sharding.Placed(super().place(array))

    @staticmethod
    def on_cpu() -> bool:
        return jax.default_backend() == "cpu"

    def run(self, index, data, order, start, end):
        state = [v.value for v in self.variables]
        shape = data[0].shape[1:] if index.window is None else (index.window, *data[0].shape[1:])
        steps = start, end
        if not sharding.worth_sharding(self.weights, order.shape[1], shape):
            arrays = [each.here for each in data]
            state = self._compiled(index, False, state, arrays, order.here, *steps)
        elif sharding.has_room(data):
            arrays, state = [each.everywhere for each in data], sharding.everywhere(state)
            state = self._compiled(index, True, state, arrays, order.everywhere, *steps)
            state = sharding.here(state)
        else:
            arrays = [np.asarray(each.here) for each in data]
            state = self._run_gathered(index, state, arrays, np.asarray(order.here), *steps)
        assign(self.variables, jax.block_until_ready(state))

    def _run_gathered(self, index, state, data, order, start, end):
        """Take the steps on all cores, each of which is given its shard of some batches at a time.

        The next batches are gathered while the program runs on these.
        """
        size = order.shape[1]
        steps = max(1, GATHERED // math.prod((size, index.window or 1, *data[0].shape[1:])))
        state = sharding.everywhere(state)
        for first in range(start, end, steps):
            rows = order[np.arange(first, first + steps).clip(max=end - 1)]
            found = index.batch_by_numpy(data, rows.ravel())
            batches = sharding.in_parts(
                each.reshape(steps, size, *each.shape[1:]) for each in found
            )
            # Two programs of several devices at a time could each wait for a core the other holds.
            jax.block_until_ready(state)
            state = self._on_batches(state, batches, min(steps, end - first))
        return sharding.here(state)

    def _steps(self, index, sharded, state, data, order, start, end):
        def body(number, state):
            return self.one(index, state, data, order[number], sharded)

        return jax.lax.fori_loop(start, end, body, state)

    def _steps_on_batches(self, state, batches, count):
        def body(number, state):
            return self._one(state, tuple(each[number] for each in batches), True)

        return jax.lax.fori_loop(0, count, body, state)

    def one(self, index: WindowIndex, state, data, rows, sharded=False):
        """Return the values of `variables` after one step from `state` on the samples `rows`."""
        return self._one(state, index.batch(data, rows), sharded)

    def _one(self, state, batch, sharded):
        with lend(self.variables, state) as scope:
            self.step(sharding.shared(batch) if sharded else batch)
        state = [scope.get_current_value(v) for v in self.variables]
        return sharding.whole(state) if sharded else state


class VectorizedLoop:
    """Steps of models that are alike, each on data of its own, as one vectorized program.

    Args:
        loops: `Loop` of each model; the step of the first is taken for all.
        data: of each model what was placed, all of one shape.
    """

    def __init__(self, loops: list[Loop], data: list[Any]):
        self.loops = loops
        self.data = [
            jax.numpy.stack([each.here for each in arrays]) for arrays in zip(*data, strict=True)
        ]
        self._compiled = jax.jit(self._steps, static_argnums=0)

    @staticmethod
    def worthwhile() -> bool:
        """Return whether it is faster than a thread per core: where one program fills the device.

        On a CPU it is not: a batched matrix product runs no faster there than its parts one after
        another, and what a step leaves no longer fits the cache.
        """
        return jax.default_backend() != "cpu"

    def run(self, calls: dict[int, Any]) -> None:
        """Take the steps of `calls`: number of a model to its `zoo.training.epochs.Call`.

        The samples have one `WindowIndex` and the orders one shape. Models without a call, and
        those with fewer steps, stay as they are while the others move.
        """
        some = next(iter(calls.values()))
        numbers = range(len(self.loops))
        orders = [calls[i].order.here if i in calls else some.order.here for i in numbers]
        start = np.array([calls[i].start if i in calls else 0 for i in numbers])
        end = np.array([calls[i].end if i in calls else 0 for i in numbers])
        states = [[v.value for v in loop.variables] for loop in self.loops]
        states = self._compiled(some.index, states, self.data, orders, start, end)
        states = jax.block_until_ready(states)
        for number in calls:
            assign(self.loops[number].variables, states[number])

    def _steps(self, index, states, data, orders, start, end):
        orders = jax.numpy.stack(orders)
        state = [jax.numpy.stack(values) for values in zip(*states, strict=True)]

        def body(number, state):
            moved = jax.vmap(lambda *one: self.loops[0].one(index, *one))(
                state, data, orders[:, number]
            )
            moves = (start <= number) & (number < end)
            return [
                jax.numpy.where(moves.reshape(-1, *[1] * (new.ndim - 1)), new, old)
                for new, old in zip(moved, state, strict=True)
            ]

        state = jax.lax.fori_loop(start.min(), end.max(), body, state)
        return [[values[number] for values in state] for number in range(len(states))]


def seed(seed: int) -> None:
    """Do nothing: JAX keeps no generator of its own."""


def numbers_per_call() -> int:
    """Return the elements of the widest layer's output: a CPU's cache, or 64 MB elsewhere."""
    return 2**18 if Loop.on_cpu() else 2**24
