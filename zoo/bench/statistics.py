"""Statistics of repetitions: medians, ratios of paired rounds with their interval, noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError

RESAMPLES = 2000


def median(values: Sequence[float]) -> float | None:
    """Return the median; None for no values."""
    return float(np.median(values)) if len(values) else None


def noise_percent(values: Sequence[float]) -> float | None:
    """Return the median absolute deviation from the median in percent; None for fewer than two.

    Example:
        >>> noise_percent([95.0, 100.0, 110.0])
        5.0
    """
    if len(values) < 2:
        return None
    middle = np.median(values)
    return float(100 * np.median(np.abs(np.asarray(values) - middle)) / middle)


def paired_ratio(
    own: Sequence[float], other: Sequence[float], seed: int = 0
) -> tuple[float | None, float | None, float | None]:
    """Return the median of the rounds' ratios `own / other`, and its 95 % bootstrap interval.

    The two values of a round were measured shortly after each other, so that whatever slows the
    machine for a while slows both.

    Args:
        own: a rate per round.
        other: the rates of the same rounds.
        seed: of the resampling.

    Returns:
        `(ratio, low, high)`; the interval is None for one round, all are None for no round.

    Raises:
        InputError: different numbers of rounds.

    Example:
        >>> paired_ratio([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
        (2.0, 2.0, 2.0)
    """
    if len(own) != len(other):
        raise InputError(f"{len(own)} rounds and {len(other)}; expected pairs")
    if not len(own):
        return None, None, None
    ratios = np.asarray(own, float) / np.asarray(other, float)
    middle = float(np.median(ratios))
    if len(ratios) < 2:
        return middle, None, None
    drawn = np.random.default_rng(seed).choice(ratios, (RESAMPLES, len(ratios)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return middle, float(low), float(high)
