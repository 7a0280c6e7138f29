"""One training step on TensorFlow: Keras calls it as it is, a tape takes the gradients."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Variables = Sequence[keras.Variable]


class Trainer:
    """The two step methods that Keras' TensorFlow trainer calls, for a
    `zoo.models.base.AnomalyModel`."""

    def train_step(self: Any, data: Any) -> Any:
        return self.learn_batch(data)

    def test_step(self: Any, data: Any) -> Any:
        return self.check_batch(data)


def gradients(loss: Callable[[], Any], variables: Variables, state: Variables) -> Any:
    """Return the value of `loss()`, its gradients by `variables`, and its terms.

    Args:
        loss: returns `(value, scaled value to differentiate, dict of terms)`.
        variables: what to differentiate by.
        state: all that `loss` may read or assign to; needed on JAX alone.
    """
    values = [variable.value for variable in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        value, target, terms = loss()
    return value, tape.gradient(target, values), terms


def apply_gradients(optimizer: Any, gradients: Any, variables: Variables) -> None:
    """Move `variables` along `gradients` by `optimizer`."""
    optimizer.apply(gradients, variables)


def compute(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Return `function(x)`; NumPy in and out."""
    return np.asarray(function(tf.convert_to_tensor(x)))


def input_gradient(function: Callable[..., Any], x: Any, *others: Any) -> tuple[Any, Any]:
    """Return `function(x, *others)`, `(n,)`, and the gradient of its sum by `x`; tensors."""
    x, *rest = map(tf.convert_to_tensor, (x, *others))
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        values = function(x, *rest)
    zero = tf.UnconnectedGradients.ZERO
    return values, tape.gradient(values, x, unconnected_gradients=zero)
