"""Lines over a shared axis: one quantity of several subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zoo.errors import InputError
from zoo.report.figures.style import INK, in_house_style, line_look, one_panel, set_title

if TYPE_CHECKING:
    import pandas as pd

FEW_POINTS = 30  # up to this many, each is marked


@in_house_style
def line_chart(
    table: pd.DataFrame,
    title: str,
    label: str,
    log: bool = False,
    log_x: bool = False,
    level: float | None = None,
    level_name: str = "",
    ax: Axes | None = None,
) -> Figure:
    """Draw each column of a table as a line over its index.

    Args:
        table: rows are places on the horizontal axis, which the index's name labels; columns are
            lines. NaN leaves a gap.
        title: the finding.
        label: what the numbers are, with their unit.
        log: logarithmic vertical axis.
        log_x: logarithmic horizontal axis.
        level: height of a horizontal line to hold the others against.
        level_name: what that line is.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: no rows or columns, numbers missing altogether, infinity, or a number that is
            not above 0 on a logarithmic axis.
    """
    places = np.asarray(table.index, dtype=float)
    values = table.to_numpy(float)
    _check(places, values, log, log_x)

    ax = one_panel(ax, (7.4, 4.6))
    marks = {"marker": "o", "markersize": 4} if len(table) <= FEW_POINTS else {}
    for index, name in enumerate(table.columns):
        ax.plot(places, values[:, index], label=str(name), **line_look(index), **marks)
    if level is not None:
        ax.axhline(level, color=INK, linewidth=1, linestyle=":", label=level_name)
    if log:
        ax.set_yscale("log")
    if log_x:
        ax.set_xscale("log")
    ax.set_xlabel("" if table.index.name is None else str(table.index.name))
    ax.set_ylabel(label)
    set_title(ax, title)
    ax.figure.legend(loc="outside lower center", ncols=min(4, len(table.columns) + 1))
    return ax.figure


def _check(places: np.ndarray, values: np.ndarray, log: bool, log_x: bool) -> None:
    if not values.size:
        raise InputError(f"table: shape {values.shape}, expected at least one row and one column")
    if np.isinf(values).any() or np.isnan(values).all():
        found = "infinity" if np.isinf(values).any() else "nothing but NaN"
        raise InputError(f"table: holds {found}, expected numbers, NaN where there is none")
    for is_log, numbers, name in ((log, values, "values"), (log_x, places, "index")):
        if is_log and np.nanmin(numbers) <= 0:
            raise InputError(
                f"table: the {name} go down to {np.nanmin(numbers):g}; a logarithmic axis needs "
                f"numbers above 0"
            )
