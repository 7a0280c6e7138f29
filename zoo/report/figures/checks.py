"""Checks of the arrays given to a figure; an error names the one that does not fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError


def checked_scores(scores: ArrayLike, name: str = "scores") -> np.ndarray:
    """Return scores as (n,) float64.

    Args:
        scores: (n,) finite numbers, at least one.
        name: how the caller knows them.

    Raises:
        ValueError: wrong shape, none at all, or NaN or infinity among them.
    """
    array = np.asarray(scores, dtype=float)
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"{name}: shape {array.shape}, expected (n,) with n >= 1")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise InputError(
            f"{name}: {bad.size} of {array.size} are NaN or infinite, the first at index {bad[0]}; "
            "drop them or look for what broke the score"
        )
    return array


def checked_labels(labels: ArrayLike, count: int, name: str = "labels") -> np.ndarray:
    """Return labels as (count,) bool, True = anomaly.

    Raises:
        ValueError: another length, or values other than 0 and 1.
    """
    array = np.asarray(labels)
    if array.shape != (count,):
        raise InputError(f"{name}: shape {array.shape}, expected ({count},), one per score")
    unknown = np.setdiff1d(np.unique(array), [0, 1])
    if unknown.size:
        raise InputError(f"{name}: found {unknown[:5].tolist()}, expected 0 (normal), 1 (anomaly)")
    return array.astype(bool)


def checked_line(values: ArrayLike, count: int, name: str) -> np.ndarray:
    """Return one number per time as (count,) float64; NaN stays, for a gap in the line.

    Raises:
        ValueError: another shape, or infinity among them.
    """
    array = np.asarray(values, dtype=float)
    if array.shape != (count,):
        raise InputError(
            f"{name}: shape {array.shape}, expected ({count},), one per time; fill with NaN where "
            "there is none"
        )
    bad = np.flatnonzero(np.isinf(array))
    if bad.size:
        raise InputError(f"{name}: {bad.size} of {count} are infinite, the first at index {bad[0]}")
    return array
