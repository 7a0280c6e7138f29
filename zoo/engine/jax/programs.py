"""Scoring on JAX: a function of weights and an array, compiled for a batch and for many."""

from __future__ import annotations

import copy

import jax
import keras
import numpy as np

from zoo.engine.jax import reference, sharding
from zoo.engine.windows import padded


class Program:
    """A function of an array that reads the variables of a model, compiled.

    Args:
        function: of a tensor.
        model: whose variables.
    """

    def __init__(self, function, model):
        def pure(values, x):
            with lend(model.variables, values):
                return function(x)

        self._pure = pure
        self._batch = jax.jit(pure)
        self._shared_batch = jax.jit(lambda values, x: pure(values, sharding.shared(x)))
        self._batches = jax.jit(self._turns)
        self._shared_batches = jax.jit(lambda *given: sharding.in_shares(self._turns, *given))
        self._read(model)

    def of(self, model) -> Program:
        """Return the same program on the weights of `model`, which must be alike."""
        twin = copy.copy(self)
        twin._read(model)
        return twin

    def __call__(self, x: np.ndarray) -> np.ndarray:
        values = [v.value for v in self.variables]
        if not self._shared(x.shape):
            return np.asarray(self._batch(values, x))
        return np.asarray(self._shared_batch(self._everywhere(values), x))

    def of_batches(self, x: np.ndarray, size: int, room: int) -> np.ndarray:
        """Return the function of `x`, `(n, ...)`, in batches of `size`, as one call.

        Each core takes some of the batches. What is compiled for `room` batches serves fewer.
        """
        shared = self._shared((size * sharding.cores(), *x.shape[1:]))
        cores = sharding.cores() if shared else 1
        most, turns = (-(-count // (size * cores)) for count in (room * size, len(x)))
        filled = padded(x, most * cores * size)
        given = filled.reshape(most, cores, size, *x.shape[1:]), turns
        values = [v.value for v in self.variables]
        if shared:
            found = self._shared_batches(self._everywhere(values), *given)
        else:
            found = self._batches(values, *given)
        return np.asarray(found).reshape(-1, *found.shape[3:])[: len(x)]

    def _turns(self, values, x, turns):
        """Compute the first `turns` of `x`, `(turns, cores, batch, ...)`; the others stay zero."""
        kind = jax.eval_shape(self._pure, values, x[0, 0])
        found = jax.numpy.zeros((*x.shape[:2], *kind.shape), kind.dtype)

        def body(turn, found):
            return found.at[turn, 0].set(self._pure(values, x[turn, 0]))

        return jax.lax.fori_loop(0, turns, body, found)

    def _read(self, model):
        self.variables = model.variables
        self.weights = model.trainable_variables
        self._held = self._copies = ()

    def _shared(self, shape):
        return sharding.worth_sharding(self.weights, shape[0], shape[1:])

    def _everywhere(self, values):
        """Return copies of `values` on every device, kept until one of them changes."""
        if not self._held or any(a is not b for a, b in zip(values, self._held, strict=True)):
            self._held, self._copies = values, sharding.everywhere(values)
        return self._copies


def gradient_program(function, model):
    """Return `reference.input_gradient` of `function`, compiled; it reads `model`'s variables."""

    @jax.jit
    def pure(values, *arrays):
        with lend(model.variables, values):
            return reference.input_gradient(function, *arrays)

    return lambda *arrays: pure([v.value for v in model.variables], *arrays)


def lend(variables, values) -> keras.StatelessScope:
    """Return a scope in which `variables` have these values and assignments go no further."""
    lent = list(zip(variables, values, strict=True))
    return keras.StatelessScope(lent, initialize_variables=False)
