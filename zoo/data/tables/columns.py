"""Kinds of column that are no measurements: times, counters, ids, labels, constants, machines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from zoo.data.arrays.checks import name_rows
from zoo.data.series.timestamps import TIME_NAMES
from zoo.data.tables.numbers import NotANumber, to_numbers
from zoo.errors import InputError

Kind = Literal["times", "counter", "id", "labels", "constant", "empty"]

LABELS = (
    "label", "labels", "anomaly", "anomalies", "is_anomaly", "anomalous", "outlier", "is_outlier",
    "abnormal", "fraud", "is_fraud", "attack", "class", "target", "y", "ground_truth",
)  # fmt: skip
NORMAL_WORDS = ("normal", "benign", "ok", "good", "healthy", "inlier", "nominal", "no", "negative")
ANOMALY_WORDS = (
    "anomaly", "anomalous", "abnormal", "attack", "malicious", "outlier", "fraud", "fault",
    "faulty", "failure", "defect", "bad", "broken", "yes", "positive",
)  # fmt: skip
CODES = ({0.0, 1.0}, {-1.0, 1.0})
TIMES = (*TIME_NAMES, "ts", "epoch", "unix", "unixtime", "epoch_ms", "time_ms", "timestamp_ms")
EPOCHS = (("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9))
FIRST, LAST = 631_152_000, 4_102_444_800  # seconds since 1970: the years 1990 to 2100
MONOTONE_ROWS = 20  # below so many rows, or half as many values, order may be chance
IDS = re.compile(r"(^|[ _.-])(id|uuid|guid|index|row|nr|no|rownum)$|^unnamed: 0$", re.IGNORECASE)
MACHINES = re.compile(
    r"machine|device|sensor|unit|host|node|server|station|asset|engine|turbine|pump|plant|site|"
    r"vehicle|serial|subject|patient|group|entity|instance|(^|[ _.-])(id|name)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Finding:
    """A column that looks like no measurement.

    Attributes:
        column: its name.
        kind: what it looks like.
        said: the same in words, to follow the name.
    """

    column: str
    kind: Kind
    said: str


def look_at(table: pd.DataFrame, columns: Sequence[str]) -> list[Finding]:
    """Return what some columns look like, one finding a column at most, in their order.

    Args:
        table: rows in the order of the file; text or numbers.
        columns: those to look at.

    Example:
        >>> table = pd.DataFrame({"ts": 1767225600 + 60 * np.arange(30), "gap": 0.002})
        >>> [(found.column, found.kind) for found in look_at(table, ["ts", "gap"])]
        [('ts', 'times'), ('gap', 'constant')]
    """
    found = (_look(table[column].dropna(), column) for column in columns)
    return [each for each in found if each is not None]


def interleaved(table: pd.DataFrame, leave_out: Sequence[str] = ()) -> tuple[str, bool, str] | None:
    """Return the column that tells several machines apart, whether that is sure, and why.

    Rows of several machines in one table are no series: windows would hold rows of each. It is
    sure where times repeat or go back; else a column that changes with most rows, or that is named
    like a machine's, is a reason to ask.

    Args:
        table: all columns of the file in its order, those that are no features too.
        leave_out: columns that are not looked at: labels.
    """
    rows = len(table)
    moves = _moves_forward(table)
    for column in table.columns:
        if column in leave_out or rows < 4:
            continue
        values = table[column]
        numeric = pd.api.types.is_numeric_dtype(values)
        named = bool(MACHINES.search(str(column)))
        if numeric and not (named and _whole(values)):
            continue
        count = values.nunique()
        if not 2 <= count <= rows / 2 or _are_times(values):
            continue
        codes = pd.factorize(values)[0]
        changes = int((np.diff(codes) != 0).sum())
        shown = ", ".join(map(str, values.dropna().unique()[:3])) + (", ..." if count > 3 else "")
        if moves is False and (changes >= rows / 2 or named):
            return str(column), True, f"{shown}; times repeat or go back"
        if moves is None and changes >= rows / 2 and (named or not numeric):
            return str(column), named, f"{shown}; it changes in {changes} of {rows} rows"
        if named or changes >= rows / 2:
            return str(column), False, f"{shown}; it changes in {changes} of {rows} rows"
    return None


def to_labels(column: pd.Series, name: str, normal: str | None = None) -> np.ndarray:
    """Turn labels in any of the usual codes into 0 and 1, `(n,)` int, 1 = anomaly.

    Args:
        column: 0 and 1, true and false, or words such as normal and anomaly; any values at all
            where `normal` is given. Its index names rows in errors.
        name: what errors call the table.
        normal: the value that means normal; every other one is an anomaly.

    Raises:
        InputError: a label is missing; a code that can mean either, such as -1 and 1.
    """
    missing = column.isna()
    if missing.any():
        raise InputError(
            f"'{name}' has no label in column '{column.name}' in "
            f"{name_rows(column.index[missing])}; write one, or delete the row"
        )
    texts = column.map(str).str.strip().str.lower()
    if normal is not None:
        is_normal = (texts == normal.strip().lower()).to_numpy()
        with suppress(NotANumber):
            is_normal = is_normal | (to_numbers(list(column)) == to_numbers([normal])[0])
        if not is_normal.any():
            raise InputError(
                f"'{name}' has no row whose '{column.name}' is {normal!r}; found "
                f"{', '.join(map(str, column.unique()[:5]))}"
            )
        return (~is_normal).astype(np.int64)
    if set(texts) <= {*NORMAL_WORDS, *ANOMALY_WORDS}:
        return texts.isin(ANOMALY_WORDS).to_numpy(np.int64)
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    numbers = numbers.mask(texts == "true", 1.0).mask(texts == "false", 0.0)
    if set(numbers.unique()) <= {0.0, 1.0}:
        return numbers.to_numpy(np.int64)
    wrong = ~numbers.isin([0, 1])
    found = [repr(value) for value in column[wrong].drop_duplicates().head(3)]
    usual = texts.value_counts().index[0]
    raise InputError(
        f"'{name}' has labels in column '{column.name}' that are not 0 or 1: {', '.join(found)} in "
        f"{name_rows(column.index[wrong])}; give normal_label='{usual}' if {usual} means normal"
    )


def _look(values: pd.Series, column: str) -> Finding | None:
    if not len(values):
        return Finding(column, "empty", "has no value at all")
    numeric = pd.api.types.is_numeric_dtype(values)
    name = column.strip().lower()
    distinct = set(values.unique()[:20])
    if not numeric:
        if {str(v).strip().lower() for v in distinct} <= {*NORMAL_WORDS, *ANOMALY_WORDS}:
            return Finding(column, "labels", f"of {_either(distinct)} that looks like labels")
        if name in LABELS and len(distinct) == 2:
            return Finding(column, "labels", f"of {_either(distinct)} that looks like labels")
        return Finding(column, "times", "holds times") if _are_times(values) else None
    if name in LABELS and any({float(v) for v in distinct} <= code for code in CODES):
        return Finding(column, "labels", f"of {_either(distinct)} that looks like labels")
    numbers = values.to_numpy(np.float64)
    if not np.isfinite(numbers).all():
        return None
    if len(distinct) == 1:
        return Finding(column, "constant", f"never changes: {values.iloc[0]:g}")
    steps = np.diff(numbers)
    ordered = bool((steps >= 0).all() or (steps <= 0).all())
    enough = len(numbers) >= MONOTONE_ROWS and values.nunique() >= MONOTONE_ROWS / 2
    unit = _epoch_unit(numbers)
    if unit and (name in TIMES or (ordered and enough)):
        return Finding(column, "times", f"holds times, in {unit} since 1970")
    if ordered and enough:
        if np.allclose(steps, steps[0], rtol=1e-6):
            return Finding(column, "counter", "counts the rows")
        way = "falls" if steps.min() < 0 else "grows"
        return Finding(column, "counter", f"only ever {way}, as a counter or a clock does")
    if IDS.search(name) and len(numbers) >= MONOTONE_ROWS and _whole(values) and values.is_unique:
        return Finding(column, "id", "is a different whole number in every row, as an id is")
    return None


def _either(distinct: set[object]) -> str:
    return " and ".join(sorted(f"{v:g}" if isinstance(v, (int, float)) else str(v)
                               for v in distinct)[:2])  # fmt: skip


def _epoch_unit(numbers: np.ndarray) -> str | None:
    low, high = numbers.min(), numbers.max()
    return next(
        (unit for unit, size in EPOCHS if FIRST * size <= low and high <= LAST * size), None
    )


def _are_times(values: pd.Series) -> bool:
    values = values.dropna()
    if pd.api.types.is_datetime64_any_dtype(values):
        return True
    if pd.api.types.is_numeric_dtype(values) or not len(values):
        return False
    head = values.head(20).astype(str)
    if not head.str.contains(r"\d[-:/]\d|\d\.\d+\.\d|\d ?[A-Za-z]{3}").all():
        return False
    return bool(pd.to_datetime(head, errors="coerce", format="mixed", utc=True).notna().all())


def _moves_forward(table: pd.DataFrame) -> bool | None:
    """Tell whether times grow with every row; None where no column holds times."""
    for column in table.columns:
        values = table[column]
        if _are_times(values):
            times = pd.to_datetime(values, errors="coerce", format="mixed", utc=True)
            return bool(times.is_monotonic_increasing and times.is_unique)
        name = str(column).strip().lower()
        if name in TIMES and pd.api.types.is_numeric_dtype(values):
            return bool(values.is_monotonic_increasing and values.is_unique)
    return None


def _whole(values: pd.Series) -> bool:
    numbers = values.dropna().to_numpy(np.float64)
    return bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())
