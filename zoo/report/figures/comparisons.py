"""Variants against each other and against one-second baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zoo.errors import InputError
from zoo.report.figures.style import (
    INK,
    MUTED,
    NORMAL,
    abbreviated,
    in_house_style,
    one_panel,
    set_title,
    title_width,
)
from zoo.report.metric_names import metric as metric_named
from zoo.report.metric_names import shown, trivial_value
from zoo.report.table import row_names

if TYPE_CHECKING:
    import pandas as pd

MAX_NAME = 44


@in_house_style
def comparison_bars(
    comparison: pd.DataFrame,
    metric: str = "roc_auc",
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw one bar per variant, best on top; bars start at what a detector without skill gets.

    Args:
        comparison: one row per variant: `variant`, the metric, optionally `kind` (`baseline` rows
            are drawn grey and hatched), `<metric>_std` (drawn as error bars) and columns of words
            such as `input`, which name the rows where they share a variant.
        metric: the column to draw; larger is better.
        title: None says which variant is best.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: a column is missing, or the metric has no numbers.
    """
    missing = [name for name in ("variant", metric) if name not in comparison.columns]
    if missing:
        raise InputError(
            f"comparison: columns {list(comparison.columns)}, expected {' and '.join(missing)} too"
        )
    named = comparison.assign(variant=row_names(comparison))
    known = named.dropna(subset=[metric]).sort_values(metric, kind="stable")
    if known.empty:
        raise InputError(f"comparison: no variant has a {metric}; choose another metric")
    values = known[metric].to_numpy(float)
    baseline = np.asarray(known["kind"] != "model" if "kind" in known else np.zeros(len(known)))
    start = trivial_value(metric, None) or 0.0

    ax = one_panel(ax, (7.4, 1.5 + (0.42 if len(known) <= 12 else 0.3) * len(known)))
    spread = known.get(f"{metric}_std")
    bars = ax.barh(
        range(len(known)),
        values - start,
        left=start,
        xerr=None if spread is None else spread.fillna(0).to_numpy(float),
        color=[MUTED if simple else NORMAL for simple in baseline],
        hatch=["////" if simple else "" for simple in baseline],
        edgecolor="white",
        height=0.66,
        error_kw={"ecolor": INK, "capsize": 3},
    )
    ax.set_yticks(range(len(known)), [abbreviated(n, MAX_NAME) for n in known["variant"]])
    ax.set_ylim(-0.6, len(known) - 0.4)
    ax.bar_label(bars, labels=[shown(metric, value) for value in values], padding=5, fontsize=9)
    ax.axvline(start, color=INK, linewidth=1)
    ax.margins(x=0.14)
    ax.grid(axis="y", visible=False)
    name = metric_named(metric).title
    ax.set_xlabel(f"{name} (bars start at a coin flip, {start:g})" if start else name)
    best = known.iloc[-1]
    title = title or f"{best['variant']} has the highest {name}: {shown(metric, values[-1])}"
    set_title(ax, title, title_width(ax, known["variant"], MAX_NAME))
    if baseline.any():
        looks = {"edgecolor": "white"}
        handles = [
            Patch(facecolor=NORMAL, label="this recipe", **looks),
            Patch(facecolor=MUTED, hatch="////", label="one-second baseline", **looks),
        ]
        ax.figure.legend(handles=handles, loc="outside lower right", ncols=2)
    return ax.figure
