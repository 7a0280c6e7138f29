"""Checks of tables that a user brings: columns, numbers, missing values, constant features."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zoo.errors import InputError

MISSING = ("error", "drop", "interpolate")
MISSING_WORDS = (
    "", "nan", "na", "n/a", "<na>", "null", "none", "-nan", "#n/a", "#na", "#n/a n/a",
    "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan",
)  # fmt: skip


def require_columns(frame: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Raise unless every column is there.

    Args:
        frame: Table.
        columns: Names it should have; it may have more.
        name: What errors call the table: its file.

    Raises:
        InputError: Says which columns are missing, which were found, which are expected.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InputError(
            f"'{name}' has no {_columns(missing)}; found {_join(frame.columns)}; "
            f"expected {_join(columns)}"
        )


def require_numeric(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Turn columns into numbers, or raise on the first text.

    Empty cells and the usual words for "missing" become NaN, which `resolve_missing` deals with.

    Args:
        frame: Table, possibly read as text. Its index names rows in errors: an index called "line"
            makes them speak of lines.
        columns: Columns that must hold numbers.
        name: What errors call the table.

    Returns:
        A new table with those columns as float64; other columns are kept as they are.

    Raises:
        InputError: Names the column, its first row with text and that text.
    """
    return frame.assign(**{column: _numbers(frame[column], name) for column in columns})


def resolve_missing(frame: pd.DataFrame, how: str, name: str) -> pd.DataFrame:
    """Deal with NaN and infinity as the user chose.

    Args:
        frame: Table of numbers, rows in order of time if it is a series.
        how: `"error"` raises; `"drop"` leaves the affected rows out; `"interpolate"` draws a
            straight line between the neighbours above and below (which looks ahead in time), and
            repeats the nearest value at the ends.
        name: What errors call the table.

    Returns:
        A table without NaN and infinity: the same one if there were none.

    Raises:
        InputError: `how` is `"error"` and something is missing (says in which rows and columns);
            nothing would be left; `how` is unknown.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"load": [1.0, float("nan"), 3.0]})
        >>> resolve_missing(table, "interpolate", "cpu.csv")["load"].tolist()
        [1.0, 2.0, 3.0]
    """
    if how not in MISSING:
        raise InputError(f"unknown treatment '{how}' of missing values; give {_options()}")
    bad = frame.isna()
    numeric = frame.select_dtypes("number").columns
    bad[numeric] |= np.isinf(frame[numeric].astype(np.float64))
    rows = bad.any(axis=1)
    if not rows.any():
        return frame
    where = f"in {name_rows(frame.index[rows])}, {_columns(frame.columns[bad.any()])}"
    if how == "error":
        raise InputError(
            f"'{name}' has {int(bad.to_numpy().sum())} missing or infinite values, {where}; "
            f"repair the file or give {_options()}"
        )
    if rows.all() and how == "drop":
        raise InputError(f"'{name}' has missing or infinite values in all of its {len(rows)} rows")
    if how == "drop":
        return frame[~rows]
    filled = frame.mask(bad)
    filled[numeric] = filled[numeric].interpolate(method="linear", limit_direction="both")
    lost = filled.columns[filled.isna().any()]
    if len(lost):
        raise InputError(f"'{name}' has no number to interpolate from in {_columns(lost)}")
    return filled


def require_binary(column: pd.Series, name: str) -> np.ndarray:
    """Turn a column of labels into 0 and 1, or raise on anything else.

    Args:
        column: Labels as read, 1 = anomaly. Its index names rows in errors.
        name: What errors call the table.

    Returns:
        `(n,)` int.

    Raises:
        InputError: A label is missing or neither 0 nor 1; names the row, the values found and how
            many rows hold them.

    Example:
        >>> import pandas as pd
        >>> require_binary(pd.Series(["0", "1.0"], name="fraud"), "cards.csv").tolist()
        [0, 1]
    """
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    wrong = ~numbers.isin([0, 1])
    if wrong.any():
        found = [repr(value) for value in column[wrong].drop_duplicates().head(3)]
        raise InputError(
            f"'{name}' has labels in column '{column.name}' that are not 0 or 1: "
            f"{', '.join(found)} in {name_rows(column.index[wrong])}; "
            "write 1 for an anomaly and 0 for everything else"
        )
    return numbers.to_numpy(np.int64)


def constant_columns(frame: pd.DataFrame) -> list[str]:
    """List the columns that never change, from which nothing can be learned.

    Args:
        frame: Table; NaN counts as no value.

    Returns:
        Names of the columns with at most one distinct value, in the table's order.

    Example:
        >>> import pandas as pd
        >>> constant_columns(pd.DataFrame({"load": [1, 2], "version": [7, 7]}))
        ['version']
    """
    return [column for column in frame.columns if frame[column].nunique(dropna=True) <= 1]


def name_rows(index: pd.Index, limit: int = 5) -> str:
    """Name the first few rows of an index for an error.

    Args:
        index: Labels of the rows in question; its name is what a row is called.
        limit: How many to name.

    Returns:
        Text such as `"rows 3, 7 and 40 more"`.

    Example:
        >>> import pandas as pd
        >>> name_rows(pd.Index([3, 7, 9], name="line"), limit=2)
        'lines 3, 7 and 1 more'
    """
    kind = index.name or "row"
    named = ", ".join(str(label) for label in index[:limit])
    more = f" and {len(index) - limit} more" if len(index) > limit else ""
    return f"{kind}{'s' if len(index) > 1 else ''} {named}{more}"


def _numbers(column: pd.Series, name: str) -> pd.Series:
    if getattr(column.dtype, "kind", "O") in "biuf":
        return column.astype(np.float64)
    text = column.astype(str).str.strip()
    numbers = pd.to_numeric(text, errors="coerce").astype(np.float64)
    wrong = numbers.isna() & text.notna() & ~text.str.lower().isin(MISSING_WORDS)
    if wrong.any():
        row = column.index[wrong][:1]
        raise InputError(
            f"'{name}' has text in column '{column.name}': {text[wrong].iloc[0]!r} in "
            f"{name_rows(row)}; expected a number"
        )
    return numbers


def _join(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none"


def _columns(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {_join(names)}"


def _options() -> str:
    return f"missing as one of {', '.join(MISSING)}"
