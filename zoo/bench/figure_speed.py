"""Speed of every backend beside a hand-written loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from zoo.errors import InputError
from zoo.report.figures.backends import BACKENDS
from zoo.report.figures.style import HATCHES, INK, MUTED, PALETTE, in_house_style, panels, set_title

MEASURES = {"train": "Training", "score": "Scoring"}
THICKNESS = 0.2  # of a bar, in inches
ROOM = 1.9  # times the longest bar, for its label


@in_house_style
def speed_bars(rows: Sequence[Mapping[str, Any]], ax: Axes | None = None) -> Figure:
    """Draw each backend's speed as a multiple of the native loop's, by model, with its interval.

    Bars start at 1, the native loop, on a logarithmic axis: twice as fast is as long as half as
    fast. What failed is named in place of its bar.

    Args:
        rows: of `zoo bench`, with `train_ratio`, `train_ratio_low`, `train_ratio_high` and the
            same of `score`.
        ax: axes whose place the two panels take; None makes a figure.

    Raises:
        ValueError: no row has a ratio to the native loop.
    """
    rows = [row for row in rows if row["backend"] != "native" and not row.get("peer")]
    if not any(row.get(f"{verb}_ratio") for row in rows for verb in MEASURES):
        raise InputError("rows: none has a ratio to the native loop; measure it in the same run")
    names = _names(rows)
    used = [name for name in BACKENDS if any(row["backend"] == name for row in rows)]
    height = 1.5 + len(names) * (THICKNESS * len(used) + 0.2)
    axes = panels(ax, 1, 2, (11, height))[0]
    for place, (verb, title) in enumerate(MEASURES.items()):
        _draw(axes[place], rows, names, used, verb)
        set_title(axes[place], f"{title}: {_finding(rows, verb)}", width=52)
        axes[place].set_xlabel(f"{title.lower()} speed, as a multiple of the native PyTorch loop")
    axes[1].tick_params(labelleft=False)
    handles = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*handles, loc="outside lower right", ncols=len(used) + 1)
    return axes[0].figure


def _draw(ax, rows, names, used, verb):
    thickness = 0.8 / len(used)
    reach = [1.0]
    for place, backend in enumerate(used):
        looks = BACKENDS.index(backend)
        own = [row for row in rows if row["backend"] == backend]
        where = np.array([names.index(_key(row)) for row in own])
        where = where + (place - (len(used) - 1) / 2) * thickness
        known = [n for n, row in enumerate(own) if row.get(f"{verb}_ratio")]
        ratios = np.array([own[n][f"{verb}_ratio"] for n in known])
        low, high = (
            np.array([own[n].get(f"{verb}_ratio_{end}") or own[n][f"{verb}_ratio"] for n in known])
            for end in ("low", "high")
        )
        bars = ax.barh(
            where[known],
            ratios - 1,
            left=1,
            xerr=[np.maximum(ratios - low, 0), np.maximum(high - ratios, 0)] if known else None,
            height=0.92 * thickness,
            color=PALETTE[looks],
            hatch=HATCHES[looks],
            edgecolor="white",
            label=backend,
            error_kw={"ecolor": INK, "capsize": 2, "elinewidth": 1},
        )
        for bar, ratio, end in zip(bars, ratios, np.where(ratios < 1, low, high), strict=True):
            ax.annotate(
                f"{ratio:.2f}",
                (end, bar.get_y() + bar.get_height() / 2),
                (-4 if ratio < 1 else 4, 0),
                textcoords="offset points",
                ha="right" if ratio < 1 else "left",
                va="center",
                fontsize=8,
            )
        for row, height in zip(own, where, strict=True):
            if not row.get(f"{verb}_ratio") and row.get("status", "ok") not in ("ok",):
                text = f" {backend}: {row['status']}"
                ax.text(1, height, text, va="center", fontsize=8, color=MUTED)
        reach += [*low, *high]
    ax.axvline(1, color=INK, linewidth=1.4, label="native loop = 1")
    ax.set_xscale("log", base=2)
    ax.set_xlim(min(0.5, min(reach) / ROOM), max(2, max(reach) * ROOM))
    ax.xaxis.set_major_locator(LogLocator(base=2))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    ax.set_yticks(range(len(names)), [_label(name, names) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def _finding(rows, verb):
    """On how many networks the best backend is faster than the loop."""
    best = {}
    for row in rows:
        ratio = row.get(f"{verb}_ratio")
        if ratio:
            best[_key(row)] = max(ratio, best.get(_key(row), 0))
    if not best:
        return "no ratio is known"
    faster = sum(ratio > 1 for ratio in best.values())
    many = f"{len(best)} network{'s' if len(best) > 1 else ''}"
    return f"the best backend beats the hand-written loop on {faster} of {many}"


def _key(row):
    return row["model"], row["device"], row["batch_size"]


def _names(rows):
    return list(dict.fromkeys(map(_key, rows)))


def _label(name, names):
    """The model; its device and batch size where models come with several."""
    model, device, size = name
    devices = {other[1] for other in names}
    sizes = {other[2] for other in names if other[0] == model}
    extra = [device] if len(devices) > 1 else []
    extra += [f"batch {size}"] if len(sizes) > 1 else []
    return f"{model}\n{', '.join(extra)}" if extra else model
