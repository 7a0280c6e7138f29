"""Initial weights drawn by NumPy, with the distributions of Keras' initializers.

JAX compiles a program for every shape that it draws, which takes about a second per shape for an
array that is filled once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import initializers

from zoo.errors import InputError

_swapping = threading.RLock()


@contextmanager
def drawn_by_numpy() -> Iterator[None]:
    """Let NumPy draw the initial values of variables, in this context or the decorated function.

    Distribution and seed are those of each initializer; Keras takes the seed from Python's
    `random`. After `zoo.engine.seed_everything` networks are therefore equal on every backend.

    Example:
        >>> from keras import layers
        >>> with drawn_by_numpy():
        ...     layer = layers.Dense(3, kernel_initializer=initializers.Orthogonal(seed=1))
        ...     layer.build((None, 3))
        >>> kernel = keras.ops.convert_to_numpy(layer.kernel)
        >>> np.allclose(kernel @ kernel.T, np.eye(3), atol=1e-6)
        True
    """
    kinds = (
        initializers.Zeros,
        initializers.Ones,
        initializers.VarianceScaling,
        initializers.Orthogonal,
    )
    with _swapping:
        before = [kind.__call__ for kind in kinds]
        try:
            for kind, call in zip(kinds, before, strict=True):
                kind.__call__ = _by_numpy(call)
            yield
        finally:
            for kind, call in zip(kinds, before, strict=True):
                kind.__call__ = call


def draw(
    initializer: keras.initializers.Initializer, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Return an array of `shape` with the distribution of an initializer, float64.

    Args:
        initializer: of `keras.initializers`, a variance scaling or orthogonal.
        shape: of the array.
        rng: source of random numbers.

    Raises:
        InputError: another kind of initializer.
    """
    if isinstance(initializer, initializers.Orthogonal):
        return initializer.gain * _orthogonal(shape, rng)
    if isinstance(initializer, initializers.VarianceScaling):
        return _variance_scaling(initializer, shape, rng)
    name = type(initializer).__name__
    raise InputError(f"draw_weights cannot draw for a {name}; set these weights yourself.")


def _by_numpy(keras_call: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Any, shape: tuple[int, ...], dtype: Any = None, **kwargs: Any) -> Any:
        if isinstance(self, (initializers.Zeros, initializers.Ones)):
            values = np.full(shape, float(isinstance(self, initializers.Ones)), "float32")
        elif isinstance(self.seed, int):
            rng = np.random.default_rng(self.seed)
            values = draw(self, tuple(shape), rng).astype("float32")
        else:
            return keras_call(self, shape, dtype=dtype, **kwargs)
        return keras.ops.convert_to_tensor(values, dtype=dtype or keras.config.floatx())

    return call


def _variance_scaling(
    initializer: Any, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Draw as `keras.initializers.VarianceScaling` does: Glorot, He and LeCun initialisation."""
    receptive = int(np.prod(shape[:-2]))
    fan_in, fan_out = (
        (shape[-2] if len(shape) > 1 else shape[-1]) * receptive,
        shape[-1] * receptive,
    )
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    variance = initializer.scale / fan[initializer.mode]
    if initializer.distribution == "uniform":
        return rng.uniform(-1, 1, shape) * np.sqrt(3 * variance)
    if initializer.distribution == "untruncated_normal":
        return rng.normal(size=shape) * np.sqrt(variance)
    draws = rng.normal(size=shape)
    while np.any(outside := np.abs(draws) > 2):
        draws[outside] = rng.normal(size=outside.sum())
    return draws * np.sqrt(variance) / 0.87962566103423978


def _orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return (q.T if rows < columns else q).reshape(shape)
