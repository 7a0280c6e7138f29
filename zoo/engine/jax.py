"""One training step on JAX: a pure function of the state that Keras hands in.

The step itself is written with assignments, as on the other backends. A `keras.StatelessScope`
lends it the incoming state and collects what it assigned; nothing leaks out of the trace.
"""

import jax
import keras
import numpy as np


class Trainer:
    """The two step methods Keras' JAX trainer calls, for a `zoo.detector.Detector`."""

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

    variables = model.variables

    @jax.jit
    def pure(values, x):
        with keras.StatelessScope(
            list(zip(variables, values, strict=True)), initialize_variables=False
        ):
            return function(x)

    return lambda x: np.asarray(pure([v.value for v in variables], x))


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


class Loop:
    """Steps on batches of data that lie on the device, as many a call as wanted, in one program.

    Args:
        step: function of a batch, an array or a tuple, that assigns to `variables`.
        variables: all that `step` may assign to.
        model: whose step it is.
    """

    def __init__(self, step, variables, model):
        self.step = step
        self.variables = variables
        self._compiled = jax.jit(self._steps, static_argnums=0)

    def place(self, array):
        """`array` on the device."""
        return jax.numpy.asarray(array)

    def run(self, cut, data, order, start, end):
        """Take the steps from `start` to before `end`, each on the samples of a row of `order`.

        Args:
            cut: `zoo.engine.samples.Cut` of the samples.
            data: what was placed: samples, or samples and labels.
            order: `(steps, batch)` int32, placed.
            start: number of the first step.
            end: number of the step to end before.
        """
        state = self._compiled(cut, [v.value for v in self.variables], data, order, start, end)
        _assign(self.variables, jax.block_until_ready(state))

    def _steps(self, cut, state, data, order, start, end):
        def body(index, state):
            rows = order[index]
            batch = (cut.take(data[0], rows), *(labels[rows] for labels in data[1:]))
            lent = list(zip(self.variables, state, strict=True))
            with keras.StatelessScope(lent, initialize_variables=False) as scope:
                self.step(batch)
            return [scope.get_current_value(v) for v in self.variables]

        return jax.lax.fori_loop(start, end, body, state)


def seed(seed):
    """JAX keeps no generator of its own."""


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
