"""Tables of numbers with a label column, read from CSV files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data.arrays.checks import require_binary, require_numeric, resolve_missing
from zoo.data.tables.reader import TableReader
from zoo.errors import InputError


@dataclass(frozen=True)
class Table:
    """Rows without order.

    Attributes:
        name: What reports and errors call it.
        values: `(n, features)` float32, finite.
        labels: `(n,)` int, 1 = anomaly.
        columns: Names of the features.
    """

    name: str
    values: np.ndarray
    labels: np.ndarray
    columns: tuple[str, ...]


def read_table(path: str | Path, label_column: str, missing: str = "error") -> Table:
    """Read a table of numbers from a CSV file with a header.

    Args:
        path: CSV file, possibly compressed.
        label_column: Column that holds 1 for an anomaly and 0 for everything else; every other
            column is a feature.
        missing: What to do about NaN and infinity in the features: `"error"` or `"drop"` (see
            `zoo.data.arrays.checks.resolve_missing`); rows without order cannot be interpolated.

    Returns:
        The table, named after its file.

    Raises:
        FileNotFoundError: No such file.
        InputError: No such column, a label that is not 0 or 1, text in a feature, missing values,
            no features or no rows.
    """
    name = str(path)
    if missing == "interpolate":
        raise InputError(
            f"the rows of '{name}' have no order to interpolate along; give missing as "
            "one of error, drop"
        )
    table = TableReader(path, what="rows with labels").read()
    if label_column not in table:
        raise InputError(
            f"'{name}' has no label column '{label_column}'; found {', '.join(table.columns)}; "
            "give the name of that column as label_column"
        )
    columns = [column for column in table.columns if column != label_column]
    if not columns or len(table) == 0:
        raise InputError(
            f"'{name}' has {len(columns)} features and {len(table)} rows; expected some of each"
        )
    labels = require_binary(table[label_column], name)
    numbers = require_numeric(table[columns], columns, name)
    complete = resolve_missing(numbers, missing, name)
    return Table(
        Path(path).stem,
        complete.to_numpy(np.float32),
        labels[table.index.isin(complete.index)],
        tuple(columns),
    )
