"""Occlusion: what the score falls by where a part of a sample is made normal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zoo.errors import InputError
from zoo.explain.samples import as_baseline, as_samples


def occlusion(model, x, baseline=None, size: int | None = None) -> np.ndarray:
    """s(x) − s(x with a part replaced by the baseline), for one part after another.

    It needs no gradient and asks the model nothing but scores, at one score a part.

    Args:
        model: a `zoo.models.base.AnomalyModel`.
        x: samples. Of tables `(n, features)` each feature is a part; of windows
            `(n, window, features)` each feature over `size` steps; of images
            `(n, height, width, channels)` squares of `size` pixels.
        baseline: what a part is replaced by: a sample's shape or `x`'s; None: zeros.
        size: None: the whole window; of images a seventh of the height.

    Returns:
        `x`'s shape, float32. What a part makes the score fall by is shared out evenly among its
        numbers, so that they sum to it.

    Raises:
        ValueError: samples or a baseline of another shape, or a size below 1.

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
    """The parts of a sample of `shape`, each a slice an axis."""
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
