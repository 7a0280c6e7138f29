"""One training step on JAX: a pure function of the state that Keras hands in.

The step itself is written with assignments, as on the other backends. A `keras.StatelessScope`
lends it the incoming state and collects what it assigned; nothing leaks out of the trace.
"""

import copy
import math

import jax
import keras
import numpy as np

from zoo.engine.jax import programs
from zoo.engine.jax import sharding as spread
from zoo.engine.steps import Steps

on_one_core = spread.on_one_core
GATHERED = 2**22  # numbers that cores are given at a time of data too large to give whole


class Trainer:
    """The two step methods Keras' JAX trainer calls, for a `zoo.models.base.AnomalyModel`."""

    def train_step(self, state, data):
        variables = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        return _with_state(variables, state, lambda: self.learn_batch(data))

    def test_step(self, state, data):
        variables = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.metrics_variables,
        )
        return _with_state(variables, state, lambda: self.check_batch(data))


def gradients(loss, variables, state):
    """Value of `loss()` and its gradients by `variables`.

    `loss` may assign to any variable of `state` (a moving center, batch statistics, a seed):
    the new values leave the differentiated function as its result and are assigned outside.
    """
    watched = {id(variable) for variable in variables}
    state = [variable for variable in state if id(variable) not in watched]

    def pure(values):
        lent = [*zip(variables, values, strict=True), *((v, v.value) for v in state)]
        with keras.StatelessScope(lent, initialize_variables=False) as scope:
            value, target, terms = loss()
        return target, (value, terms, [scope.get_current_value(v) for v in state])

    start = [variable.value for variable in variables]
    (_, (value, terms, moved)), taken = jax.value_and_grad(pure, has_aux=True)(start)
    _assign(state, moved)
    return value, taken, terms


def apply_gradients(optimizer, gradients, variables):
    """Let `optimizer` move `variables` along `gradients`.

    A loss-scaling optimizer branches on whether the gradients are finite, and a branch must not
    assign: its stateless form is taken, which wants all of its variables at once.
    """
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer.apply(gradients, variables)
        return
    moved, own = optimizer.stateless_apply(
        [v.value for v in optimizer.variables], gradients, [v.value for v in variables]
    )
    _assign(variables, moved)
    _assign(optimizer.variables, own)


def compiled(function, model):
    """`function` of an array, compiled; it may read the variables of `model`, and gives NumPy."""

    def pure(values, x):
        with keras.StatelessScope(
            list(zip(model.variables, values, strict=True)), initialize_variables=False
        ):
            return function(x)

    return programs.Compiled(programs.Programs(pure), model)


def compiled_gradient(function, model):
    """`function` of an array and others, `(n,)`, with its gradient by the first, compiled.

    What comes back takes NumPy and gives NumPy: the values, and the gradient of their sum.
    """

    @jax.jit
    def pure(weights, x, *others):
        def total(x):
            lent = list(zip(model.variables, weights, strict=True))
            with keras.StatelessScope(lent, initialize_variables=False):
                values = function(x, *others)
            return values.sum(), values

        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(x)
        return values, gradient

    def call(*arrays):
        values, gradient = pure([v.value for v in model.variables], *arrays)
        return np.asarray(values), np.asarray(gradient)

    return call


class Loop(Steps):
    """Steps as one program, compiled for each shape of data; on all cores where that pays."""

    def __init__(self, step, variables, model):
        super().__init__(step, variables, model)
        self.weights = model.trainable_variables
        self._compiled = jax.jit(self._steps, static_argnums=(0, 1))
        self._on_batches = jax.jit(self._steps_on_batches)

    def of(self, variables):
        """The same program on the `variables` of another model, which must be alike.

        The two may run at a time, in two threads, once one of them ran.
        """
        twin = copy.copy(self)
        twin.variables = variables
        return twin

    def place(self, array):
        return spread.Placed(super().place(array))

    def run(self, cut, data, order, start, end):
        state = [v.value for v in self.variables]
        shape = data[0].shape[1:] if cut.window is None else (cut.window, *data[0].shape[1:])
        steps = start, end
        if not spread.pays(self.weights, order.shape[1], shape):
            arrays = [each.here for each in data]
            state = self._compiled(cut, False, state, arrays, order.here, *steps)
        elif spread.has_room(data):
            arrays, state = [each.everywhere for each in data], spread.everywhere(state)
            state = self._compiled(cut, True, state, arrays, order.everywhere, *steps)
            state = spread.here(state)
        else:
            arrays = [np.asarray(each.here) for each in data]
            state = self._run_gathered(cut, state, arrays, np.asarray(order.here), *steps)
        _assign(self.variables, jax.block_until_ready(state))

    def _run_gathered(self, cut, state, data, order, start, end):
        """The same on all cores, each of which is given its part of some batches at a time.

        The next are gathered while these are learned from.
        """
        size = order.shape[1]
        steps = max(1, GATHERED // math.prod((size, cut.window or 1, *data[0].shape[1:])))
        state = spread.everywhere(state)
        for first in range(start, end, steps):
            rows = order[np.arange(first, first + steps).clip(max=end - 1)]
            found = cut.batch_by_numpy(data, rows.ravel())
            batches = spread.in_parts(each.reshape(steps, size, *each.shape[1:]) for each in found)
            # Two programs of several devices at a time could each wait for a core the other holds.
            jax.block_until_ready(state)
            state = self._on_batches(state, batches, min(steps, end - first))
        return spread.here(state)

    def _steps(self, cut, spreads, state, data, order, start, end):
        def body(index, state):
            return self.one(cut, state, data, order[index], spreads)

        return jax.lax.fori_loop(start, end, body, state)

    def _steps_on_batches(self, state, batches, count):
        def body(index, state):
            return self._one(state, tuple(each[index] for each in batches), True)

        return jax.lax.fori_loop(0, count, body, state)

    def one(self, cut, state, data, rows, spreads=False):
        """What one step on the samples `rows` makes of `state`, the values of `variables`."""
        return self._one(state, cut.batch(data, rows), spreads)

    def _one(self, state, batch, spreads):
        lent = list(zip(self.variables, state, strict=True))
        with keras.StatelessScope(lent, initialize_variables=False) as scope:
            self.step(spread.shared(batch) if spreads else batch)
        state = [scope.get_current_value(v) for v in self.variables]
        return spread.whole(state) if spreads else state


class Abreast:
    """Steps of models that are alike, each on data of its own, as one vectorised program.

    Args:
        loops: `Loop` of each model; the step of the first is taken for all.
        data: of each model what was placed, all of one shape.
    """

    def __init__(self, loops, data):
        self.loops = loops
        self.data = [
            jax.numpy.stack([each.here for each in arrays]) for arrays in zip(*data, strict=True)
        ]
        self._compiled = jax.jit(self._steps, static_argnums=0)

    @staticmethod
    def pays():
        """Whether it is faster than a thread for each core: where one program fills the device.

        On a CPU it is not. A batched matrix product runs no faster there than one after another,
        and what a step leaves no longer fits the cache.
        """
        return jax.default_backend() != "cpu"

    def run(self, calls):
        """Take the steps of `calls`: number of a model to its `zoo.training.epochs.Call`.

        The samples are cut alike and the orders of one shape. Models without a call, and those
        with fewer steps, stay as they are while the others move.
        """
        some = next(iter(calls.values()))
        numbers = range(len(self.loops))
        orders = [calls[i].order.here if i in calls else some.order.here for i in numbers]
        start = np.array([calls[i].start if i in calls else 0 for i in numbers])
        end = np.array([calls[i].end if i in calls else 0 for i in numbers])
        states = [[v.value for v in loop.variables] for loop in self.loops]
        states = self._compiled(some.cut, states, self.data, orders, start, end)
        states = jax.block_until_ready(states)
        for number in calls:
            _assign(self.loops[number].variables, states[number])

    def _steps(self, cut, states, data, orders, start, end):
        orders = jax.numpy.stack(orders)
        state = [jax.numpy.stack(values) for values in zip(*states, strict=True)]

        def body(index, state):
            moved = jax.vmap(lambda *one: self.loops[0].one(cut, *one))(
                state, data, orders[:, index]
            )
            moves = (start <= index) & (index < end)
            return [
                jax.numpy.where(moves.reshape(-1, *[1] * (new.ndim - 1)), new, old)
                for new, old in zip(moved, state, strict=True)
            ]

        state = jax.lax.fori_loop(start.min(), end.max(), body, state)
        return [[values[number] for values in state] for number in range(len(states))]


def seed(seed):
    """JAX keeps no generator of its own."""


def numbers_a_call():
    """Of the widest layer's output: on a CPU what fits its cache, elsewhere 64 MB."""
    return 2**18 if jax.default_backend() == "cpu" else 2**24


def _with_state(variables, state, step):
    """Run `step()` on the lent `state`; return its logs and the state it leaves."""
    lent = [
        pair
        for group, values in zip(variables, state, strict=True)
        for pair in zip(group, values, strict=True)
    ]
    with keras.StatelessScope(lent, initialize_variables=False) as scope:
        logs = step()
    return logs, tuple([scope.get_current_value(v) for v in group] for group in variables)


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
