"""One training step on PyTorch: eager, with autograd; optimizers work outside the graph."""

import keras
import numpy as np
import torch
from keras import ops

STEPS_BEFORE = 8  # one is recorded, which takes as long as some hundred


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


class Loop:
    """Steps on batches of data that lie on the device, as many a call as wanted.

    Keras' layers cost more time than the arithmetic of a small network. So after some steps the
    next is recorded, as the list of torch operations that forward pass, gradients and optimizer
    come to, and from then on the list is run. A step that looks into its numbers cannot be
    recorded (seeded noise, for one: its generator is a Python object); it is taken as it is.

    Args:
        step: function of a batch, an array or a tuple, that assigns to `variables`.
        variables: all that `step` may assign to.
        model: whose step it is.
    """

    def __init__(self, step, variables, model):
        self.step = step
        self.variables = variables
        self.seen = {}  # shape of a batch to steps on such
        self.recorded = {}  # shape of a batch to the recorded step

    def place(self, array):
        """`array` on the device."""
        return ops.convert_to_tensor(array)

    def run(self, cut, data, order, start, end):
        """Take the steps from `start` to before `end`, each on the samples of a row of `order`.

        Args:
            cut: `zoo.engine.samples.Cut` of the samples.
            data: what was placed: samples, or samples and labels.
            order: `(steps, batch)` int32, placed.
            start: number of the first step.
            end: number of the step to end before.
        """
        values = None
        try:
            for index in range(start, end):
                rows = order[index]
                batch = (cut.take(data[0], rows), *(labels[rows] for labels in data[1:]))
                recorded = self._recorded(batch)
                if recorded is None:
                    self.step(batch)
                    continue
                if values is None:
                    values = [v.value.detach() for v in self.variables]
                with torch.no_grad():
                    values = recorded(values, batch)
        finally:
            if values is not None:
                _keep(self.variables, values)

    def _recorded(self, batch):
        """The step on batches of this shape as a list of operations; None as long as none is."""
        shape = tuple(array.shape for array in batch)
        if shape not in self.recorded:
            self.seen[shape] = self.seen.get(shape, 0) + 1
            if self.seen[shape] <= STEPS_BEFORE:
                return None
            self.recorded[shape] = _record(self.step, self.variables, batch)
        return self.recorded[shape]


def _keep(variables, values):
    """Assign what was not moved in place."""
    for variable, value in zip(variables, values, strict=True):
        if variable.value.data_ptr() != value.data_ptr():
            variable.assign(value)


def _record(step, variables, batch):
    """`step` as a function of the values of `variables` and a batch that gives their new values.

    It may move values in place. None where the step cannot be recorded: the recording is compared
    with the step itself on another batch and on what the first step left.
    """
    from torch.fx.experimental.proxy_tensor import make_fx  # takes a second to import

    trainable = [v.trainable for v in variables]

    def pure(values, batch):
        lent = [
            value.detach().requires_grad_() if moves else value
            for value, moves in zip(values, trainable, strict=True)
        ]
        with keras.StatelessScope(state_mapping=list(zip(variables, lent, strict=True))) as scope:
            step(batch)
            return [scope.get_current_value(v).detach() for v in variables]

    values = _copies(v.value for v in variables)
    try:
        graph = make_fx(pure)(values, batch)
    except (RuntimeError, NotImplementedError):  # the step asked a number for its value
        return None
    for node in list(graph.graph.nodes):
        if node.target in (torch.ops.aten.detach.default, torch.ops.aten.lift_fresh_copy.default):
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
    graph.recompile()

    batch = [array.flip(0) for array in batch]
    with torch.random.fork_rng():
        expected = pure(_copies(values), batch)
    with torch.no_grad(), torch.random.fork_rng():
        found = graph(_copies(values), batch)
    same = zip(expected, found, strict=True)
    return graph if all(torch.allclose(a, b, 1e-4, 1e-6, equal_nan=True) for a, b in same) else None


def _copies(values):
    return [value.detach().clone() for value in values]


def seed(seed):
    """Seed the backend's own generator."""
    torch.manual_seed(seed)
