"""Turn a column of times, as files write them, into a UTC index that only moves forward."""

import numpy as np
import pandas as pd

from zoo.data.arrays.checks import name_rows
from zoo.errors import InputError

TIME_NAMES = ("timestamp", "open_time", "datetime", "date", "time")
"""Names of a column of times, the likeliest first."""
EARLIEST_EPOCH = 1e8  # seconds, March 1973: smaller numbers are dates such as 20250403
UNITS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (np.inf, 1e-3))
"""Below the first number, a time since 1970 times the second one is in microseconds."""


def parse_timestamps(text: pd.Series, name: str) -> pd.DatetimeIndex:
    """Read ISO 8601 texts, or numbers since 1970 in seconds, milli-, micro- or nanoseconds.

    The unit follows from the size of each number (exchanges have changed theirs between files). A
    text without a time zone is taken as UTC.

    Args:
        text: Column of texts or numbers; its index names rows in errors.
        name: What errors call the table.

    Returns:
        UTC index called `timestamp`, in microseconds.

    Raises:
        InputError: A value is neither; names the row and the value.

    Example:
        >>> import pandas as pd
        >>> parse_timestamps(pd.Series(["1743699900", "1743699900000"]), "btc.csv")[1].isoformat()
        '2025-04-03T17:05:00+00:00'
    """
    numbers = pd.to_numeric(text, errors="coerce")
    if numbers.notna().sum() > len(text) / 2:
        times = _from_epoch(numbers.to_numpy(np.float64))
    else:
        times = pd.to_datetime(text.astype(str), utc=True, format="ISO8601", errors="coerce")
        times = times.where(numbers.isna())
    times = pd.DatetimeIndex(times, name="timestamp").as_unit("us")
    if times.hasnans:
        row = text.index[times.isna()][:1]
        raise InputError(
            f"'{name}' has the timestamp {text[row[0]]!r} in {name_rows(row)}; expected ISO 8601 "
            "such as 2025-04-03T17:05:00Z, or seconds, milliseconds or microseconds since 1970"
        )
    return times


def require_forward(times: pd.DatetimeIndex, rows: pd.Index, name: str) -> None:
    """Raise unless every time is later than the one before.

    A file is not sorted behind the user's back: rows out of order often mean that two files were
    joined, and of two rows with one time only the user can say which is right.

    Args:
        times: Times in the order of the file.
        rows: What errors call each row.
        name: What errors call the table.

    Raises:
        InputError: Names the first row that repeats a time or goes back, and how many do.
    """
    backward = np.flatnonzero(times[1:] <= times[:-1]) + 1
    if not len(backward):
        return
    first = backward[0]
    what = "repeats" if times[first] == times[first - 1] else "is earlier than"
    raise InputError(
        f"'{name}' is not in order of time: {name_rows(rows[[first]])} ({times[first]}) {what} "
        f"the row before it ({times[first - 1]}); in all {len(backward)} rows do not move forward; "
        "sort the rows by time and keep one row for each time"
    )


def _from_epoch(numbers: np.ndarray) -> pd.DatetimeIndex:
    sizes = [numbers < limit for limit, _ in UNITS]
    microseconds = np.select(sizes, [numbers * factor for _, factor in UNITS], default=np.nan)
    known = (numbers >= EARLIEST_EPOCH) & np.isfinite(microseconds)
    moments = np.where(known, microseconds, 0).astype(np.int64).astype("datetime64[us]")
    return pd.DatetimeIndex(np.where(known, moments, np.datetime64("NaT")), tz="UTC")
