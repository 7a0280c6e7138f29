"""A table of numbers as coloured cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from zoo.errors import InputError
from zoo.report import metric_names
from zoo.report.figures.cells import draw_cells, label_bar, name_cells
from zoo.report.figures.style import (
    abbreviated,
    in_house_style,
    number,
    one_panel,
    set_title,
    title_width,
)

if TYPE_CHECKING:
    import pandas as pd

FEW_COLUMNS = 10  # up to this many, numbers get three decimals, else two
MAX_NAME = 40  # characters of a row's name


@in_house_style
def table_heat_map(table: pd.DataFrame, title: str, label: str, ax: Axes | None = None) -> Figure:
    """Draw a table of numbers, each written on its colour; NaN is blank with a dash.

    Args:
        table: rows x columns of one quantity; an index of several levels is written as one name,
            and the names of index and columns label the axes.
        title: the finding.
        label: what the numbers are, with their unit; beside the colour bar.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: no rows or columns, columns that hold no numbers, infinity, or NaN alone.
    """
    values = _checked(table)
    rows, columns = values.shape
    ax = one_panel(ax, (8, 1.7 + 0.34 * max(rows, 4)))
    texts = _texts(values)
    norm = Normalize(np.nanmin(values), np.nanmax(values))
    image = draw_cells(ax, values, texts, norm, size=9 if columns <= FEW_COLUMNS else 7.5)
    label_bar(ax.figure.colorbar(image, ax=ax, aspect=max(8, 3 * rows), pad=0.02), label)
    names = _names(table.index)
    name_cells(ax, names, _names(table.columns), MAX_NAME)
    ax.set_ylabel(_axis_name(table.index))
    ax.set_xlabel(_axis_name(table.columns), labelpad=7)
    ax.xaxis.set_label_position("top")
    set_title(ax, title, title_width(ax, names, MAX_NAME))
    return ax.figure


def _checked(table: pd.DataFrame) -> np.ndarray:
    if table.empty:
        raise InputError(f"table: shape {table.shape}, expected at least one row and one column")
    words = [str(name) for name in table.columns.difference(table.select_dtypes("number").columns)]
    if words:
        raise InputError(f"table: columns {', '.join(words)} hold no numbers; make them the index")
    values = table.to_numpy(float, na_value=np.nan)
    if np.isinf(values).any() or np.isnan(values).all():
        found = "infinity" if np.isinf(values).any() else "nothing but NaN"
        raise InputError(f"table: holds {found}, expected numbers, NaN where there is none")
    return values


def _texts(values: np.ndarray) -> np.ndarray:
    """Format a number: three decimals for scores, significant digits for larger numbers."""
    digits = 3 if values.shape[1] <= FEW_COLUMNS else 2
    is_score = np.nanmax(np.abs(values)) < 10
    return np.vectorize(lambda value: f"{value:.{digits}f}" if is_score else number(value))(values)


def _names(index: pd.Index) -> list[str]:
    if index.nlevels == 1:
        return [_name(name) for name in index]
    return [_joined([str(part) for part in key if str(part)]) for key in index]


def _name(name: object) -> str:
    """Return a metric's title, or a setting such as 1.0 as a plain number: `1`."""
    return number(name) if isinstance(name, float) else metric_names.metric(str(name)).title


def _joined(parts: list[str]) -> str:
    """Join the levels of a name; the longest is shortened where they are too long together."""
    spare = MAX_NAME - len(", ".join(parts))
    longest = max(range(len(parts)), key=lambda index: len(parts[index]))
    parts[longest] = abbreviated(parts[longest], max(len(parts[longest]) + min(spare, 0), 8))
    return ", ".join(parts)


def _axis_name(index: pd.Index) -> str:
    return ", ".join(metric_names.metric(str(name)).title for name in index.names if name)
