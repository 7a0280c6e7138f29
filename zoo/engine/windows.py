"""Where samples lie in memory, and how a batch of them is gathered on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops


@dataclass(frozen=True)
class WindowIndex:
    """How samples are gathered from an array on the device; hashable, as JAX compiles for it.

    Attributes:
        window: rows of a window; None where the first axis of the array counts samples.
        stride: rows from one window to the next.
    """

    window: int | None = None
    stride: int = 1

    def take(self, placed: Any, index: Any) -> Any:
        """Return the samples of `index`, `(batch,)` int, of the array `placed`."""
        if self.window is None:
            return ops.take(placed, index, axis=0)
        rows = ops.expand_dims(index * self.stride, 1) + ops.arange(self.window, dtype="int32")
        return ops.take(placed, rows, axis=0)

    def batch(self, data: Sequence[Any], index: Any) -> tuple[Any, ...]:
        """Return the samples of `index` and what else `data` holds of them (labels): a tuple."""
        return self.take(data[0], index), *(ops.take(each, index, axis=0) for each in data[1:])

    def batch_by_numpy(self, data: Sequence[Any], index: np.ndarray) -> list[np.ndarray]:
        """Return the same of arrays in the host's memory: a list of NumPy arrays."""
        x = np.asarray(data[0])
        if self.window is not None:
            view = np.lib.stride_tricks.sliding_window_view(x, self.window, axis=0)
            x = view.swapaxes(1, 2)[:: self.stride]
        return [each[index] for each in (x, *map(np.asarray, data[1:]))]


def window_index(x: np.ndarray) -> tuple[np.ndarray, WindowIndex]:
    """Return the array to place on the device for samples `x`, and how to gather them from it.

    Windows that overlap in memory, as `zoo.data.arrays.windows.sliding_windows` cuts them, are
    recognized by their strides. Only the series is placed then, and each batch gathers its windows
    there: a series of n rows takes memory for n rows, however long the windows.

    Args:
        x: `(n, ...)` array.

    Returns:
        `x`, or the series `(rows, features)` as a view; and the `WindowIndex`.

    Example:
        >>> series = np.arange(5.0)[:, None]
        >>> windows = np.lib.stride_tricks.sliding_window_view(series, 3, axis=0).swapaxes(1, 2)
        >>> array, index = window_index(windows)
        >>> array.shape, index
        ((5, 1), WindowIndex(window=3, stride=1))
        >>> ops.convert_to_numpy(index.take(array, np.array([1])))[0, :, 0].tolist()
        [1.0, 2.0, 3.0]
    """
    if x.ndim != 3 or not len(x) or not 0 < x.strides[0] < x.strides[1] * x.shape[1]:
        return x, WindowIndex()
    stride, rest = divmod(x.strides[0], x.strides[1])
    if rest:
        return x, WindowIndex()
    rows = (len(x) - 1) * stride + x.shape[1]
    shape, strides = (rows, x.shape[2]), x.strides[1:]
    series = np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)
    return series, WindowIndex(x.shape[1], stride)


def ready(array: np.ndarray) -> np.ndarray:
    """Return `array` as networks take it: floats in Keras' own precision, contiguous."""
    kind = keras.config.floatx() if np.issubdtype(array.dtype, np.floating) else array.dtype
    return np.ascontiguousarray(array, dtype=kind)


def padded(array: np.ndarray, rows: int) -> np.ndarray:
    """Return `array`, lengthened by zeros to `rows` if it is shorter.

    Example:
        >>> padded(np.ones(2), 3).tolist()
        [1.0, 1.0, 0.0]
    """
    missing = max(0, rows - len(array))
    return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1)) if missing else array
