"""One training step on JAX: a pure function of the state that Keras hands in.

The step itself is written with assignments, as on the other backends. A `keras.StatelessScope`
lends it the incoming state and collects what it assigned; nothing leaks out of the trace.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import keras
import numpy as np

Variables = Sequence[keras.Variable]


class Trainer:
    """The two step methods that Keras' JAX trainer calls, for a `zoo.models.base.AnomalyModel`."""

    def train_step(self: Any, state: Any, data: Any) -> tuple[Any, Any]:
        own = (self.trainable_variables, self.non_trainable_variables)
        groups = (*own, self.optimizer.variables, self.metrics_variables)
        return _with_state(groups, state, lambda: self.learn_batch(data))

    def test_step(self: Any, state: Any, data: Any) -> tuple[Any, Any]:
        groups = (self.trainable_variables, self.non_trainable_variables, self.metrics_variables)
        return _with_state(groups, state, lambda: self.check_batch(data))


def gradients(loss: Callable[[], Any], variables: Variables, state: Variables) -> Any:
    """Return the value of `loss()`, its gradients by `variables`, and its terms.

    Args:
        loss: returns `(value, scaled value to differentiate, dict of terms)`. It may assign to any
            variable of `state` (a moving center, batch statistics, a seed): the new values leave
            the differentiated function as its result and are assigned outside.
        variables: what to differentiate by.
        state: all that `loss` may read or assign to.
    """
    watched = {id(variable) for variable in variables}
    state = [variable for variable in state if id(variable) not in watched]

    def pure(values: Any) -> Any:
        lent = [*zip(variables, values, strict=True), *((v, v.value) for v in state)]
        with keras.StatelessScope(lent, initialize_variables=False) as scope:
            value, target, terms = loss()
        return target, (value, terms, [scope.get_current_value(v) for v in state])

    start = [variable.value for variable in variables]
    (_, (value, terms, moved)), found = jax.value_and_grad(pure, has_aux=True)(start)
    assign(state, moved)
    return value, found, terms


def apply_gradients(optimizer: Any, gradients: Any, variables: Variables) -> None:
    """Move `variables` along `gradients` by `optimizer`.

    A loss-scaling optimizer branches on whether the gradients are finite, and a JAX branch must
    not assign: its stateless form is taken, which wants all of its variables at once.
    """
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer.apply(gradients, variables)
        return
    moved, own = optimizer.stateless_apply(
        [v.value for v in optimizer.variables], gradients, [v.value for v in variables]
    )
    assign(variables, moved)
    assign(optimizer.variables, own)


def compute(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Return `function(x)`; NumPy in and out."""
    return np.asarray(function(jax.numpy.asarray(x)))


def input_gradient(function: Callable[..., Any], x: Any, *others: Any) -> tuple[Any, Any]:
    """Return `function(x, *others)`, `(n,)`, and the gradient of its sum by `x`; JAX arrays."""

    def total(x: Any) -> tuple[Any, Any]:
        values = function(x, *others)
        return values.sum(), values

    (_, values), gradient = jax.value_and_grad(total, has_aux=True)(jax.numpy.asarray(x))
    return values, gradient


def assign(variables: Variables, values: Any) -> None:
    """Assign to each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _with_state(variables: Any, state: Any, step: Callable[[], Any]) -> tuple[Any, Any]:
    """Run `step()` on the lent `state`; return its logs and the state it leaves."""
    groups = zip(variables, state, strict=True)
    lent = [pair for group, values in groups for pair in zip(group, values, strict=True)]
    with keras.StatelessScope(lent, initialize_variables=False) as scope:
        logs = step()
    return logs, tuple([scope.get_current_value(v) for v in group] for group in variables)
