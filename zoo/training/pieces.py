"""Arrays of any length through a compiled function, in pieces of few different sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from zoo import engine
from zoo.engine.windows import ready
from zoo.errors import InputError
from zoo.training.batches import Batches

ROOMS = (8, 64, 512)  # batches that are one call at most; each is compiled for by itself


def in_pieces(call: Callable, *arrays: np.ndarray, most: int = 256) -> tuple[np.ndarray, ...]:
    """What `call(*arrays)` gives, computed a piece at a time.

    The last piece is filled up to a power of two, for JAX compiles anew for each new size.

    Args:
        call: function of arrays `(m, ...)`; returns a tuple of arrays `(m, ...)`.
        *arrays: each `(n, ...)`, n >= 1; a strided view is copied piece by piece.
        most: samples a piece.

    Returns:
        A tuple of arrays `(n, ...)`.

    Example:
        >>> in_pieces(lambda x: (2 * x,), np.arange(5), most=4)[0].tolist()
        [0, 2, 4, 6, 8]
    """
    found = [[part[:size] for part in call(*piece)] for size, piece in _filled_up(arrays, most)]
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def in_batches(call: Callable, x: np.ndarray, size: int) -> np.ndarray:
    """What a compiled function of one array makes of `x`, in batches of `size`.

    Batches are one call (`call.of_batches`): as many as some 16 MB hold, if that is eight or more.

    Args:
        call: what `zoo.engine.compiled` gave.
        x: `(n, ...)`, n >= 1; a strided view is copied piece by piece.
        size: samples a batch.

    Returns:
        An array `(n, ...)`.
    """
    return np.concatenate(list(_call_by_call(call, x, size)))


def _call_by_call(call, x, size) -> Iterator[np.ndarray]:
    """The parts of what `in_batches` returns, one a call."""
    most = 2**22 // (size * x[0].size)
    if len(x) <= size or most < ROOMS[0] or not hasattr(call, "of_batches"):
        for count, (piece,) in _filled_up([x], size):
            yield call(ready(piece))[:count]
        return
    room = min(most, next((each for each in ROOMS if each * size >= len(x)), ROOMS[-1]))
    for start in range(0, len(x), room * size):
        yield call.of_batches(ready(x[start : start + room * size]), size, room)


def mean_in_pieces(call: Callable, data: Any, *networks: keras.Model) -> np.ndarray:
    """Mean over samples of what `call` makes of them, `(d,)` float64.

    Only a piece of the samples, and of what is made of them, is in memory at a time.

    Args:
        call: function of an array `(m, ...)`, m >= 1; returns NumPy `(m, d)`.
        data: what `fit` takes; of `Batches` the samples that an epoch leaves out count too.
        *networks: as for `samples_a_call`.

    Raises:
        ValueError: no samples.

    Example:
        >>> mean_in_pieces(lambda x: x, np.arange(6.0).reshape(3, 2)).tolist()
        [2.0, 3.0]
    """
    total, count = 0.0, 0
    for samples in filter(len, _arrays(data)):
        for found in _call_by_call(call, samples, samples_a_call(samples, *networks)):
            total = total + np.sum(found, axis=0, dtype="float64")
            count += len(found)
    if not count:
        raise InputError("the data hold no samples; give one or more")
    return total / count


def samples_a_call(x: np.ndarray, *networks: keras.Model) -> int:
    """How many samples of `x` networks take in a call: a power of two, 64 to 4096.

    As many as some 16 MB hold, and of the widest layer's output, or its attention weights, as many
    numbers as are fast on this backend: `zoo.engine.numbers_a_call`. A recurrent layer counts with
    all steps of time, whether it returns them or not.

    Args:
        x: `(n, ...)`, n >= 1.
        *networks: that the samples go through, as far as known.

    Example:
        >>> samples_a_call(np.zeros((5, 100, 8))), samples_a_call(np.zeros((5, 512, 256)))
        (4096, 64)
    """
    layers = [layer for each in networks for layer in each.layers]
    length = x.shape[1] if x.ndim > 1 else 1
    widest = max((_numbers(layer, length) for layer in layers), default=1)
    most = engine.numbers_a_call()
    return min(4096, max(64, 2 ** int(np.log2(min(2**22 / x[0].size, most / widest)))))


def _numbers(layer, length):
    """How many numbers a sample becomes in a layer; `length` of a window that takes any."""
    shape = getattr(getattr(layer, "output", None), "shape", (None,))[1:]
    sizes = [size or length for size in shape]
    if isinstance(layer, keras.layers.RNN) and not layer.return_sequences:
        sizes = [length, *sizes]
    weights = getattr(layer, "num_heads", 0) * sizes[0] ** 2 if len(sizes) == 2 else 0
    return max(math.prod(sizes), weights)


def _filled_up(arrays, most) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Each piece of the arrays, and how many samples of it are no filling."""
    for start in range(0, len(arrays[0]), most):
        piece = [np.ascontiguousarray(each[start : start + most]) for each in arrays]
        size = len(piece[0])
        missing = (1 << (size - 1).bit_length()) - size
        if missing:
            piece = [np.concatenate([each, np.repeat(each[-1:], missing, 0)]) for each in piece]
        yield size, piece


def _arrays(data) -> Iterator[np.ndarray]:
    """The samples of what `fit` takes, without their labels."""
    if getattr(type(data), "__getitem__", None) is Batches.__getitem__:
        data = data.x
    if isinstance(data, np.ndarray):
        yield data
    elif hasattr(data, "shape"):
        yield keras.ops.convert_to_numpy(data)
    else:
        known = isinstance(data, keras.utils.PyDataset)
        for batch in (data[index] for index in range(len(data))) if known else data:
            x, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
            yield x if isinstance(x, np.ndarray) else keras.ops.convert_to_numpy(x)
