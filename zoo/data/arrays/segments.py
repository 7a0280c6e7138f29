"""Stretches of rows that hold an anomaly: draw where they lie, and label the rows they hold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zoo.errors import InputError


def draw_segments(
    rows: int,
    anomalous: int,
    lengths: tuple[int, int],
    kinds: Sequence[str],
    margin: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw stretches of known kind that do not touch each other.

    Args:
        rows: Rows of the series.
        anomalous: Rows in all stretches together.
        lengths: Fewest and most rows of a stretch, roughly: they are stretched to add up.
        kinds: Names to give out in random order, so that their numbers differ by one at most.
        margin: Fewest free rows before, between and after the stretches.
        rng: Source of chance.

    Returns:
        `kind`, `start`, `stop` in order of time, stop exclusive; no row if `anomalous` is 0.

    Raises:
        InputError: The rows cannot hold the stretches and their margins.

    Example:
        >>> import numpy as np
        >>> drawn = draw_segments(100, 20, (5, 15), ["spike"], 3, np.random.default_rng(0))
        >>> int((drawn["stop"] - drawn["start"]).sum())
        20
    """
    count = min(anomalous, max(1, round(anomalous / np.mean(lengths))))
    drawn = rng.uniform(*lengths, count)
    edges = np.rint(np.cumsum(drawn) / drawn.sum() * anomalous) if count else drawn
    sizes = np.diff(edges.astype(np.int64), prepend=0)
    starts = place_segments(sizes, rows, margin, rng)
    given = np.resize(rng.permutation(np.array(kinds, dtype=object)), count)
    return pd.DataFrame({"kind": rng.permutation(given), "start": starts, "stop": starts + sizes})


def place_segments(
    sizes: np.ndarray, rows: int, margin: int, rng: np.random.Generator
) -> np.ndarray:
    """Spread the free rows at random before, between and after stretches of known size.

    Args:
        sizes: `(n,)` int, rows of each stretch in order of time.
        rows: Rows of the series.
        margin: Fewest free rows before, between and after the stretches.
        rng: Source of chance.

    Returns:
        `(n,)` int, where each begins.

    Raises:
        InputError: The rows cannot hold the stretches and their margins.
    """
    needed = int(sizes.sum()) + margin * (len(sizes) + 1)
    if needed > rows:
        raise InputError(
            f"{len(sizes)} anomalies of {int(sizes.sum())} rows, with {margin} normal rows around "
            f"each, need {needed} rows, but there are {rows}; ask for more rows or fewer anomalies"
        )
    free = np.sort(rng.integers(0, rows - needed, size=len(sizes), endpoint=True))
    return free + margin * np.arange(1, len(sizes) + 1) + np.cumsum(sizes) - sizes


def event_labels(events: pd.DataFrame, rows: int) -> np.ndarray:
    """Turn events into a label for each row.

    Args:
        events: `start` and `stop` as row positions, stop exclusive.
        rows: How many rows there are.

    Returns:
        `(rows,)` int, 1 inside an event.

    Raises:
        InputError: An event lies outside the rows.

    Example:
        >>> import pandas as pd
        >>> event_labels(pd.DataFrame({"start": [1], "stop": [3]}), rows=5).tolist()
        [0, 1, 1, 0, 0]
    """
    labels = np.zeros(rows, dtype=np.int64)
    for start, stop in zip(events["start"], events["stop"], strict=True):
        if not 0 <= start < stop <= rows:
            raise InputError(f"event {start}..{stop} does not lie within the {rows} rows")
        labels[start:stop] = 1
    return labels
