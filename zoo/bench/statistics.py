"""What repetitions come to: medians, ratios of paired rounds with their interval, noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError

RESAMPLES = 2000


def median(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return float(np.median(values)) if len(values) else None


def noise_percent(values: Sequence[float]) -> float | None:
    """Median absolute deviation from the median, in percent of it; None of fewer than two.

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
    """Median of the rounds' ratios `own / other`, and its 95 % bootstrap interval.

    A round's two values were measured one right after the other, so that what slows the machine
    for a while slows both.

    Args:
        own: by round.
        other: of the same rounds.
        seed: of the resampling.

    Returns:
        `(ratio, low, high)`; None for what one round, or none, does not tell.

    Raises:
        ValueError: not as many rounds of one as of the other.

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
