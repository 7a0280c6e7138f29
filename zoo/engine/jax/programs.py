"""What scores on JAX: a function of weights and an array, compiled for a batch and for many."""

import functools

import jax
import numpy as np

from zoo.engine.jax import sharding as spread
from zoo.engine.windows import lengthened


class Programs:
    """A function of the values of variables and an array, of a batch and of many, compiled.

    Args:
        pure: the function.
    """

    def __init__(self, pure):
        self.pure = pure
        jit = functools.partial(jax.jit, compiler_options=_wide_vectors())
        self.batch = jit(pure)
        self.shared_batch = jit(lambda values, x: pure(values, spread.shared(x)))
        self.batches = jit(self._batches)
        self.shared_batches = jit(lambda *given: spread.in_shares(self._batches, *given))

    def _batches(self, values, x, turns):
        """Of `x`, `(turns, cores, batch, ...)`, the first `turns`; the others are left zero."""
        kind = jax.eval_shape(self.pure, values, x[0, 0])
        found = jax.numpy.zeros((*x.shape[:2], *kind.shape), kind.dtype)

        def body(turn, found):
            return found.at[turn, 0].set(self.pure(values, x[turn, 0]))

        return jax.lax.fori_loop(0, turns, body, found)


@functools.cache
def _wide_vectors():
    """Options that let XLA use all of a CPU's vector registers; none if this XLA has no such.

    By itself it takes half of AVX-512's. An LSTM scores a sixth faster so, nothing slower.
    """
    if jax.default_backend() != "cpu":
        return None
    options = {"xla_cpu_prefer_vector_width": 512}
    try:
        jax.jit(lambda: 0, compiler_options=options).lower().compile()
    except jax.errors.JaxRuntimeError:
        return None
    return options


class Compiled:
    """A compiled function of an array that reads the variables of a model.

    Args:
        programs: `Programs` of the values of the variables.
        model: whose values.
    """

    def __init__(self, programs, model):
        self.programs = programs
        self.variables = model.variables
        self.weights = model.trainable_variables
        self.held = self.copies = ()

    def __call__(self, x):
        values = [v.value for v in self.variables]
        if not self._shared(x.shape):
            return np.asarray(self.programs.batch(values, x))
        return np.asarray(self.programs.shared_batch(self._everywhere(values), x))

    def of_batches(self, x, size, room):
        """The same of `x`, `(n, ...)`, in batches of `size`, as one call; each core takes some.

        Args:
            x: NumPy, no more than `room` batches.
            size: samples a batch.
            room: batches to compile for; what is compiled for these serves fewer.
        """
        shared = self._shared((size * spread.cores(), *x.shape[1:]))
        cores = spread.cores() if shared else 1
        most, turns = (-(-count // (size * cores)) for count in (room * size, len(x)))
        filled = lengthened(x, most * cores * size)
        given = filled.reshape(most, cores, size, *x.shape[1:]), turns
        values = [v.value for v in self.variables]
        if shared:
            found = self.programs.shared_batches(self._everywhere(values), *given)
        else:
            found = self.programs.batches(values, *given)
        return np.asarray(found).reshape(-1, *found.shape[3:])[: len(x)]

    def of(self, model):
        """The same programs on the weights of `model`, which must be alike."""
        return Compiled(self.programs, model)

    def _shared(self, shape):
        return spread.pays(self.weights, shape[0], shape[1:])

    def _everywhere(self, values):
        """Copies of `values` on every device, kept until a value is another."""
        if not self.held or any(a is not b for a, b in zip(values, self.held, strict=True)):
            self.held, self.copies = values, spread.everywhere(values)
        return self.copies
