"""One training step on PyTorch: eager, with autograd; optimizers work outside the graph."""

import numpy as np
import torch
from keras import ops


class Trainer:
    """The two step methods Keras' torch trainer calls, for a `zoo.detector.Detector`."""

    def train_step(self, data):
        return self.learn_batch(data)

    def test_step(self, data):
        return self.check_batch(data)


def gradients(loss, variables, state):
    """Value of `loss()` and its gradients by `variables`; `state` is not needed here."""
    with torch.enable_grad():
        value, target, terms = loss()
    taken = torch.autograd.grad(target, [v.value for v in variables], allow_unused=True)
    terms = {name: term.detach() for name, term in terms.items()}
    return value.detach(), list(taken), terms


def apply_gradients(optimizer, gradients, variables):
    """Let `optimizer` move `variables` along `gradients`."""
    with torch.no_grad():
        optimizer.apply(gradients, variables)


def compiled(function, model):
    """`function` of an array without gradients; it gives NumPy. Torch runs it as it is."""

    def call(x):
        with torch.no_grad():
            return ops.convert_to_numpy(function(ops.convert_to_tensor(x)))

    return call


def compiled_gradient(function, model):
    """`function` of an array and others, `(n,)`, with its gradient by the first.

    What comes back takes NumPy and gives NumPy: the values, and the gradient of their sum.
    """

    def call(*arrays):
        x, *others = (ops.convert_to_tensor(each) for each in arrays)
        x = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            values = function(x, *others)
            if not values.requires_grad:  # they do not depend on x, nor on any weight
                return ops.convert_to_numpy(values), np.zeros(x.shape, "float32")
            (gradient,) = torch.autograd.grad(values.sum(), [x], materialize_grads=True)
        return ops.convert_to_numpy(values), ops.convert_to_numpy(gradient)

    return call


def seed(seed):
    """Seed the backend's own generator."""
    torch.manual_seed(seed)
