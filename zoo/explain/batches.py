"""Arrays of any length through a compiled function, in batches of few different sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MOST = 256  # samples a batch


def in_batches(call: Callable, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """What `call(*arrays)` gives, computed a batch at a time.

    The last batch is filled up to a power of two, for a compiler works anew for each new size.

    Args:
        call: function of arrays `(m, ...)`; returns a tuple of arrays `(m, ...)`.
        *arrays: each `(n, ...)`, n >= 1.

    Returns:
        A tuple of arrays `(n, ...)`.
    """
    count, found = len(arrays[0]), []
    for start in range(0, count, MOST):
        batch = [np.ascontiguousarray(each[start : start + MOST]) for each in arrays]
        size = len(batch[0])
        missing = (1 << (size - 1).bit_length()) - size
        filled = [np.concatenate([each, np.repeat(each[-1:], missing, axis=0)]) for each in batch]
        found.append([part[:size] for part in call(*filled)])
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def as_samples(model, x) -> np.ndarray:
    """A batch as float32, its shape checked against what `model` takes.

    Raises:
        ValueError: no sample, another shape, or NaN or infinity.
    """
    x = np.asarray(x, dtype="float32")
    expected = model.sample_shape
    fits = x.ndim == len(expected) + 1 and all(
        size is None or size == found for size, found in zip(expected, x.shape[1:], strict=True)
    )
    if not fits or not len(x):
        raise ValueError(
            f"x has shape {x.shape}; {type(model).__name__} takes {(None, *expected)}, at least "
            f"one sample: a single one goes as x[None]"
        )
    if not np.isfinite(x).all():
        raise ValueError("x holds NaN or infinity; fill or drop them first")
    return x


def as_baseline(baseline, x: np.ndarray) -> np.ndarray:
    """A baseline as float32 of one sample's shape, or of `x`'s; zeros for None.

    Raises:
        ValueError: a shape that does not fit.
    """
    if baseline is None:
        return np.zeros(x.shape, "float32")
    baseline = np.asarray(baseline, dtype="float32")
    try:
        return np.broadcast_to(baseline, x.shape)
    except ValueError:
        raise ValueError(
            f"the baseline has shape {baseline.shape}; expected that of a sample, {x.shape[1:]}, "
            f"or of all, {x.shape}"
        ) from None
