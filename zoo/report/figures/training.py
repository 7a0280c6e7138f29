"""Loss curves over the epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoo.report.figures.style import (
    add_legend,
    in_house_style,
    line_look,
    number,
    panels,
    set_title,
)

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = 3
LOG_FROM = 30  # largest over smallest value that makes a panel logarithmic
VALIDATION = "thin, with points: validation"


@in_house_style
def training_curves(history: pd.DataFrame, ax: Axes | None = None) -> Figure:
    """Draw each loss term over the epochs, a panel a term, a line a variant.

    Args:
        history: one row per epoch: `epoch`, numeric columns (a panel each; `val_x` is drawn dashed
            into the panel of `x`) and text columns such as `variant` or `phase` (a line per
            combination). NaN is left out.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: no column `epoch`, or no numbers beside it.
    """
    if "epoch" not in history.columns:
        raise ValueError(f"history: columns {list(history.columns)}, expected one named 'epoch'")
    values = history.select_dtypes("number").drop(columns="epoch").dropna(axis=1, how="all")
    terms = [name for name in values if not _is_validation(name, values)]
    if not terms:
        raise ValueError(f"history: columns {list(history.columns)}, expected a numeric loss term")
    numeric = history.select_dtypes("number").columns
    naming = [name for name in history.columns if name not in numeric]
    lines = dict(_lines(history, naming))

    columns = min(COLUMNS, len(terms))
    rows = -(-len(terms) // columns)
    axes = panels(ax, rows, columns, (max(5.6, 3.6 * columns), 3.6 * rows))
    for cell in axes.flat[len(terms) :]:
        cell.set_axis_off()
    for cell, term in zip(axes.flat, terms, strict=False):
        _draw_term(cell, term, lines)
    add_legend(axes.flat[: len(terms)], below=ax is None, last=VALIDATION)
    return axes[0, 0].figure


def _is_validation(name: str, values: pd.DataFrame) -> bool:
    return name.startswith("val_") and name.removeprefix("val_") in values


def _lines(history: pd.DataFrame, naming: list[str]):
    if not naming:
        yield "", history
        return
    for key, rows in history.groupby(naming, sort=False, dropna=False):
        yield ", ".join(str(part) for part in key), rows


def _draw_term(cell: Axes, term: str, lines: dict[str, pd.DataFrame]) -> None:
    drawn = []
    for index, (name, rows) in enumerate(lines.items()):
        for column in (term, f"val_{term}"):
            if column not in rows or rows[column].isna().all():
                continue
            known = rows[["epoch", column]].dropna()
            style = line_look(index) | {"label": name or "training"}
            if column != term:
                style |= {"linewidth": 0.9, "marker": ".", "label": VALIDATION}
            elif len(known) == 1:
                style |= {"marker": "o", "markersize": 4}
            cell.plot(known["epoch"], known[column], **style)
            drawn.append(known[column].to_numpy())
    values = np.concatenate(drawn)
    if values.min() > 0 and values.max() > LOG_FROM * values.min():
        cell.set_yscale("log")
    words = term.replace("_", " ")
    set_title(cell, _finding(words, drawn), width=36)
    cell.set_xlabel("epoch")
    cell.set_ylabel(words)
    cell.xaxis.set_major_locator(MaxNLocator(integer=True))


def _finding(term: str, drawn: list[np.ndarray]) -> str:
    if len(drawn) == 1:
        first, last = drawn[0][0], drawn[0][-1]
        verb = "fell" if last < first else "rose" if last > first else "stayed"
        return f"{term} {verb} from {number(first)} to {number(last)}"
    falling = sum(values[-1] < values[0] for values in drawn)
    many = f"all {falling}" if falling == len(drawn) else f"{falling} of {len(drawn)}"
    return f"{term} fell in {many} lines"
