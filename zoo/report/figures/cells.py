"""A grid of coloured cells with a number in each."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.ticker import FuncFormatter

from zoo.report.figures.style import INK, abbreviated, number

MISSING = "–"
DARK_LUMINANCE = 0.5  # relative luminance below which text is white


def draw_cells(
    ax: Axes,
    values: np.ndarray,
    texts: np.ndarray | None,
    norm: Normalize,
    cmap: str = "Blues",
    size: float = 9,
) -> AxesImage:
    """Colour each cell by its value and write its text on it; a missing value is blank with a dash.

    Args:
        ax: the panel.
        values: (rows, columns) numbers, NaN where there is none.
        texts: (rows, columns) what to write, or None.
        norm: from value to colour.
        cmap: of one hue, so that it can be read without telling hues apart.
        size: of the text, in points.

    Returns:
        The image, for a colour bar.
    """
    rows, columns = values.shape
    paint = colormaps[cmap]
    image = ax.imshow(np.ma.masked_invalid(values), cmap=paint, norm=norm, aspect="auto")
    for row, column in np.ndindex(rows, columns):
        value = values[row, column]
        if np.isnan(value):
            said, color = MISSING, INK
        elif texts is None:
            continue
        else:
            said, color = texts[row, column], ink_on(paint(norm(value)))
        look = {"color": color, "size": size, "ha": "center", "va": "center"}
        ax.text(column, row, said, **look)
    ax.grid(False)
    ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=2)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    return image


def name_cells(
    ax: Axes, rows: Sequence, columns: Sequence, longest: int = 34, room: int = 76
) -> None:
    """Name rows at the left and columns above; long names are shortened in the middle.

    Args:
        ax: the panel of `draw_cells`.
        rows: names from top to bottom.
        columns: names from left to right, `_` read as a space; upright where they are too many.
        longest: characters of a row's name.
        room: characters in a line over all columns.
    """
    ax.set_yticks(range(len(rows)), [abbreviated(name, longest) for name in rows])
    ax.xaxis.tick_top()
    columns = [str(name).replace("_", " ") for name in columns]
    width = room // len(columns)
    if max(len(word) for name in columns for word in [*name.split(), ""]) <= max(width, 5):
        names = ["\n".join(textwrap.wrap(name, width)) for name in columns]
        ax.set_xticks(range(len(columns)), names)
    else:
        names = [abbreviated(name, 26) for name in columns]
        ax.set_xticks(range(len(columns)), names, rotation=90, va="bottom")


def label_bar(bar: Colorbar, label: str) -> None:
    """Label the color bar; numbers are written as everywhere else."""
    bar.set_label(label)
    bar.outline.set_visible(False)
    bar.ax.grid(False)
    bar.formatter = FuncFormatter(lambda value, _: number(value))
    bar.update_ticks()


def ink_on(color: Sequence[float]) -> str:
    """Return the text color: white on dark colors, ink on light ones.

    Args:
        color: red, green and blue, 0 to 1.
    """
    red, green, blue = color[:3]
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < DARK_LUMINANCE else INK
