"""One training step on PyTorch: eager, with autograd; optimizers work outside the graph."""

import keras
import numpy as np
import torch
from keras import ops

from zoo.engine.steps import Steps
from zoo.engine.torch.recording import Recordings
from zoo.engine.windows import lengthened


class Trainer:
    """The two step methods Keras' torch trainer calls, for a `zoo.models.base.AnomalyModel`."""

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
    """`function` of an array without gradients; it gives NumPy.

    As in `Loop`, it is recorded after some calls on arrays of one shape.
    """
    return Compiled(function, model.variables)


class Compiled:
    """A function of an array that reads `variables`: recorded where it can be."""

    def __init__(self, function, variables):
        self.function = function
        self.variables = variables
        self.recordings = Recordings(self._pure, variables)

    def __call__(self, x):
        (found,) = self._of([ops.convert_to_tensor(x)])
        return ops.convert_to_numpy(found)

    def of_batches(self, x, size, room):
        """The same of `x`, `(n, ...)`, in batches of `size`, moved to the device as one.

        Args:
            x: NumPy.
            size: samples a batch.
            room: not needed: nothing is compiled for a number of batches.
        """
        filled = ops.convert_to_tensor(lengthened(x, -(-len(x) // size) * size))
        return ops.convert_to_numpy(torch.cat(self._of(filled.split(size))))[: len(x)]

    @torch.no_grad()
    def _of(self, batches):
        """What the function makes of each."""
        values = [v.value.detach() for v in self.variables]
        found = []
        for batch in batches:
            recorded = self.recordings.of([batch])
            found += [self.function(batch)] if recorded is None else recorded(values, [batch])
        return found

    def _pure(self, values, x):
        lent = list(zip(self.variables, values, strict=True))
        with keras.StatelessScope(lent, initialize_variables=False), torch.no_grad():
            return [self.function(x[0])]


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


class Loop(Steps):
    """Steps one by one, recorded.

    Keras' layers cost more time than the arithmetic of a small network. So after some steps the
    next is recorded, as the list of torch operations that forward pass, gradients and optimizer
    come to, and from then on the list is run. A step that looks into its numbers cannot be
    recorded (seeded noise, for one: its generator is a Python object); it is taken as it is.
    """

    def __init__(self, step, variables, model):
        super().__init__(step, variables, model)
        self.recordings = Recordings(self._pure, variables)

    def run(self, cut, data, order, start, end):
        values = None
        try:
            for index in range(start, end):
                batch = [*cut.batch(data, order[index])]
                recorded = self.recordings.of(batch)
                if recorded is None:
                    self.step(tuple(batch))
                    continue
                if values is None:
                    # Without a history; no_grad would tell oneDNN not to train.
                    values = [v.value.detach() for v in self.variables]
                values = recorded(values, batch)
        finally:
            if values is not None:
                self._keep(values)

    def _pure(self, values, batch):
        """The step as a function that gives new values; it may move others in place."""
        lent = [
            value.detach().requires_grad_() if variable.trainable else value
            for variable, value in zip(self.variables, values, strict=True)
        ]
        pairs = list(zip(self.variables, lent, strict=True))
        with keras.StatelessScope(pairs, initialize_variables=False) as scope:
            self.step(tuple(batch))
            return [scope.get_current_value(v).detach() for v in self.variables]

    def _keep(self, values):
        """Assign what was not moved in place."""
        for variable, value in zip(self.variables, values, strict=True):
            if variable.value.data_ptr() != value.data_ptr():
                variable.assign(value)


def seed(seed):
    """Seed the backend's own generator."""
    torch.manual_seed(seed)


def numbers_a_call():
    """Of the widest layer's output: on a CPU what fits its cache, elsewhere 64 MB."""
    return 2**21 if ops.zeros(()).device.type == "cpu" else 2**24
