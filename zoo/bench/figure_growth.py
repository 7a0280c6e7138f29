"""Time and memory over the number of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.bench.growth import order_of_growth
from zoo.errors import InputError
from zoo.report.figures.backends import BACKENDS
from zoo.report.figures.style import MUTED, PALETTE, in_house_style, panels, set_title

TIMES = {"fit_seconds": "-", "score_seconds": "--"}
MEMORY = "peak_memory_mb"


@in_house_style
def growth_lines(rows: Sequence[Mapping[str, Any]], ax: Axes | None = None) -> Figure:
    """Draw seconds and memory over rows on logarithmic axes, beside a line of linear growth.

    Each title gives the cost of ten times the rows at most, between the two largest sizes.

    Args:
        rows: of `zoo.bench.growth.growth`; those without numbers are left out.
        ax: axes whose place the two panels take; None makes a figure.

    Raises:
        InputError: fewer than two sizes of one backend have numbers.
    """
    rows = sorted((row for row in rows if row.get(MEMORY)), key=lambda row: row["rows"])
    lines = {name: [row for row in rows if row["backend"] == name] for name in BACKENDS}
    lines = {name: own for name, own in lines.items() if len({row["rows"] for row in own}) > 1}
    if not lines:
        raise InputError("rows: no backend has two sizes with numbers; measure more sizes")
    axes = panels(ax, 1, 2, (11, 4.6))[0]
    for panel, measures in zip(axes, (TIMES, {MEMORY: "-"}), strict=True):
        for name, own in lines.items():
            for measure, style in measures.items():
                what = f", {measure.split('_')[0]}" if measures is TIMES else ""
                panel.plot(
                    [row["rows"] for row in own],
                    [row[measure] for row in own],
                    color=PALETTE[BACKENDS.index(name)],
                    linestyle=style,
                    marker="o",
                    markersize=4,
                    label=f"{name}{what}",
                )
        _draw_linear(panel, lines, next(iter(measures)))
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlabel("rows")
    times = 10 ** max(order_of_growth(own, each) for own in lines.values() for each in TIMES)
    memory = 10 ** max(order_of_growth(own, MEMORY) for own in lines.values())
    set_title(axes[0], f"Ten times the rows take {times:.1f} times as long at most", width=44)
    set_title(axes[1], f"Ten times the rows take {memory:.1f} times the memory at most", width=44)
    axes[0].set_ylabel("seconds, one epoch and one scoring")
    axes[1].set_ylabel("peak memory above the imports, MB")
    handles = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*handles, loc="outside lower center", ncols=4)
    return axes[0].figure


def _draw_linear(
    panel: Axes, lines: Mapping[str, Sequence[Mapping[str, Any]]], measure: str
) -> None:
    """Draw a line of slope 1 through the highest point of the largest size."""
    every = [row for own in lines.values() for row in own]
    first, last = (pick(row["rows"] for row in every) for pick in (min, max))
    top = max(row[measure] for row in every if row["rows"] == last)
    ends = [top * first / last, top]
    panel.plot([first, last], ends, color=MUTED, linestyle=":", linewidth=1.2, label="linear")
