"""One method on several backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.errors import InputError
from zoo.report.figures.style import (
    HATCHES,
    INK,
    PALETTE,
    abbreviated,
    in_house_style,
    one_panel,
    set_title,
    title_width,
)
from zoo.report.metric_names import metric as metric_named
from zoo.report.metric_names import shown, trivial_value
from zoo.report.table import row_kinds, variant_names

if TYPE_CHECKING:
    import pandas as pd

MAX_NAME = 40
BACKENDS = ("tensorflow", "jax", "torch")  # each has its colour in every figure
BAR_INCHES = 0.26


@in_house_style
def backend_bars(table: pd.DataFrame, metric: str, ax: Axes | None = None) -> Figure:
    """Draw a metric of each variant on each backend; seeds as mean with their standard deviation.

    The title says by how much equal seeds differ between backends, which is all that backends do.
    Baselines, which use none, are left out.

    Args:
        table: from `zoo.report.comparison.runs_table`: `recipe`, `variant`, `backend`, `seed`, the
            metric. Its runs should differ in seed and backend only.
        metric: the column to draw.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: a column is missing, or the metric has no numbers.
    """
    known = _checked(table, metric)
    names = list(dict.fromkeys(known["name"]))
    used = [name for name in BACKENDS if name in set(known["backend"])]
    used += [name for name in dict.fromkeys(known["backend"]) if name not in used]
    groups = known.groupby(["name", "backend"], sort=False)[metric]
    means, spreads = groups.mean(), groups.std()
    start = trivial_value(metric, None) if metric == "roc_auc" else 0.0

    ax = one_panel(ax, (7.6, 1.7 + len(names) * (BAR_INCHES * len(used) + 0.2)))
    height = 0.8 / len(used)
    for place, backend in enumerate(used):
        rows = [row for row, name in enumerate(names) if (name, backend) in means]
        found = np.array([means[names[row], backend] for row in rows])
        spread = np.array([spreads[names[row], backend] for row in rows])
        looks = BACKENDS.index(backend) if backend in BACKENDS else len(BACKENDS) + place
        bars = ax.barh(
            np.array(rows) + (place - (len(used) - 1) / 2) * height,
            found - start,
            left=start,
            xerr=np.nan_to_num(spread) if np.isfinite(spread).any() else None,
            height=0.92 * height,
            color=PALETTE[looks % len(PALETTE)],
            hatch=HATCHES[looks % len(HATCHES)],
            edgecolor="white",
            label=backend,
            error_kw={"ecolor": INK, "capsize": 2},
        )
        ax.bar_label(bars, labels=[shown(metric, value) for value in found], padding=5, fontsize=8)
    ax.axvline(start, color=INK, linewidth=1)
    ax.set_yticks(range(len(names)), [abbreviated(name, MAX_NAME) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.margins(x=0.14)
    ax.grid(axis="y", visible=False)
    title = metric_named(metric).title
    notes = [f"bars start at a coin flip, {start:g}"] if start else []
    seeds = groups.size()
    if seeds.max() > 1:
        fewest = "" if seeds.min() == seeds.max() else f"{seeds.min()} to "
        notes.append(f"mean and standard deviation of {fewest}{seeds.max()} runs")
    ax.set_xlabel(f"{title} ({'; '.join(notes)})" if notes else title)
    set_title(ax, _finding(known, metric), title_width(ax, names, MAX_NAME))
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower right", ncols=len(used))
    return ax.figure


def _checked(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the rows to draw, with a column `name`."""
    missing = [name for name in ("variant", "backend", "seed", metric) if name not in table.columns]
    if missing:
        raise InputError(
            f"table: columns {list(table.columns)}, expected {' and '.join(missing)} too; "
            "runs_table makes one"
        )
    named = table.assign(name=variant_names(table), backend=table["backend"].fillna("unknown"))
    named = named[np.array(row_kinds(table)) == "model"]
    known = named.dropna(subset=[metric])
    if known.empty:
        raise InputError(f"table: no model has a {metric}; choose another metric")
    return known


def _finding(known: pd.DataFrame, metric: str) -> str:
    """Return the largest difference of a metric between backends, and between seeds on one."""
    title = metric_named(metric).title
    if known["backend"].nunique() < 2:
        return f"{title} on {known['backend'].iloc[0]}, the only backend"
    by_seed = known.groupby(["name", "seed", "backend"], dropna=False)[metric].mean()
    by_seed = by_seed.unstack("backend")
    gaps = (by_seed.max(axis=1) - by_seed.min(axis=1))[by_seed.notna().sum(axis=1) > 1]
    if gaps.empty:
        return f"{title} by backend; no seed was run on two of them"
    text = f"From one seed, {title} is the same on all backends"
    if gaps.max() >= 0.0005:
        text = f"From one seed, {title} differs by up to {gaps.max():.3f} between backends"
        text += f" ({gaps.idxmax()[0]})"
    if known.groupby(["name", "backend"])["seed"].nunique().max() < 2:
        return text
    seeds = by_seed.groupby("name").agg(lambda values: values.max() - values.min()).max().max()
    return f"{text}; between seeds by up to {seeds:.3f}"
