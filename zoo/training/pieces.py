"""Compute a compiled function of arrays of any length, in pieces of few different sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from zoo import engine
from zoo.engine.windows import ready
from zoo.errors import InputError
from zoo.training.batches import Batches

ROOMS = (8, 64, 512)  # batches of one call, at most; each size is compiled by itself


def in_pieces(
    call: Callable[..., Any], *arrays: np.ndarray, most: int = 256
) -> tuple[np.ndarray, ...]:
    """Return `call(*arrays)`, computed a piece at a time.

    The last piece is padded to a power of two, for JAX compiles anew for each new size.

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


def in_batches(call: Any, x: np.ndarray, size: int) -> np.ndarray:
    """Return a compiled function of `x`, in batches of `size`.

    As many batches as 16 MB hold are one call (`call.of_batches`), if that is eight or more.

    Args:
        call: what `zoo.engine.compiled` gave.
        x: `(n, ...)`, n >= 1; a strided view is copied piece by piece.
        size: samples a batch.

    Returns:
        An array `(n, ...)`.
    """
    return np.concatenate(list(_call_by_call(call, x, size)))


def _call_by_call(call: Any, x: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yield the parts of what `in_batches` returns, one per call."""
    most = 2**22 // (size * x[0].size)
    if len(x) <= size or most < ROOMS[0] or not hasattr(call, "of_batches"):
        for count, (piece,) in _filled_up([x], size):
            yield call(ready(piece))[:count]
        return
    room = min(most, next((each for each in ROOMS if each * size >= len(x)), ROOMS[-1]))
    for start in range(0, len(x), room * size):
        yield call.of_batches(ready(x[start : start + room * size]), size, room)


def mean_in_pieces(call: Any, data: Any, *networks: keras.Model) -> np.ndarray:
    """Return the mean over samples of `call`, `(d,)` float64.

    Only a piece of the samples and of the results is in memory at a time.

    Args:
        call: function of an array `(m, ...)`, m >= 1; returns NumPy `(m, d)`.
        data: what `fit` takes; of `Batches` the samples that an epoch leaves out count too.
        *networks: as for `samples_per_call`.

    Raises:
        ValueError: no samples.

    Example:
        >>> mean_in_pieces(lambda x: x, np.arange(6.0).reshape(3, 2)).tolist()
        [2.0, 3.0]
    """
    total, count = np.zeros(()), 0
    for samples in filter(len, _arrays(data)):
        for found in _call_by_call(call, samples, samples_per_call(samples, *networks)):
            total = total + np.sum(found, axis=0, dtype="float64")
            count += len(found)
    if not count:
        raise InputError("the data hold no samples; give one or more")
    return total / count


def samples_per_call(x: np.ndarray, *networks: keras.Model) -> int:
    """Return how many samples of `x` networks take per call: a power of two, 64 to 4096.

    The samples fill at most 16 MB, and the widest layer's output, or its attention weights, at most
    `zoo.engine.numbers_per_call` elements. A recurrent layer counts with all steps of time, whether
    it returns them or not.

    Args:
        x: `(n, ...)`, n >= 1.
        *networks: that the samples go through, as far as known.

    Example:
        >>> samples_per_call(np.zeros((5, 100, 8))), samples_per_call(np.zeros((5, 512, 256)))
        (4096, 64)
    """
    layers = [layer for each in networks for layer in each.layers]
    length = x.shape[1] if x.ndim > 1 else 1
    widest = max((_numbers(layer, length) for layer in layers), default=1)
    most = engine.numbers_per_call()
    return min(4096, max(64, 2 ** int(np.log2(min(2**22 / x[0].size, most / widest)))))


def _numbers(layer: Any, length: int) -> int:
    """Return the elements of a layer's output for one sample, a window of `length`."""
    shape = getattr(getattr(layer, "output", None), "shape", (None,))[1:]
    sizes = [size or length for size in shape]
    if isinstance(layer, keras.layers.RNN) and not layer.return_sequences:
        sizes = [length, *sizes]
    weights = getattr(layer, "num_heads", 0) * sizes[0] ** 2 if len(sizes) == 2 else 0
    return max(math.prod(sizes), weights)


def _filled_up(arrays: Sequence[np.ndarray], most: int) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Yield each padded piece of the arrays, and how many of its samples are not padding."""
    for start in range(0, len(arrays[0]), most):
        piece = [np.ascontiguousarray(each[start : start + most]) for each in arrays]
        size = len(piece[0])
        missing = (1 << (size - 1).bit_length()) - size
        if missing:
            piece = [np.concatenate([each, np.repeat(each[-1:], missing, 0)]) for each in piece]
        yield size, piece


def _arrays(data: Any) -> Iterator[np.ndarray]:
    """Yield the samples of what `fit` takes, without their labels."""
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
