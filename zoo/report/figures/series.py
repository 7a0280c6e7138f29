"""Prices over time with the marks of a detector, above its score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.style import (
    ANOMALY,
    HATCHES,
    MUTED,
    NORMAL,
    PALETTE,
    add_legend,
    in_house_style,
    panels,
    set_title,
)
from zoo.report.figures.timeline import MIN_SHARE, draw_score, label_time, utc

EVENT_COLORS = (*PALETTE[2:6], MUTED)


class Event(NamedTuple):
    """A known disturbance, such as an injected flash crash.

    Attributes:
        start: its first moment, of the type of the chart's timestamps.
        end: its last moment.
        kind: its name, for the legend.
    """

    start: Any
    end: Any
    kind: str


@in_house_style
def price_chart(
    timestamps: ArrayLike,
    close: ArrayLike,
    anomalies: ArrayLike,
    threshold: float | None,
    scores: ArrayLike,
    events: Sequence[Event | tuple] = (),
    price_label: str = "closing price",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the price with marked anomalies and, on the same time axis beneath, the score.

    Args:
        timestamps: (n,) datetime64 or a pandas index in any time zone, rising; integers (candle
            numbers) do as well.
        close: (n,) closing price.
        anomalies: (n,) bool, or the indices of the candles to mark.
        threshold: scores above it are flagged; None draws no line.
        scores: (n,) score of the window that ends at each candle; NaN before the first window.
        events: known disturbances, `(start, end, kind)`; shaded, named in the legend.
        price_label: what the price is, with its unit: `closing price (USDT)`.
        title: None says how many candles are marked.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: arrays whose lengths differ.
    """
    times, close, scores = utc(timestamps), np.asarray(close), np.asarray(scores, float)
    if not len(times) == len(close) == len(scores):
        raise InputError(
            f"timestamps, close and scores have {len(times)}, {len(close)} and {len(scores)} "
            "values, expected one each per candle; fill scores with NaN before the first window"
        )
    marked = _marked(anomalies, len(times))

    price, score = panels(ax, 2, 1, (9, 6), height_ratios=[2, 1], sharex=True)[:, 0]
    for index, (kind, spans) in enumerate(_spans_by_kind(events, times).items()):
        _shade(price, index, spans, f"{kind} ({len(spans)})")
        _shade(score, index, spans, label=None)
    price.plot(times, close, color=NORMAL, linewidth=1, label="price")
    price.scatter(
        times[marked], close[marked], s=36, marker="v", color=ANOMALY, zorder=4,
        edgecolors="white", linewidths=0.5, label=f"marked as anomaly ({len(marked):,})",
    )  # fmt: skip
    price.set_ylabel(price_label)
    price.tick_params(labelbottom=False)
    set_title(price, title or f"{len(marked):,} of {len(times):,} candles are marked as anomalous")

    draw_score(score, times, scores, threshold)
    add_legend((price, score), below=ax is None)
    label_time(score, times, "time (UTC)", "candle")
    return price.figure


def _marked(anomalies: ArrayLike, count: int) -> np.ndarray:
    """Return the indices of the marked candles, from indices or a mask."""
    array = np.asarray(anomalies)
    if array.dtype == bool:
        if array.shape != (count,):
            raise InputError(f"anomalies: mask of shape {array.shape}, expected ({count},)")
        return np.flatnonzero(array)
    return array.astype(int)


def _spans_by_kind(events: Sequence, times: np.ndarray) -> dict[str, list[tuple]]:
    """Return spans by kind, each at least wide enough to be visible."""
    spans: dict[str, list[tuple]] = {}
    if not len(times):
        return spans
    least = (times[-1] - times[0]) * MIN_SHARE
    for start, end, kind in events:
        start, end = utc([start, end]).astype(times.dtype)
        spans.setdefault(str(kind), []).append((start, max(end, start + least)))
    return spans


def _shade(panel: Axes, index: int, spans: list[tuple], label: str | None) -> None:
    """Shade the spans of the `index`-th kind; the label names the first."""
    look = {
        "facecolor": EVENT_COLORS[index % len(EVENT_COLORS)],
        "hatch": HATCHES[index % len(HATCHES)],
        "edgecolor": "white",
        "linewidth": 0,
        "alpha": 0.5,
    }
    for position, (start, end) in enumerate(spans):
        panel.axvspan(start, end, label=None if position else label, zorder=0, **look)
