"""Parts of figures over time: the axis, stretches of it, and a score with its threshold."""

from __future__ import annotations

from typing import Any

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation.metrics.events import event_bounds
from zoo.report.figures.style import ANOMALY, INK, number

MIN_SHARE = 0.003  # of the time axis; shorter stretches are drawn this wide, to stay visible
GAP_FACTOR = 10  # times the usual step; a line breaks at longer ones
LOG_RATIO = 50  # highest over median score that makes its axis logarithmic


def utc(timestamps: ArrayLike) -> np.ndarray:
    """Return times as datetime64 in UTC, without a zone; numbers as they are."""
    times = pd.Index(timestamps)
    if isinstance(times, pd.DatetimeIndex) and times.tz is not None:
        times = times.tz_convert("UTC").tz_localize(None)
    return times.to_numpy()


def fit_time(ax: Axes, positions: np.ndarray) -> None:
    """Let the times fill the axis, and those that share it, up to a hundredth at each end."""
    spare = np.ptp(positions) / 100 or 1
    ax.set_xlim(positions.min() - spare, positions.max() + spare)


def is_zoned(timestamps: ArrayLike) -> bool:
    """Return whether the times have a time zone."""
    return getattr(pd.Index(timestamps), "tz", None) is not None


def positions_of(timestamps: ArrayLike, name: str = "times") -> np.ndarray:
    """Return the position of each time on the axis: days for dates, numbers as they are.

    Args:
        timestamps: (n,) datetime64, a pandas index in any time zone, or numbers. An hour that
            comes twice, as when summer time ends, is drawn twice.
        name: how the caller knows them.

    Raises:
        ValueError: wrong shape, fewer than two, or times that are missing.
    """
    times = utc(timestamps)
    if times.ndim != 1 or len(times) < 2:
        raise InputError(f"{name}: shape {times.shape}, expected (n,) with n >= 2")
    if np.issubdtype(times.dtype, np.datetime64):
        times = mdates.date2num(times)
    positions = times.astype(float)
    missing = np.flatnonzero(~np.isfinite(positions))
    if missing.size:
        raise InputError(f"{name}: {missing.size} are missing, the first at index {missing[0]}")
    return positions


def label_time(
    ax: Axes,
    times: np.ndarray,
    dated: str = "time",
    counted: str = "time step",
    year: bool = True,
) -> None:
    """Write dates or numbers under the axis, whichever the times are.

    Args:
        ax: the lowest panel.
        times: (n,) as `utc` gives them.
        dated: label of the axis for dates.
        counted: label of the axis for numbers.
        year: write year and month at the end, where no tick holds them.
    """
    if not np.issubdtype(times.dtype, np.datetime64):
        ax.set_xlabel(counted)
        return
    locator = mdates.AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, show_offset=year))
    ax.set_xlabel(dated)


def stretches(mask: ArrayLike) -> np.ndarray:
    """Return first and last index of each unbroken run of True, (runs, 2).

    >>> stretches([0, 1, 1, 0, 1]).tolist()
    [[1, 2], [4, 4]]
    """
    return np.column_stack(event_bounds(mask))


def shade(
    ax: Axes,
    positions: np.ndarray,
    mask: np.ndarray,
    lane: tuple[float, float] = (0, 1),
    **look: Any,
) -> None:
    """Shade the stretches where `mask` is True, as one artist.

    Args:
        ax: the panel.
        positions: (n,) from `positions_of`.
        mask: (n,) bool.
        lane: bottom and height, in shares of the panel's height.
        **look: of the polygons.
    """
    runs = stretches(mask)
    if not len(runs):
        return
    starts, ends = positions[runs].T
    least = np.ptp(positions) * MIN_SHARE
    spare = np.maximum(least - (ends - starts), 0) / 2
    spans = np.column_stack([starts - spare, ends - starts + 2 * spare])
    ax.broken_barh(spans, lane, transform=ax.get_xaxis_transform(), **({"linewidth": 0} | look))


def draw_line(ax: Axes, positions: np.ndarray, values: np.ndarray, **look: Any) -> None:
    """Draw a line that breaks at NaN and where the times jump."""
    steps = np.diff(positions).astype(float)
    usual = np.median(steps[steps > 0]) if (steps > 0).any() else np.inf
    jumps = np.flatnonzero(steps > GAP_FACTOR * usual) + 1
    positions = np.insert(positions, jumps, positions[jumps])
    ax.plot(positions, np.insert(np.asarray(values, float), jumps, np.nan), **look)


def draw_score(
    ax: Axes, positions: np.ndarray, scores: np.ndarray, threshold: float | np.ndarray | None
) -> None:
    """Draw a score with its threshold, on a logarithmic axis where its peaks are high.

    Args:
        ax: the panel.
        positions: (n,) where the scores lie on the axis.
        scores: (n,) larger = more anomalous, NaN where there is none.
        threshold: a number, one per score (NaN where there is none), or None.
    """
    look = {"color": ANOMALY, "linestyle": "--", "linewidth": 1.3, "zorder": 3}
    draw_line(ax, positions, scores, color=INK, linewidth=0.9)
    if threshold is not None and np.ndim(threshold):
        draw_line(ax, positions, threshold, label="threshold, changing in time", **look)
    elif threshold is not None:
        ax.axhline(threshold, label=f"threshold {number(threshold)}", **look)
    known = scores[np.isfinite(scores)]
    if known.size and known.min() > 0 and known.max() > LOG_RATIO * np.median(known):
        ax.set_yscale("log")
    ax.set_ylabel("anomaly score")
