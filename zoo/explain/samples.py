"""Samples as explanations take them: float32, of the shape that the model takes, finite."""

from __future__ import annotations

import numpy as np

from zoo.errors import InputError


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
        raise InputError(
            f"x has shape {x.shape}; {type(model).__name__} takes {(None, *expected)}, at least "
            f"one sample: a single one goes as x[None]"
        )
    if not np.isfinite(x).all():
        raise InputError("x holds NaN or infinity; fill or drop them first")
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
        raise InputError(
            f"the baseline has shape {baseline.shape}; expected that of a sample, {x.shape[1:]}, "
            f"or of all, {x.shape}"
        ) from None
