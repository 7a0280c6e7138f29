"""One training step on PyTorch: eager, with autograd; optimizers work outside the graph."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import torch

Variables = Sequence[keras.Variable]


class Trainer:
    """The two step methods that Keras' torch trainer calls, for a
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
    with torch.enable_grad():
        value, target, terms = loss()
    found = torch.autograd.grad(target, [v.value for v in variables], allow_unused=True)
    terms = {name: term.detach() for name, term in terms.items()}
    return value.detach(), list(found), terms


def apply_gradients(optimizer: Any, gradients: Any, variables: Variables) -> None:
    """Move `variables` along `gradients` by `optimizer`."""
    with torch.no_grad():
        optimizer.apply(gradients, variables)


def compute(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Return `function(x)`; NumPy in and out."""
    with torch.no_grad():
        return keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor(x)))


def input_gradient(function: Callable[..., Any], x: Any, *others: Any) -> tuple[Any, Any]:
    """Return `function(x, *others)`, `(n,)`, and the gradient of its sum by `x`; tensors."""
    x, *rest = map(keras.ops.convert_to_tensor, (x, *others))
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        values = function(x, *rest)
        if not values.requires_grad:  # they depend neither on x nor on any weight
            return values, torch.zeros_like(x)
        (gradient,) = torch.autograd.grad(values.sum(), [x], materialize_grads=True)
    return values, gradient
