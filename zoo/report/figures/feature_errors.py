"""Features that made a sample anomalous."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.cells import draw_cells, label_bar, name_cells
from zoo.report.figures.style import (
    MUTED,
    in_house_style,
    number,
    panels,
    set_title,
    title_width,
)

FEW_COLUMNS = 10  # up to this many, each cell shows its number
MAX_NAME = 30  # characters of a sample's name


@in_house_style
def feature_errors(
    errors: ArrayLike,
    columns: Sequence[str],
    names: Sequence[str],
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw each feature's share of each sample's error, and the size of that error.

    Args:
        errors: (samples, features) error of each feature, squared or absolute, so never negative;
            most anomalous sample first. NaN is blank.
        columns: (features,) their names.
        names: (samples,) what each sample is called.
        title: None names the feature that carries most of the error most often.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: shapes that do not fit, infinity or negative errors.
    """
    errors = _checked(errors, len(columns), len(names))
    totals = np.nansum(errors, axis=1)
    blank = np.full(errors.shape, np.nan)
    shares = np.divide(100 * errors, totals[:, None], out=blank, where=totals[:, None] > 0)

    size = (9, 2.2 + 0.3 * max(len(names), 5))
    cells, sizes = panels(ax, 1, 2, size, width_ratios=[5, 1])[0]
    texts = None
    if len(columns) <= FEW_COLUMNS:
        texts = np.vectorize("{:.0f}".format)(np.nan_to_num(shares))
    image = draw_cells(cells, shares, texts, Normalize(0, np.nanmax(shares, initial=1)), "Oranges")
    bar = cells.figure.colorbar(image, ax=cells, location="bottom", aspect=40, pad=0.02, shrink=0.7)
    label_bar(bar, "share of the sample's error (%)")
    name_cells(cells, names, columns, MAX_NAME, room=92)

    bars = sizes.barh(range(len(names)), totals, color=MUTED, height=0.66)
    sizes.bar_label(bars, labels=[number(total) for total in totals], padding=3, fontsize=8)
    sizes.set_ylim(cells.get_ylim())
    sizes.set(xticks=[], yticks=[])
    sizes.set_xlim(0, 1.5 * max(totals.max(), np.finfo(float).tiny))
    sizes.spines["bottom"].set_visible(False)
    sizes.set_xlabel("error,\nsum of the row")
    title = title or _finding(errors, columns)
    set_title(cells, title, title_width(cells, names, MAX_NAME))
    return cells.figure


def _checked(errors: ArrayLike, features: int, samples: int) -> np.ndarray:
    array = np.asarray(errors, dtype=float)
    if array.shape != (samples, features) or not array.size:
        raise InputError(
            f"errors: shape {array.shape} with {samples} names and {features} columns, expected "
            f"({samples}, {features}) and at least one of each"
        )
    if np.isinf(array).any() or np.nanmin(array, initial=0) < 0:
        found = "infinity" if np.isinf(array).any() else f"{np.nanmin(array):g}"
        raise InputError(f"errors: found {found}, expected finite squared or absolute errors")
    return array


def _finding(errors: np.ndarray, columns: Sequence[str]) -> str:
    largest = np.argmax(np.nan_to_num(errors, nan=-1), axis=1)
    counts = np.bincount(largest, minlength=len(columns))
    name = str(columns[int(np.argmax(counts))]).replace("_", " ")
    return f"{name} has the largest error in {counts.max()} of {len(errors)} samples"
