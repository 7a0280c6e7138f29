"""Series of one value whose anomalies are known: a seeded generator with seasons and a trend."""

from collections.abc import Iterator
from itertools import cycle, pairwise

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from zoo.data.arrays.segments import event_labels, place_segments
from zoo.data.series.labelled import Series
from zoo.errors import InputError

KINDS = ("spike", "level_shift", "variance_change", "missing_stretch")
LONG_KINDS = KINDS[1:]
BLOCKS = 5  # each holds anomalies, so that a split by time has some in every part
SHARE = (0.025, 0.045)  # of a block's rows that are anomalous
SPIKE_ROWS, LONG_ROWS = (1, 3), (8, 20)
MARGIN = 5  # fewest normal rows between two anomalies
FEWEST_ROWS = 1000

STEP = pd.Timedelta(minutes=30)
DAY, WEEK = 48, 336  # rows
NOISE_MEMORY = 0.5  # correlation of a row's noise with the row before


def generate_series(count: int = 8, rows: int = 2000, seed: int = 0) -> list[Series]:
    """Draw labelled series of half-hourly values.

    A value is a level, a trend, a daily season of two harmonics, a weekly season and correlated
    noise of standard deviation σ. Every fifth of the rows holds a spike (1 to 3 rows, 8 to 16 σ)
    and longer anomalies of 8 to 20 rows: a level shift (5 to 10 σ), a variance change (noise of 4
    to 7 σ) or a missing stretch, which a recorder fills with the last value it knew: values stay
    finite. A season is larger than most anomalies, so a plain threshold on the value misses them.

    Args:
        count: How many series.
        rows: Rows of each.
        seed: Equal seeds give equal series; the first series are the same for every `count`.

    Returns:
        The series, called `synthetic-01` and so on. 2 to 6 % of their rows have label 1: every
        kind occurs in the first three fifths, and some in the fourth and in the last.

    Raises:
        InputError: A count below 1, or rows below 1000.

    Example:
        >>> series = generate_series(count=2, rows=1000)[0]
        >>> series.name, series.values.shape
        ('synthetic-01', (1000, 1))
    """
    if count < 1 or rows < FEWEST_ROWS:
        raise InputError(
            f"{count} series of {rows} rows asked for; expected 1 or more of {FEWEST_ROWS} or more"
        )
    streams = np.random.default_rng(seed).spawn(count)
    return [_draw(f"synthetic-{n:02d}", rows, rng) for n, rng in enumerate(streams, start=1)]


def _draw(name: str, rows: int, rng: np.random.Generator) -> Series:
    noise = rng.uniform(0.5, 1.5)
    values = _regular(rows, rng) + noise * _correlated(rows, rng)
    events = _draw_events(rows, rng)
    for kind, start, stop in events.itertuples(index=False):
        before = values[start - 1]
        CHANGES[kind](values[start:stop], before, noise, rng)
    times = pd.date_range("2025-01-01", periods=rows, freq=STEP, tz="UTC", name="timestamp")
    return Series(
        name,
        times.as_unit("us"),
        values[:, np.newaxis].astype(np.float32),
        event_labels(events, rows),
        ("value",),
    )


def _regular(rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return level, trend and seasons."""
    row = np.arange(rows)
    level, drift = rng.uniform(40, 80), rng.uniform(-8, 8)
    value = level + drift * row / rows
    for period, size in ((DAY, (5, 12)), (DAY / 2, (1, 4)), (WEEK, (1, 4))):
        value += rng.uniform(*size) * np.sin(2 * np.pi * row / period + rng.uniform(0, 2 * np.pi))
    return value


def _correlated(rows: int, rng: np.random.Generator) -> np.ndarray:
    fresh = np.sqrt(1 - NOISE_MEMORY**2) * rng.normal(size=rows)
    return lfilter([1.0], [1.0, -NOISE_MEMORY], fresh)


def _draw_events(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the anomalies of every block; longer kinds take turns, so the first three hold all."""
    edges = np.linspace(0, rows, BLOCKS + 1).astype(int)
    turns = cycle(rng.permutation(LONG_KINDS))
    blocks = [
        _draw_block(last - first, turns, rng).assign(
            start=lambda events, first=first: events["start"] + first,
            stop=lambda events, first=first: events["stop"] + first,
        )
        for first, last in pairwise(edges)
    ]
    return pd.concat(blocks, ignore_index=True)


def _draw_block(rows: int, turns: Iterator[str], rng: np.random.Generator) -> pd.DataFrame:
    """Draw pairs of a spike and a longer anomaly, as many as the block's share allows."""
    budget = round(rng.uniform(*SHARE) * rows)
    kinds, sizes = [], []
    while not kinds or budget >= LONG_ROWS[0]:
        spike, long = (
            int(rng.integers(*range_, endpoint=True)) for range_ in (SPIKE_ROWS, LONG_ROWS)
        )
        kinds += ["spike", next(turns)]
        sizes += [spike, min(long, max(budget - spike, LONG_ROWS[0]))]
        budget -= sizes[-1] + spike
    order = rng.permutation(len(kinds))
    lengths = np.array(sizes)[order]
    starts = place_segments(lengths, rows, MARGIN, rng)
    return pd.DataFrame({"kind": np.array(kinds)[order], "start": starts, "stop": starts + lengths})


def _spike(event: np.ndarray, before: float, noise: float, rng: np.random.Generator) -> None:
    event += rng.choice([-1, 1]) * rng.uniform(8, 16, len(event)) * noise


def _level_shift(event: np.ndarray, before: float, noise: float, rng: np.random.Generator) -> None:
    event += rng.choice([-1, 1]) * rng.uniform(5, 10) * noise


def _variance_change(
    event: np.ndarray, before: float, noise: float, rng: np.random.Generator
) -> None:
    event += rng.normal(0, rng.uniform(4, 7) * noise, len(event))


def _missing_stretch(
    event: np.ndarray, before: float, noise: float, rng: np.random.Generator
) -> None:
    event[:] = before


CHANGES = {
    "spike": _spike,
    "level_shift": _level_shift,
    "variance_change": _variance_change,
    "missing_stretch": _missing_stretch,
}
"""Kind to the function that changes the values `(rows,)` of its event, in place, given the value
before it."""
