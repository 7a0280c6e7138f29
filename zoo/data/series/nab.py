"""The Numenta Anomaly Benchmark: series of one value, with windows around each known anomaly.

Reference: Lavin and Ahmad, "Evaluating Real-Time Anomaly Detection Algorithms: the Numenta Anomaly
Benchmark", ICMLA 2015.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from zoo.data.arrays.checks import require_columns, require_numeric, resolve_missing
from zoo.data.series.labelled import Series
from zoo.data.series.timestamps import parse_timestamps, require_forward
from zoo.data.sources import locate_by_hand
from zoo.data.tables.reader import TableReader
from zoo.errors import InputError

ADDRESS = "https://github.com/numenta/NAB"
WINDOWS = "nab/labels/combined_windows.json"


def load_nab(
    data_dir: str | Path | None = None, groups: Sequence[str] | None = None
) -> list[Series]:
    """Load the benchmark from `nab/data/GROUP/*.csv` and `nab/labels/combined_windows.json`.

    Rows stay in the order of their file. A few files have a clock that stands still or is set
    back by an hour (daylight saving: twelve rows all say 03:00): there the *times* are spread
    evenly between the ones around them, and no row is lost. Labels are drawn from the times as
    published, as the benchmark itself does. Nothing is downloaded: the publisher gives no
    checksums.

    Args:
        data_dir: Folder that holds `nab`; else `$ZOO_DATA` is looked at.
        groups: Groups such as `"realKnownCause"`; all that are there if left out.

    Returns:
        The series, sorted by name, such as `"realKnownCause/nyc_taxi"`. A label is 1 inside a
        window, which starts well before the anomaly; `artificialNoAnomaly` has no label 1.

    Raises:
        FileNotFoundError: The benchmark is not there; says where to download it and to put it.
        InputError: An unknown group, a file without windows, or a file that is no series.
    """
    data = locate_by_hand("nab/data", ADDRESS, data_dir)
    windows = json.loads(locate_by_hand(WINDOWS, ADDRESS, data_dir).read_text())
    present = sorted(path.name for path in data.iterdir() if any(path.glob("*.csv")))
    unknown = sorted(set(groups or ()) - set(present))
    if unknown or not present:
        raise InputError(
            f"'{data}' has no group {', '.join(unknown) or 'of series'}; found "
            f"{', '.join(present) or 'none'}; the rest is at {ADDRESS}"
        )
    return [
        _read(path, f"{group}/{path.stem}", windows)
        for group in sorted(set(groups or present))
        for path in sorted((data / group).glob("*.csv"))
    ]


def _read(path: Path, name: str, windows: dict[str, list[list[str]]]) -> Series:
    key = f"{name}.csv"
    if key not in windows:
        raise InputError(
            f"{WINDOWS} says nothing about '{key}', which lies beside the benchmark's series; "
            "download both from the same version, or remove the file"
        )
    table = TableReader(path, what="series").read()
    require_columns(table, ("timestamp", "value"), str(path))
    values = require_numeric(table[["value"]], ["value"], str(path))
    values = resolve_missing(values, "error", str(path)).to_numpy(np.float32)
    times = parse_timestamps(table["timestamp"], str(path))
    labels = np.zeros(len(times), dtype=np.int64)
    for start, stop in windows[key]:
        inside = (times >= pd.Timestamp(start, tz="UTC")) & (times <= pd.Timestamp(stop, tz="UTC"))
        labels[inside] = 1
    forward = _move_forward(times)
    require_forward(forward, table.index, str(path))
    return Series(name, forward, values, labels, ("value",))


def _move_forward(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Spread the times that stand still or go back between the nearest ones that do not."""
    moments = times.asi8
    later_than_all = np.append(True, moments[1:] > np.maximum.accumulate(moments)[:-1])
    moves_on = np.append(moments[:-1] != moments[1:], True)
    trusted = np.flatnonzero(later_than_all & moves_on)
    spread = np.interp(np.arange(len(moments)), trusted, moments[trusted])
    return pd.DatetimeIndex(spread.astype("datetime64[us]"), tz="UTC", name=times.name)
