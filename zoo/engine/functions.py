"""Functions of an array that read a model's variables, NumPy in and out: compiled, or as written.

Each backend's `loop.py` gives `Program` (a batch, or many, per call) and `gradient_program`; its
`reference.py` gives `compute` and `input_gradient`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from zoo.engine.switch import fast, step_aside

_backend = f"zoo.engine.{keras.backend.backend()}"
_loop = importlib.import_module(f"{_backend}.loop")
_reference = importlib.import_module(f"{_backend}.reference")

Arrays = tuple[np.ndarray, np.ndarray]


class Function:
    """A function of an array: one compiled program, or step by step where that was asked for.

    Args:
        function: of a tensor; it may read the variables of `model`.
        model: a `keras.Model`. Its `run_eagerly` is heeded.
        program: what is compiled already, of another model that is alike.
    """

    def __init__(self, function: Callable[[Any], Any], model: Any, program: Any = None):
        self.function = function
        self.model = model
        self.program = _loop.Program(function, model) if program is None else program

    def __call__(self, x: np.ndarray) -> np.ndarray:
        if stepwise(self.model):
            return _reference.compute(self.function, x)
        return self.program(x)

    def of_batches(self, x: np.ndarray, size: int, room: int) -> np.ndarray:
        """Return the function of `x`, `(n, ...)`, in batches of `size`: one call.

        Args:
            x: no more than `room` batches.
            size: samples a batch.
            room: number of batches to compile for; the program then serves fewer too.
        """
        if stepwise(self.model):
            return np.concatenate([self(x[at : at + size]) for at in range(0, len(x), size)])
        return self.program.of_batches(x, size, room)

    def of(self, function: Callable[[Any], Any], model: Any) -> Function:
        """Return `function` of `model`, a model that is alike, by the same program; JAX."""
        return Function(function, model, self.program.of(model))


def stepwise(model: Any) -> bool:
    """Return whether `model` is computed as written, by the user's choice, and log it."""
    if getattr(model, "run_eagerly", False):
        cure = "compile without run_eagerly=True for speed"
        step_aside(model, "score", "run_eagerly=True asks for Python step by step", cure)
        return True
    return not fast()


def compiled(function: Callable[[Any], Any], model: Any) -> Function:
    """Return `function` of an array, compiled; it may read the variables of `model`."""
    return Function(function, model)


def compiled_gradient(function: Callable[..., Any], model: Any) -> Callable[..., Arrays]:
    """Return `function` of an array and others, `(n,)`, with its gradient by the first, compiled.

    Returns:
        A function that takes NumPy and gives NumPy: the values, and the gradient of their sum.
    """
    program = _loop.gradient_program(function, model)

    def call(*arrays: np.ndarray) -> Arrays:
        if stepwise(model):
            values, gradient = _reference.input_gradient(function, *arrays)
        else:
            values, gradient = program(*arrays)
        numpy = keras.ops.convert_to_numpy
        return numpy(values), numpy(gradient)

    return call


def forward(network: Any) -> Function:
    """Return what `network` makes of an array outside training, compiled once."""
    if getattr(network, "_zoo_forward", None) is None:
        network._zoo_forward = compiled(lambda x: network(x, training=False), network)
    return network._zoo_forward


def share_forward(network: Any, first: Any) -> None:
    """Let `network` be computed by the program of `first`, which must be alike; None ends it."""
    network._zoo_forward = (
        None if first is None else forward(first).of(lambda x: network(x, training=False), network)
    )
