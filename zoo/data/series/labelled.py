"""Series with times and, where known, labels: read from CSV files, split by time."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from zoo.data.arrays.checks import require_binary, require_columns, require_numeric, resolve_missing
from zoo.data.series.timestamps import TIME_NAMES, parse_timestamps, require_forward
from zoo.data.tables.reader import TableReader
from zoo.errors import InputError

LABEL = "label"
REGULAR = 0.1  # of the usual step: how far a step may be from it and still count as regular


@dataclass(frozen=True)
class Series:
    """One series in order of time.

    Attributes:
        name: What tables and errors call it: its file.
        times: `(time,)`, UTC, each later than the one before.
        values: `(time, features)` float32, finite.
        labels: `(time,)` int, 1 = anomaly; None where nothing is known.
        columns: Names of the features.
    """

    name: str
    times: pd.DatetimeIndex
    values: np.ndarray
    labels: np.ndarray | None
    columns: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.times)

    def part(self, start: int, stop: int) -> "Series":
        """Return the rows from `start` up to, not including, `stop`, as views of this series."""
        rows = slice(start, stop)
        labels = None if self.labels is None else self.labels[rows]
        return replace(self, times=self.times[rows], values=self.values[rows], labels=labels)

    @property
    def irregular_steps(self) -> int:
        """Number of steps in time that are over a tenth longer or shorter than the median step."""
        if len(self) < 2:
            return 0
        steps = np.diff(self.times.asi8).astype(np.float64)
        usual = np.median(steps)
        return int((np.abs(steps - usual) > REGULAR * usual).sum())


def read_series(path: str | Path, missing: str = "error") -> Series:
    """Read a series from a CSV file with a header: `timestamp,value[,…][,label]`.

    The time may be called `timestamp`, `open_time`, `datetime`, `date` or `time` (for its form see
    `zoo.data.series.timestamps`), the labels `label`; every other column is a feature. Steps of
    unequal length are kept; `Series.irregular_steps` counts them.

    Args:
        path: CSV file, possibly compressed.
        missing: What to do about NaN and infinity in the features: `"error"`, `"drop"` or
            `"interpolate"`; see `zoo.data.arrays.checks.resolve_missing`.

    Returns:
        The series, named after its file.

    Raises:
        FileNotFoundError: No such file.
        InputError: No times, or times out of order or repeated; no features, or text in one; a
            label that is not 0 or 1. Names the file, its lines and columns, and says what to do.
    """
    name = str(path)
    table = TableReader(path, what="series").read()
    time = next((name for known in TIME_NAMES for name in table if name.lower() == known), None)
    if time is None:
        require_columns(table, TIME_NAMES[:1], name)
    columns = [column for column in table.columns if column not in (time, LABEL)]
    if not columns:
        require_columns(table, (time, "value"), name)
    if len(table) == 0:
        raise InputError(f"'{name}' has a header and no rows; expected one row for each time")
    times = parse_timestamps(table[time], name)
    require_forward(times, table.index, name)
    labels = require_binary(table[LABEL], name) if LABEL in table else None
    numbers = require_numeric(table[columns], columns, name)
    complete = resolve_missing(numbers, missing, name)
    kept = table.index.isin(complete.index)
    return Series(
        Path(path).name,
        times[kept],
        complete.to_numpy(np.float32),
        None if labels is None else labels[kept],
        tuple(columns),
    )


def read_series_folder(folder: str | Path, missing: str = "error") -> list[Series]:
    """Read every CSV file of a folder as a series; they may differ in length, not in columns.

    Args:
        folder: Folder with `*.csv`; folders inside it are not looked into.
        missing: As for `read_series`.

    Returns:
        The series, sorted by name.

    Raises:
        FileNotFoundError: No such folder, or no CSV file in it.
        InputError: A file is no series (see `read_series`), or two files differ in their columns
            or their order: names both files and what each has.
    """
    home = Path(folder).expanduser()
    if not home.is_dir():
        raise FileNotFoundError(f"'{folder}' is not a folder; expected one that holds CSV files")
    paths = sorted(home.glob("*.csv"))
    if not paths:
        raise FileNotFoundError(
            f"the folder '{folder}' holds no *.csv file; put the series there, one a file, as "
            "timestamp,value[,...][,label]"
        )
    all_series = [read_series(path, missing) for path in paths]
    first = all_series[0]
    for series in all_series[1:]:
        if series.columns != first.columns:
            raise InputError(
                f"the series in '{folder}' differ in their columns: '{first.name}' has "
                f"{', '.join(first.columns)}, '{series.name}' has {', '.join(series.columns)}; "
                "give them the same columns in the same order, or a folder each"
            )
    return all_series


def split_series(
    series: Series, train: float = 0.6, validation: float = 0.2
) -> tuple[Series, Series, Series]:
    """Split a series by time: the first rows to train on, the next to validate, the last to test.

    Args:
        series: Series.
        train: Fraction of the rows to train on.
        validation: Fraction of the rows to validate on; the rest is for testing.

    Returns:
        Training, validation and test part, whose rows together are the series.

    Raises:
        InputError: A fraction that is not above 0, nothing left for testing, or a part without
            rows.
    """
    if not (train > 0 and validation > 0 and train + validation < 1):
        raise InputError(
            f"the split trains on {train} and validates on {validation} of the rows; expected two "
            "fractions above 0 that leave something for testing"
        )
    rows = len(series)
    first, second = round(train * rows), round((train + validation) * rows)
    if not 0 < first < second < rows:
        raise InputError(
            f"series '{series.name}' has {rows} rows, too few for a training, a validation and a "
            "test part; give a longer one"
        )
    return series.part(0, first), series.part(first, second), series.part(second, rows)
