"""Series with their labelled anomalies: alone, or above the score that should find them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.checks import checked_labels, checked_line
from zoo.report.figures.style import (
    ANOMALY,
    INK,
    NORMAL,
    PALETTE,
    abbreviated,
    add_legend,
    in_house_style,
    panels,
    set_title,
    stage,
    title_over,
)
from zoo.report.figures.timeline import (
    draw_line,
    draw_score,
    fit_time,
    is_zoned,
    label_time,
    positions_of,
    shade,
    stretches,
    utc,
)

LABELLED = PALETTE[5]
MAX_NAME = 50


@in_house_style
def series_scores(
    times: ArrayLike,
    values: ArrayLike,
    scores: ArrayLike,
    threshold: float | ArrayLike | None,
    labels: ArrayLike | None = None,
    title: str | None = None,
    value_label: str = "value",
    ax: Axes | None = None,
) -> Figure:
    """Draw a series with its flagged stretches and, on the same time axis, its score.

    Labelled anomalies are shaded. A strip between the two panels holds the flagged stretches under
    the labelled ones; each is at least as wide as can be seen.

    Args:
        times: (n,) datetime64, a pandas index in any time zone, or numbers. Lines break where a
            step is ten times the usual.
        values: (n,) what was measured; NaN leaves a gap.
        scores: (n,) larger = more anomalous; NaN, as before the first window, leaves a gap.
        threshold: scores above it are flagged; (n,) for one that changes in time, NaN where there
            is none; None flags nothing.
        labels: (n,) with 1 = anomaly; None shades nothing.
        title: None says how many labelled stretches are flagged.
        value_label: what was measured, with its unit: `temperature (°C)`.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: arrays whose lengths differ, infinity, or missing times.
    """
    positions, dates = positions_of(times), utc(times)
    values = checked_line(values, len(positions), "values")
    scores = checked_line(scores, len(positions), "scores")
    if threshold is not None and np.ndim(threshold):
        threshold = checked_line(threshold, len(positions), "threshold")
    true = None if labels is None else checked_labels(labels, len(positions))
    flagged = np.zeros(len(positions), bool) if threshold is None else scores > threshold

    lanes = {} if threshold is None else {"flagged": flagged}
    if true is not None and lanes:
        lanes = {"labelled": true} | lanes
    ratios = [2, 0.11 * max(len(lanes), 1), 1]
    value, strip, score = panels(ax, 3, 1, (9, 6), height_ratios=ratios, sharex=True)[:, 0]
    draw_line(value, positions, values, color=NORMAL, linewidth=0.9, label="measured")
    draw_score(score, positions, scores, threshold)
    if true is not None:
        for panel, label in ((value, f"labelled anomaly ({len(stretches(true)):,})"), (score, "")):
            shade(panel, positions, true, color=LABELLED, alpha=0.4, zorder=0, label=label)
    _draw_lanes(strip, positions, lanes)
    value.set_ylabel(value_label)
    for panel in (value, strip):
        panel.tick_params(labelbottom=False)
    fit_time(value, positions)
    label_time(score, dates, "time (UTC)" if is_zoned(times) else "time")
    if title is None:
        title = _finding(true, flagged) if lanes else f"{len(scores):,} points with their scores"
    set_title(value, title)
    value.figure.align_ylabels((value, score))
    add_legend((value, score), below=ax is None)
    return value.figure


@in_house_style
def series_grid(
    series: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike | None]],
    title: str,
    value_label: str = "value",
    ax: Axes | None = None,
) -> Figure:
    """Draw several series, each on its own axes, with labelled anomalies shaded.

    Args:
        series: name to (times (n,), values (n,), labels (n,) with 1 = anomaly, or None); as in
            `series_scores`.
        title: the finding.
        value_label: what was measured, with its unit.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: no series, or arrays of one that do not fit.
    """
    if not series:
        raise InputError("series: none given, expected name -> (times, values, labels or None)")
    checked = {name: _checked(name, *parts) for name, parts in series.items()}

    host = stage(ax, (9, 0.7 + 1.6 * len(checked)))
    cells = host.subplots(len(checked), 1, squeeze=False)[:, 0]
    for cell, (name, (times, positions, values, true)) in zip(cells, checked.items(), strict=True):
        draw_line(cell, positions, values, color=NORMAL, linewidth=0.8, label="measured")
        shade(cell, positions, true, color=LABELLED, alpha=0.5, zorder=0, label="labelled anomaly")
        label_time(cell, utc(times), dated="", year=False)
        fit_time(cell, positions)
        cell.set_ylabel(value_label)
        said = f"{abbreviated(name, MAX_NAME)}: {_extent(utc(times))}, {_share(true)}"
        cell.set_title(said, size=8.5, weight="normal", pad=4)
    host.align_ylabels(cells)
    title_over(host, title)
    add_legend(cells, below=ax is None)
    return host.figure


def _checked(name: str, times: ArrayLike, values: ArrayLike, labels: ArrayLike | None) -> tuple:
    positions = positions_of(times, f"times of {name!r}")
    values = checked_line(values, len(positions), f"values of {name!r}")
    true = np.zeros(len(positions), bool)
    if labels is not None:
        true = checked_labels(labels, len(positions), f"labels of {name!r}")
    return times, positions, values, true


def _extent(times: np.ndarray) -> str:
    said = f"{len(times):,} points"
    if not np.issubdtype(times.dtype, np.datetime64):
        return said
    first, last = np.datetime_as_string([times.min(), times.max()], unit="D")
    return f"{said} on {first}" if first == last else f"{said} from {first} to {last}"


def _share(true: np.ndarray) -> str:
    return f"{true.mean():.1%} labelled" if true.any() else "none labelled"


def _draw_lanes(strip: Axes, positions: np.ndarray, lanes: dict[str, np.ndarray]) -> None:
    """Draw one lane per mask, with the stretches where it is True."""
    colors = {"labelled": LABELLED, "flagged": ANOMALY}
    height = 1 / max(len(lanes), 1)
    bottoms = [1 - (row + 1) * height for row in range(len(lanes))]
    for bottom, (name, mask) in zip(bottoms, lanes.items(), strict=True):
        shade(strip, positions, mask, (bottom, height), color=colors[name])
    strip.set(ylim=(0, 1), yticks=[bottom + height / 2 for bottom in bottoms])
    strip.set_yticklabels(list(lanes))
    strip.tick_params(length=0)
    strip.grid(False)
    strip.spines[:].set_visible(bool(lanes))
    strip.spines[:].set(color=INK, linewidth=0.5)


def _finding(true: np.ndarray | None, flagged: np.ndarray) -> str:
    if true is None or not true.any():
        return f"{flagged.sum():,} of {len(flagged):,} points are flagged"
    labelled = stretches(true)
    hit = sum(flagged[first : last + 1].any() for first, last in labelled)
    wrong = sum(not true[first : last + 1].any() for first, last in stretches(flagged))
    return (
        f"{hit:,} of {len(labelled):,} labelled stretches hold a flag; "
        f"flagged stretches outside them: {wrong:,}"
    )
