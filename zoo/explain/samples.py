"""Checks of the samples and baselines that explanations take."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.models.base import AnomalyModel


def as_samples(model: AnomalyModel, x: Any) -> np.ndarray:
    """Return samples as float32, after a check of their shape and values.

    Raises:
        InputError: no sample, another shape, or NaN or infinity.
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


def as_baseline(baseline: Any, x: np.ndarray) -> np.ndarray:
    """Return a baseline as float32 of `x`'s shape; zeros for None.

    Raises:
        InputError: a shape that does not fit.
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
