"""One training step on PyTorch: eager, with autograd; optimizers work outside the graph."""

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


def seed(seed):
    """Seed the backend's own generator."""
    torch.manual_seed(seed)
