"""Checks of what metrics take: labels of 0 and 1, finite scores, equal lengths."""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError


def checked(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as bool and scores as floats of their own precision, both `(n,)`.

    Raises:
        ValueError: Labels other than 0 and 1, scores that are not finite, or unequal lengths.
    """
    labels = binary("labels", labels)
    scores = np.asarray(scores)
    if not np.issubdtype(scores.dtype, np.floating):
        scores = scores.astype(np.float64)
    check_lengths(labels, scores, "scores")
    if unusable := int((~np.isfinite(scores)).sum()):
        raise InputError(
            f"{unusable} of {len(scores)} scores are NaN or infinite, expected finite numbers; "
            "training diverged or the input holds NaN"
        )
    return labels, scores


def binary(name: str, values: ArrayLike) -> np.ndarray:
    """Return `(n,)` zeros and ones as bool.

    Raises:
        ValueError: Anything but 0 and 1, or a shape other than `(n,)`.
    """
    values = np.asarray(values)
    if values.ndim != 1 or values.size == 0:
        raise InputError(f"{name} have shape {values.shape}, expected (n,) with n of 1 or more")
    if values.dtype == bool:
        return values
    unexpected = np.unique(values[~np.isin(values, (0, 1))])
    if unexpected.size:
        raise InputError(
            f"{name} hold {unexpected[:5].tolist()}, expected only 0 (normal) and 1 (anomaly)"
        )
    return values.astype(bool)


def check_lengths(labels: np.ndarray, others: np.ndarray, name: str) -> None:
    """Raise unless there is one of the others for each label."""
    if others.shape != labels.shape:
        raise InputError(
            f"{name} have shape {others.shape} and labels {labels.shape}, expected one for one"
        )


def undefined(metric: str, labels: np.ndarray) -> float:
    """Return NaN, and warn the metric's caller that labels of one class leave it undefined."""
    kind = "anomalies" if labels.all() else "normals"
    warnings.warn(
        f"{metric} is undefined: all {len(labels)} labels are {kind}, both kinds are needed",
        stacklevel=3,
    )
    return float("nan")
