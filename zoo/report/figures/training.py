"""Loss curves over the epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zoo.errors import InputError
from zoo.report.figures.style import (
    abbreviated,
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
MAX_LABEL = 30  # characters
LOG_RATIO = 30  # largest over smallest value that makes a panel logarithmic
VALIDATION = "thin, with points: validation"


@in_house_style
def training_curves(history: pd.DataFrame, ax: Axes | None = None) -> Figure:
    """Draw each loss term over the epochs, one panel per term, one line per variant.

    Args:
        history: one row per epoch: `epoch`, numeric columns (a panel each; `val_x` is drawn dashed
            into the panel of `x`) and text columns such as `variant` or `phase` (a line per
            combination). NaN is left out.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: no column `epoch`, or no numbers beside it.
    """
    if "epoch" not in history.columns:
        raise InputError(f"history: columns {list(history.columns)}, expected one named 'epoch'")
    values = history.select_dtypes("number").drop(columns="epoch").dropna(axis=1, how="all")
    terms = [name for name in values if not _is_validation(name, values)]
    if not terms:
        raise InputError(f"history: columns {list(history.columns)}, expected a numeric loss term")
    numeric = history.select_dtypes("number").columns
    naming = [name for name in history.columns if name not in numeric]
    lines = dict(_lines(history, naming))
    noun = f"{naming[0]}s" if naming in (["variant"], ["run"]) else "curves"

    columns = min(COLUMNS, len(terms))
    rows = -(-len(terms) // columns)
    axes = panels(ax, rows, columns, (max(5.6, 3.6 * columns), 3.6 * rows))
    for cell in axes.flat[len(terms) :]:
        cell.set_axis_off()
    for cell, term in zip(axes.flat, terms, strict=False):
        _draw_term(cell, term, lines, noun)
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


def _draw_term(cell: Axes, term: str, lines: dict[str, pd.DataFrame], noun: str) -> None:
    drawn: dict[str, list[np.ndarray]] = {term: [], f"val_{term}": []}
    for index, (name, rows) in enumerate(lines.items()):
        for column, found in drawn.items():
            if column not in rows or rows[column].isna().all():
                continue
            known = rows[["epoch", column]].dropna()
            style = line_look(index) | {"label": name or "training"}
            if column != term:
                style |= {"linewidth": 0.9, "marker": ".", "label": VALIDATION}
            elif len(known) == 1:
                style |= {"marker": "o", "markersize": 4}
            cell.plot(known["epoch"], known[column], **style)
            found.append(known[column].to_numpy())
    training, validation = drawn.values()
    values = np.concatenate([*training, *validation])
    if values.min() > 0 and values.max() > LOG_RATIO * values.min():
        cell.set_yscale("log")
    words = _words(term)
    set_title(cell, _finding(words[:1].upper() + words[1:], training, validation, noun), width=33)
    cell.set_xlabel("epoch")
    cell.set_ylabel(abbreviated(words, MAX_LABEL))
    cell.xaxis.set_major_locator(MaxNLocator(integer=True))


def _words(term: str) -> str:
    """Return a column's title, such as `loss (raw)` for a loss with a panel for each input."""
    part = term.removeprefix("loss_").replace("_", " ")
    return f"loss ({part})" if term.startswith("loss_") else part


def _finding(term: str, training: list[np.ndarray], validation: list[np.ndarray], noun: str) -> str:
    if len(training) == 1:
        text = f"{term} {_way(training[0])}"
        return f"{text}; validation {_way(validation[0], short=True)}" if validation else text
    text = f"{term} fell in {_how_many(training, noun)}"
    if not validation:
        return text
    if _falling(training) == len(training) == _falling(validation):
        return f"{text}, in validation too"
    return f"{text}, in validation in {_how_many(validation)}"


def _way(values: np.ndarray, short: bool = False) -> str:
    first, last = number(values[0]), number(values[-1])
    if first == last:
        return f"stayed at {last}"
    verb = "fell" if values[-1] < values[0] else "rose"
    return f"{verb} to {last}" if short else f"{verb} from {first} to {last}"


def _falling(lines: list[np.ndarray]) -> int:
    return sum(values[-1] < values[0] for values in lines)


def _how_many(lines: list[np.ndarray], noun: str = "") -> str:
    """Return how many lines fell: `both variants`, `all 3 variants`, `1 of 2 variants`."""
    falling, count = _falling(lines), len(lines)
    if falling == count > 1:
        many = "both" if count == 2 else f"all {count}"
    else:
        many = f"{falling or 'none'} of {count}"
    return f"{many} {noun}".strip()
