"""Training steps and scores on PyTorch, recorded as lists of operations after some calls."""

import functools

import keras
import numpy as np
import torch
from keras import ops

from zoo.engine.steps import Steps
from zoo.engine.torch import reference
from zoo.engine.torch.recording import Recordings
from zoo.engine.windows import padded


class Program:
    """A function of an array without gradients, recorded where it can be.

    Args:
        function: of a tensor.
        model: whose variables it reads.
    """

    def __init__(self, function, model):
        self.function = function
        self.variables = model.variables
        self.recordings = Recordings(self._pure, model, "score")

    def __call__(self, x: np.ndarray) -> np.ndarray:
        (found,) = self._of([ops.convert_to_tensor(x)])
        return ops.convert_to_numpy(found)

    def of_batches(self, x: np.ndarray, size: int, room: int) -> np.ndarray:
        """Return the function of `x`, `(n, ...)`, in batches of `size`, moved to the device as one.

        Nothing is compiled for a number of batches, so `room` is not needed.
        """
        filled = ops.convert_to_tensor(padded(x, -(-len(x) // size) * size))
        return ops.convert_to_numpy(torch.cat(self._of(filled.split(size))))[: len(x)]

    @torch.no_grad()
    def _of(self, batches):
        """Return the function of each batch."""
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


def gradient_program(function, model):
    """Return `reference.input_gradient` of `function`; torch compiles nothing here."""
    return functools.partial(reference.input_gradient, function)


class Loop(Steps):
    """Steps one by one, recorded.

    Keras' layers cost more time than the arithmetic of a small network. So after some steps the
    next is recorded, as the list of torch operations that forward pass, gradients and optimizer
    come to, and from then on the list is run. A step that reads its numbers in Python cannot be
    recorded (seeded noise: its generator is a Python object); it runs as it is written.
    """

    def __init__(self, step, variables, model):
        super().__init__(step, variables, model)
        self.recordings = Recordings(self._pure, model, "fit", variables)

    @staticmethod
    def on_cpu() -> bool:
        return ops.zeros(()).device.type == "cpu"

    def run(self, index, data, order, start, end):
        values = None
        try:
            for number in range(start, end):
                batch = [*index.batch(data, order[number])]
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
        """Return the new values of one step, as a function of the old; some are moved in place."""
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


def seed(seed: int) -> None:
    """Seed the backend's own generator."""
    torch.manual_seed(seed)


def numbers_per_call() -> int:
    """Return the elements of the widest layer's output: a CPU's cache, or 64 MB elsewhere."""
    return 2**21 if Loop.on_cpu() else 2**24
