"""Occlusion: how much the score falls when a part of a sample is replaced by normal values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.explain.samples import as_baseline, as_samples
from zoo.models.base import AnomalyModel


def occlusion(
    model: AnomalyModel, x: Any, baseline: Any = None, size: int | None = None
) -> np.ndarray:
    """Return s(x) − s(x with a part replaced by the baseline), for one part after another.

    It needs no gradient, and one score per part.

    Args:
        model: a `zoo.models.base.AnomalyModel`.
        x: samples. A part is one feature of a table `(n, features)`, one feature over `size` steps
            of a window `(n, window, features)`, or a square of `size` pixels of an image
            `(n, height, width, channels)`.
        baseline: replacement of a part, of the shape of a sample or of `x`; None is zeros.
        size: of a part; None is the whole window, or a seventh of the height of an image.

    Returns:
        `x`'s shape, float32. The fall of the score is divided evenly among the values of a part, so
        that they sum to it.

    Raises:
        InputError: samples or a baseline of another shape, or a size below 1.

    References:
        Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014.
    """
    x = as_samples(model, x)
    baseline = as_baseline(baseline, x)
    if size is not None and size < 1:
        raise InputError(f"size is {size}; give 1 or more")
    whole = model.predict(x)
    found = np.zeros(x.shape, "float32")
    for part in _parts(x.shape[1:], size):
        where = (slice(None), *part)
        without = x.copy()
        without[where] = baseline[where]
        fall = (whole - model.predict(without)) / found[where][0].size
        found[where] = fall.reshape(-1, *[1] * (x.ndim - 1))
    return found


def _parts(shape: tuple[int, ...], size: int | None) -> Iterator[tuple[slice, ...]]:
    """Yield the parts of a sample of `shape`, each one slice per axis."""
    if len(shape) == 1:
        yield from ((slice(feature, feature + 1),) for feature in range(shape[0]))
    elif len(shape) == 2:
        time, features = shape
        for start in range(0, time, size or time):
            for feature in range(features):
                yield slice(start, start + (size or time)), slice(feature, feature + 1)
    else:
        side = size or max(1, shape[0] // 7)
        for row in range(0, shape[0], side):
            for column in range(0, shape[1], side):
                yield slice(row, row + side), slice(column, column + side), slice(None)
