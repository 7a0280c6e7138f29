"""Metrics of one server: rows to train on, and later rows with labels to test on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from zoo.data.arrays.checks import require_binary, require_columns, require_numeric, resolve_missing
from zoo.data.series.timestamps import TIME_NAMES
from zoo.data.tables.reader import TableReader
from zoo.errors import InputError


@dataclass(frozen=True)
class Servers:
    """A multivariate series that is split by time.

    Attributes:
        name: What tables and errors call it.
        train: `(rows, features)` float32, in order of time.
        test: `(test rows, features)` float32, later than `train`.
        labels: `(test rows,)` int, 1 = anomalous row; None where nothing is known.
        columns: Names of the features.
        train_labels: `(rows,)` int where anomalies among the training rows are known; else None.
        segments: `kind`, `start`, `stop` (exclusive) of each anomaly in `test`, where known.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    labels: np.ndarray | None
    columns: tuple[str, ...]
    train_labels: np.ndarray | None = None
    segments: pd.DataFrame | None = None


def servers_from_csv(
    train: str | Path,
    test: str | Path,
    label_column: str | None = None,
    missing: str = "error",
) -> Servers:
    """Read metrics from two CSV files with headers.

    A column of times (`timestamp`, `open_time`, `datetime`, `date` or `time`) is left out; the
    rows must be in order of time.

    Args:
        train: File with the rows to train on.
        test: File with the rows to test on: the same columns in the same order.
        label_column: Column of `test` that holds 1 for an anomalous row and 0 for others. `train`
            may have it too: see `Servers.train_labels`.
        missing: What to do about NaN and infinity; see `zoo.data.arrays.checks.resolve_missing`.

    Returns:
        The server, named after the test file.

    Raises:
        FileNotFoundError: A file does not exist.
        InputError: The columns of the files differ, text or missing values in one, no label
            column, a label that is not 0 or 1, no rows.
    """
    train_values, train_labels = _read(train, label_column, missing)
    test_values, labels = _read(test, label_column, missing)
    if label_column and labels is None:
        raise InputError(
            f"'{test}' has no label column '{label_column}'; found "
            f"{', '.join(test_values.columns)}; give the name of its label column as label_column"
        )
    _require_same_columns(train_values, str(train), test_values, str(test))
    return Servers(
        Path(test).stem,
        train_values.to_numpy(np.float32),
        test_values.to_numpy(np.float32),
        labels,
        tuple(train_values.columns),
        train_labels,
    )


def _read(
    path: str | Path, label_column: str | None, missing: str
) -> tuple[pd.DataFrame, np.ndarray | None]:
    name = str(path)
    table = TableReader(path, what="server metrics").read()
    if len(table) == 0:
        raise InputError(f"'{name}' has a header and no rows; expected one row for each time")
    labels = require_binary(table[label_column], name) if label_column in table else None
    columns = [
        column
        for column in table.columns
        if column != label_column and column.lower() not in TIME_NAMES
    ]
    if not columns:
        require_columns(table, ("a metric",), name)
    numbers = require_numeric(table[columns], columns, name)
    complete = resolve_missing(numbers, missing, name)
    kept = table.index.isin(complete.index)
    return complete, None if labels is None else labels[kept]


def _require_same_columns(
    train: pd.DataFrame, train_name: str, test: pd.DataFrame, test_name: str
) -> None:
    here, there = list(train.columns), list(test.columns)
    if here == there:
        return
    only_here = [column for column in here if column not in there]
    only_there = [column for column in there if column not in here]
    if not only_here and not only_there:
        place = next(
            n for n, pair in enumerate(zip(here, there, strict=True)) if len(set(pair)) > 1
        )
        difference = (
            f"they have the same columns in another order, the first being '{here[place]}' where "
            f"the other has '{there[place]}'"
        )
    else:
        difference = f"only the first has {only_here}, only the second has {only_there}"
    raise InputError(
        f"the columns of '{train_name}' and '{test_name}' differ: {difference}; give both files "
        "the same columns in the same order (name a column of labels as label_column)"
    )
