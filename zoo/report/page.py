"""Parts of an HTML page that needs no network and no script: tables, pictures, templates."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, NamedTuple

import jinja2
import numpy as np

from zoo.report import metric_names

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MAX_ROWS = 50  # of a table on the page; the CSV files hold all
PNG_DPI = 120


class Cell(NamedTuple):
    """One cell of a table.

    Attributes:
        text: its content.
        numeric: whether it is a number, aligned right.
        best: whether it is the best of its column.
        tag: a word shown beside the text.
    """

    text: str
    numeric: bool = False
    best: bool = False
    tag: str = ""


class Table(NamedTuple):
    """A table ready for the page.

    Attributes:
        heads: column titles, with whether the column holds numbers.
        rows: cells by row.
        tags: by row, the words shown beside its first cell: `baseline`, `collapsed`.
        left_out: number of rows that are in the CSV only.
    """

    heads: list[Cell]
    rows: list[list[Cell]]
    tags: list[list[str]]
    left_out: int = 0


def plain_table(frame: pd.DataFrame, most: int = MAX_ROWS) -> Table:
    """Return the first `most` rows of any frame, numbers as `metric_names.shown` writes them."""
    numeric = [np.issubdtype(kind, np.number) for kind in _numpy_kinds(frame)]
    heads = [
        Cell(metric_names.metric(str(name)).title, is_number)
        for name, is_number in zip(frame.columns, numeric, strict=True)
    ]
    rows = [
        [
            Cell(metric_names.shown(str(name), value), is_number)
            for name, value, is_number in zip(frame.columns, row, numeric, strict=True)
        ]
        for row in frame.head(most).itertuples(index=False, name=None)
    ]
    return Table(heads, rows, [[] for _ in rows], max(0, len(frame) - most))


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PNG_DPI)
    return buffer.getvalue()


def embedded(name: str, picture: bytes, caption: str = "") -> dict[str, str]:
    """Return a PNG picture as the templates take it."""
    data = base64.b64encode(picture).decode("ascii")
    return {"name": name, "caption": caption, "data": data}


def templates(*folders: jinja2.BaseLoader) -> jinja2.Environment:
    """Return the templates of `zoo.report`, and those of other loaders; all text is escaped."""
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("zoo.report"), *folders]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def _numpy_kinds(frame: pd.DataFrame) -> list[np.dtype]:
    return [kind if isinstance(kind, np.dtype) else np.dtype(object) for kind in frame.dtypes]
