"""Speed of every backend and engine as a multiple of the native loop's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from zoo.bench.contestants import FAST, NATIVE, REFERENCE, STOCK, title
from zoo.errors import InputError
from zoo.report.figures.backends import BACKENDS
from zoo.report.figures.style import HATCHES, INK, MUTED, PALETTE, in_house_style, panels, set_title

Row = Mapping[str, Any]

MEASURES = {"train": "Training", "score": "Scoring"}
MARKERS = {REFERENCE: "o", STOCK: "D"}  # of the engines that are drawn beside the bar
LOOP = "native loop = 1"
BAR_INCHES = 0.24
MARGIN = 1.9  # axis limit, as a multiple of the longest bar, which leaves room for its label


@in_house_style
def speed_bars(rows: Sequence[Row], ax: Axes | None = None) -> Figure:
    """Draw each backend's speed as a multiple of the native loop's, by model, with its interval.

    Bars show the fast engine, markers the reference engine and stock Keras. Bars start at 1, the
    native loop, on a logarithmic axis: twice as fast is as long as half as fast. A row that failed
    is named in place of its bar.

    Args:
        rows: of `zoo bench`, with `train_ratio`, `train_ratio_low`, `train_ratio_high` and the
            same of `score`.
        ax: axes whose place the two panels take; None makes a figure.

    Raises:
        InputError: no row has a ratio to the native loop.
    """
    rows = [row for row in rows if row["engine"] != NATIVE and not row.get("peer")]
    if not any(row.get(f"{verb}_ratio") for row in rows for verb in MEASURES):
        raise InputError("rows: none has a ratio to the native loop; measure it in the same run")
    names = list(dict.fromkeys(map(_key, rows)))
    used = [name for name in BACKENDS if any(row["backend"] == name for row in rows)]
    height = 1.7 + len(names) * (BAR_INCHES * len(used) + 0.2)
    axes = panels(ax, 1, 2, (11, height))[0]
    for panel, (verb, measure) in zip(axes, MEASURES.items(), strict=True):
        _draw(panel, rows, names, used, verb)
        set_title(panel, f"{measure}: {_finding(rows, verb)}", width=52)
        panel.set_xlabel(f"{measure.lower()} speed, as a multiple of the native PyTorch loop")
    axes[1].tick_params(labelleft=False)
    entries = dict(zip(*reversed(axes[0].get_legend_handles_labels()), strict=True))
    order = [*used, *(title(engine) for engine in MARKERS if title(engine) in entries), LOOP]
    handles = [entries[name] for name in order]
    axes[0].figure.legend(handles, order, loc="outside lower center", ncols=len(order))
    return axes[0].figure


def _draw(
    ax: Axes,
    rows: Sequence[Row],
    names: Sequence[tuple[Any, ...]],
    used: Sequence[str],
    verb: str,
) -> None:
    thickness = 0.8 / len(used)
    reach = [1.0]
    for place, backend in enumerate(used):
        places = {
            key: number + (place - (len(used) - 1) / 2) * thickness
            for number, key in enumerate(names)
        }
        own = [row for row in rows if row["backend"] == backend]
        reach += _draw_backend(ax, own, places, thickness, verb)
    _draw_markers(ax, rows, names, used, verb)
    ax.axvline(1, color=INK, linewidth=1.4, label=LOOP)
    ax.set_xscale("log", base=2)
    ax.set_xlim(min(0.5, min(reach) / MARGIN), max(2, max(reach) * MARGIN))
    ax.xaxis.set_major_locator(LogLocator(base=2))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(_multiple))
    ax.set_yticks(range(len(names)), [_label(name, names) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def _draw_backend(
    ax: Axes,
    rows: Sequence[Row],
    places: Mapping[tuple[Any, ...], float],
    thickness: float,
    verb: str,
) -> list[float]:
    """Draw a backend's bars with their labels; return the values that the axis must hold."""
    looks = BACKENDS.index(rows[0]["backend"])
    fast = [row for row in rows if row["engine"] == FAST]
    known = [row for row in fast if row.get(f"{verb}_ratio")]
    where = [places[_key(row)] for row in known]
    ratios = np.array([row[f"{verb}_ratio"] for row in known])
    low, high = (
        np.array([row.get(f"{verb}_ratio_{end}") or row[f"{verb}_ratio"] for row in known])
        for end in ("low", "high")
    )
    bars = ax.barh(
        where,
        ratios - 1,
        left=1,
        xerr=[np.maximum(ratios - low, 0), np.maximum(high - ratios, 0)] if known else None,
        height=0.92 * thickness,
        color=PALETTE[looks],
        hatch=HATCHES[looks],
        edgecolor="white",
        label=rows[0]["backend"],
        error_kw={"ecolor": INK, "capsize": 2, "elinewidth": 1},
    )
    others = _other_ratios(rows, verb)
    for bar, row, ratio, end in zip(bars, known, ratios, high, strict=True):
        ax.annotate(  # right of everything on its line, so that it touches no marker
            f"{ratio:.2f}",
            (max(1, end, *others.get(_key(row), [])), bar.get_y() + bar.get_height() / 2),
            (6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    for row in fast:
        if not row.get(f"{verb}_ratio") and row.get("status", "ok") != "ok":
            text = f" {row['backend']}: {row['status']}"
            ax.text(1, places[_key(row)], text, va="center", fontsize=8, color=MUTED)
    return [*low, *high, *(ratio for own in others.values() for ratio in own)]


def _draw_markers(
    ax: Axes,
    rows: Sequence[Row],
    names: Sequence[tuple[Any, ...]],
    used: Sequence[str],
    verb: str,
) -> None:
    """Draw the reference engine and stock Keras on the line of their backend's bar."""
    thickness = 0.8 / len(used)
    for engine, marker in MARKERS.items():
        own = [row for row in rows if row["engine"] == engine and row.get(f"{verb}_ratio")]
        if own:
            ax.plot(
                [row[f"{verb}_ratio"] for row in own],
                [
                    names.index(_key(row))
                    + (used.index(row["backend"]) - (len(used) - 1) / 2) * thickness
                    for row in own
                ],
                marker,
                color=INK if engine == STOCK else "white",
                markeredgecolor="white" if engine == STOCK else INK,
                markeredgewidth=0.9,
                markersize=5.5,
                linestyle="none",
                zorder=4,
                label=title(engine),
            )


def _other_ratios(rows: Sequence[Row], verb: str) -> dict[tuple[Any, ...], list[float]]:
    """Return the ratios of engines other than the fast one, by model, device and batch size."""
    found: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        if row["engine"] != FAST and row.get(f"{verb}_ratio"):
            found.setdefault(_key(row), []).append(row[f"{verb}_ratio"])
    return found


def _finding(rows: Sequence[Row], verb: str) -> str:
    """Return on how many networks the best backend is faster than the native loop."""
    best: dict[tuple[Any, ...], float] = {}
    for row in rows:
        ratio = row.get(f"{verb}_ratio")
        if ratio and row["engine"] == FAST:
            best[_key(row)] = max(ratio, best.get(_key(row), 0))
    if not best:
        return "no ratio is known"
    faster = sum(ratio > 1 for ratio in best.values())
    many = f"{len(best)} network{'s' if len(best) > 1 else ''}"
    return f"the best backend beats the hand-written loop on {faster} of {many}"


def _multiple(value: float, _: int) -> str:
    return f"{value:g}×" if value >= 1 else f"1/{1 / value:g}×"


def _key(row: Row) -> tuple[Any, ...]:
    return row["model"], row["device"], row["batch_size"]


def _label(name: tuple[Any, ...], names: Sequence[tuple[Any, ...]]) -> str:
    """Return the model, with its device and batch size where models have several."""
    model, device, size = name
    devices = {other[1] for other in names}
    sizes = {other[2] for other in names if other[0] == model}
    extra = [device] if len(devices) > 1 else []
    extra += [f"batch {size}"] if len(sizes) > 1 else []
    return f"{model}\n{', '.join(extra)}" if extra else model
