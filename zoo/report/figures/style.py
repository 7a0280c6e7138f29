"""The house style: colours, lines and paper, applied inside each figure function only."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.gridspec import SubplotSpec

from zoo.errors import InputError

# Okabe & Ito, "Color Universal Design", 2008: told apart by colour-blind readers.
NORMAL = "#0072B2"  # blue
ANOMALY = "#D55E00"  # vermilion
INK = "#222222"
MUTED = "#767676"
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#222222")
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
HATCHES = ("", "////", "....", "xxxx", "----", "++++", "oooo")

_HOUSE = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "white",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 9,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name or a title is a dollar
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}

Draw = TypeVar("Draw", bound=Callable[..., Figure])


def in_house_style(draw: Draw) -> Draw:
    """Run a figure function under the house style; the caller's rcParams are left as they were."""

    @functools.wraps(draw)
    def styled(*args, **kwargs):
        with matplotlib.rc_context(_HOUSE):
            return draw(*args, **kwargs)

    return styled  # type: ignore[return-value]


def one_panel(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return `ax`, or the axes of a new figure of `size` inches (width, height)."""
    return Figure(figsize=size, layout="constrained").add_subplot() if ax is None else ax


def stage(
    ax: Axes | None, size: tuple[float, float], layout: str = "constrained"
) -> Figure | SubFigure:
    """Return a figure for several panels under one title, or a part of one in the place of `ax`.

    Args:
        ax: an axes from `subplots` or `add_subplot`, which is removed; None for a new figure.
        size: width and height of a new figure, in inches.
        layout: of a new figure; `compressed` for panels of fixed shape.

    Raises:
        ValueError: `ax` has no place in a grid.
    """
    if ax is None:
        return Figure(figsize=size, layout=layout)
    figure, place = _taken(ax)
    return figure.add_subfigure(place)


def panels(
    ax: Axes | None,
    rows: int,
    columns: int,
    size: tuple[float, float],
    height_ratios: Sequence[float] | None = None,
    sharex: bool = False,
    width_ratios: Sequence[float] | None = None,
) -> np.ndarray:
    """Return a grid of axes in a new figure, or in the place of `ax`, which is removed.

    Args:
        ax: an axes from `subplots` or `add_subplot`, or None for a new figure.
        rows: rows of the grid.
        columns: columns of the grid.
        size: width and height of a new figure, in inches.
        height_ratios: (rows,) relative heights.
        sharex: let each column share its horizontal axis.
        width_ratios: (columns,) relative widths.

    Returns:
        (rows, columns) array of axes.

    Raises:
        ValueError: `ax` has no place in a grid to share out.
    """
    if ax is None:
        place = Figure(figsize=size, layout="constrained").add_gridspec()[0, 0]
        figure = place.get_gridspec().figure
    else:
        figure, place = _taken(ax)
    ratios = {"height_ratios": height_ratios, "width_ratios": width_ratios}
    grid = place.subgridspec(rows, columns, **ratios)
    axes = np.empty((rows, columns), dtype=object)
    for row, column in np.ndindex(rows, columns):
        above = axes[0, column] if sharex and row else None
        axes[row, column] = figure.add_subplot(grid[row, column], sharex=above)
    return axes


def title_over(host: Figure | SubFigure, text: str) -> None:
    """Set one title over all panels of a `stage`, broken into lines that fit."""
    lines = textwrap.wrap(text, max(20, int(host.bbox.width / host.dpi * 9.5)))
    look = {"size": _HOUSE["axes.titlesize"], "weight": _HOUSE["axes.titleweight"]}
    host.suptitle("\n".join(lines), x=0.01, ha="left", **look)


def set_title(ax: Axes, text: str, width: int | None = None) -> None:
    """Set the title, broken into lines that fit.

    Args:
        ax: the axes.
        text: the finding, as a sentence without its full stop.
        width: characters per line; None fits the width of the figure.
    """
    if width is None:
        width = max(20, int(ax.figure.get_figwidth() * 9.5))
    ax.set_title("\n".join(textwrap.wrap(text, width)))


def title_width(ax: Axes, rows: Sequence, longest: int) -> int:
    """Return the characters that fit in a title that starts where the names of rows end.

    Args:
        ax: the axes.
        rows: the names.
        longest: characters a name is abbreviated to.
    """
    taken = min(longest, max(len(str(name)) for name in rows))
    return max(20, int(10 * (ax.figure.get_figwidth() - 0.072 * taken - 0.5)))


def add_legend(cells: Iterable[Axes], below: bool, last: str = "") -> None:
    """Draw one legend for several panels, each label once; none for fewer than two labels.

    Args:
        cells: the panels; the first holds the legend where `below` is False.
        below: put it under the panels; only where no one else draws in the figure.
        last: the label to put at the end.
    """
    cells = list(cells)
    handles = {}
    for cell in cells:
        for handle, label in zip(*cell.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    labels = sorted(handles, key=lambda label: label == last)
    if len(labels) < 2:
        return
    holder = cells[0].figure if below else cells[0]
    place = {"loc": "outside lower center", "ncols": min(len(labels), 3)} if below else {}
    holder.legend([handles[label] for label in labels], labels, **place)


def line_look(index: int) -> dict:
    """Return color and line style of the `index`-th line; 42 differ in color, 6 in gray."""
    return {
        "color": PALETTE[index % len(PALETTE)],
        "linestyle": LINE_STYLES[index % len(LINE_STYLES)],
    }


def number(value: float) -> str:
    """Format a number for a title or label: 3 significant digits, thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def abbreviated(text: object, most: int) -> str:
    """Return a name of at most `most` characters, shortened in the middle.

    Names differ most at their ends.

    >>> abbreviated("self-supervised LSTM, encoder unfrozen", 24)
    'self-supervi…er unfrozen'
    """
    text = str(text)
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"


def _taken(ax: Axes) -> tuple[Figure, SubplotSpec]:
    """Remove an axes; return its figure and its place in the grid."""
    figure, place = ax.figure, ax.get_subplotspec()
    if place is None:
        raise InputError(
            "this figure has several panels, and `ax` was placed by hand; "
            "pass an axes from Figure.subplots or add_subplot"
        )
    ax.remove()
    return figure, place
