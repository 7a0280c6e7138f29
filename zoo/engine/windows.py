"""Where samples lie in memory, and how a batch of them is gathered on the device."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops


@dataclass(frozen=True)
class Cut:
    """How samples are gathered from what lies on the device; hashable, so that JAX may compile it.

    Attributes:
        window: rows of a window; None where the samples lie there as they are.
        stride: rows from one window to the next.
    """

    window: int | None = None
    stride: int = 1

    def take(self, placed, index):
        """The samples of `index`, `(batch,)` int."""
        if self.window is None:
            return ops.take(placed, index, axis=0)
        rows = ops.expand_dims(index * self.stride, 1) + ops.arange(self.window, dtype="int32")
        return ops.take(placed, rows, axis=0)

    def batch(self, data, index):
        """The samples of `index`, and their labels if `data` holds these too: a tuple."""
        return self.take(data[0], index), *(ops.take(each, index, axis=0) for each in data[1:])

    def batch_by_numpy(self, data, index):
        """The same of arrays in the memory of the host: a list of NumPy arrays."""
        x = np.asarray(data[0])
        if self.window is not None:
            view = np.lib.stride_tricks.sliding_window_view(x, self.window, axis=0)
            x = view.swapaxes(1, 2)[:: self.stride]
        return [each[index] for each in (x, *map(np.asarray, data[1:]))]


def find_cut(x: np.ndarray) -> tuple[np.ndarray, Cut]:
    """The array to place on the device for samples `x`, and how they are gathered from it.

    Windows that overlap in memory, as `zoo.data.arrays.windows.sliding_windows` cuts them, are
    known by their strides. Of them only the series is placed, and each batch gathers its windows
    there: a series of n rows takes memory for n rows, however long the windows.

    Args:
        x: `(n, ...)` array.

    Returns:
        `x`, or the series `(rows, features)` as a view; and the `Cut`.

    Example:
        >>> series = np.arange(5.0)[:, None]
        >>> windows = np.lib.stride_tricks.sliding_window_view(series, 3, axis=0).swapaxes(1, 2)
        >>> array, cut = find_cut(windows)
        >>> array.shape, cut
        ((5, 1), Cut(window=3, stride=1))
        >>> ops.convert_to_numpy(cut.take(array, np.array([1])))[0, :, 0].tolist()
        [1.0, 2.0, 3.0]
    """
    if x.ndim != 3 or not len(x) or not 0 < x.strides[0] < x.strides[1] * x.shape[1]:
        return x, Cut()
    stride, rest = divmod(x.strides[0], x.strides[1])
    if rest:
        return x, Cut()
    rows = (len(x) - 1) * stride + x.shape[1]
    shape, strides = (rows, x.shape[2]), x.strides[1:]
    series = np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)
    return series, Cut(x.shape[1], stride)


def ready(array: np.ndarray) -> np.ndarray:
    """As networks take it: floats in Keras' own precision, contiguous."""
    kind = keras.config.floatx() if np.issubdtype(array.dtype, np.floating) else array.dtype
    return np.ascontiguousarray(array, dtype=kind)


def lengthened(array: np.ndarray, rows: int) -> np.ndarray:
    """`array` with zeros at its end, `rows` long if it was shorter.

    Example:
        >>> lengthened(np.ones(2), 3).tolist()
        [1.0, 1.0, 0.0]
    """
    missing = max(0, rows - len(array))
    return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1)) if missing else array
