"""Throughput of a scoring function."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from zoo.errors import InputError


def throughput(score: Callable[[Any], Any], x: Any, repeats: int = 5) -> float:
    """Return samples per second, the median of some calls.

    The first call is not counted, because backends compile in it.

    Args:
        score: The function to measure, such as `detector.anomaly_score`.
        x: `(n, ...)` array, frame or anything else with a length.
        repeats: Calls that are timed.

    Raises:
        InputError: No samples, or fewer than one call.

    Example:
        >>> throughput(sum, [1, 2, 3]) > 0
        True
    """
    if not len(x) or repeats < 1:
        raise InputError(
            f"{len(x)} samples and {repeats} calls to time; expected 1 or more of each"
        )
    score(x)
    return len(x) / float(np.median([_seconds(score, x) for _ in range(repeats)]))


def _seconds(score: Callable[[Any], Any], x: Any) -> float:
    start = perf_counter()
    score(x)
    return perf_counter() - start
