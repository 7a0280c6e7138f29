"""The windows of many series as one set of samples, and their scores taken apart again."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from sklearn.preprocessing import MinMaxScaler, normalize

from zoo.data.arrays.windows import sliding_windows, window_ends, window_labels
from zoo.data.series.labelled import Series
from zoo.errors import InputError

PARTS = ("training", "validation", "test")
SCALINGS = ("raw", "minmax", "l2")


class PooledWindows:
    """Windows of series that were split by time; each lies in one part of one series.

    Args:
        splits: Training, validation and test part of each series, as `split_series` gives them;
            all with labels.
        length: Rows in a window.
        stride: Rows from one training window to the next; of the other parts every window is
            taken.
        label: Which row's label a window has: its last row's (`"point"`), or that of any row
            (`"window"`).

    Attributes:
        y: Part to labels `(n,)`, 1 = anomaly: those of the first series, then the second's ...

    Raises:
        InputError: A part with fewer rows than a window: names the series and the part.

    Example:
        >>> from zoo.data.series.labelled import split_series
        >>> from zoo.data.series.synthetic import generate_series
        >>> splits = [split_series(series) for series in generate_series(count=2, rows=1000)]
        >>> windows = PooledWindows(splits, length=16, stride=5)
        >>> windows.x("training").shape, windows.x("test").shape
        ((234, 16, 1), (370, 16, 1))
    """

    def __init__(
        self,
        splits: Sequence[tuple[Series, Series, Series]],
        length: int,
        stride: int = 1,
        label: Literal["point", "window"] = "point",
    ):
        self.splits = splits
        self.length = length
        self.stride = stride
        self.label = label
        self.y = {part: self._labels(part) for part in PARTS}
        self._x: dict[tuple[str, str], np.ndarray] = {}

    def x(self, part: str, scaling: str = "raw") -> np.ndarray:
        """Cut the windows of a part; the same call gives the same array, not another copy.

        Args:
            part: `"training"`, `"validation"` or `"test"`.
            scaling: `"raw"` takes values as they are. `"minmax"` brings each series to -1 ... 1 by
                the smallest and largest value of its training part, which the other parts may
                exceed; a feature that never changed there becomes -1. `"l2"` divides each window
                by its L2 norm; a window of zeros stays.

        Returns:
            `(n, length, features)` float32.

        Raises:
            InputError: An unknown scaling.
        """
        if scaling not in SCALINGS:
            raise InputError(f"scaling {scaling!r} is unknown; choose one of {SCALINGS}")
        if (part, scaling) not in self._x:
            cut = [self._windows(split, part, scaling) for split in self.splits]
            self._x[part, scaling] = np.concatenate(cut).astype(np.float32)
        return self._x[part, scaling]

    def parts(self, part: str) -> list[Series]:
        """Return that part of every series."""
        return [split[PARTS.index(part)] for split in self.splits]

    def rows(self, part: str) -> list[np.ndarray]:
        """Return, for every series, the rows of its part that a window ends on."""
        return [
            window_ends(len(series), self.length, self._stride(part), _name(series, part))
            for series in self.parts(part)
        ]

    def pool(self, by_row: Sequence[np.ndarray], part: str) -> np.ndarray:
        """Score windows by the scores of rows: that of the last row, or of the highest.

        Args:
            by_row: For every series, a score for each row of its part, `(time,)`.
            part: As for `x`.

        Returns:
            `(n,)`, in the order of `x(part)`: of the row that also gives a window its label, as
            far as scores can tell.
        """
        if self.label == "point":
            pairs = zip(by_row, self.rows(part), strict=True)
            return np.concatenate([scores[rows] for scores, rows in pairs])
        columns = [np.asarray(scores)[:, np.newaxis] for scores in by_row]
        cut = [sliding_windows(column, self.length, self._stride(part)) for column in columns]
        return np.concatenate([windows.max(axis=(1, 2)) for windows in cut])

    def by_series(self, values: np.ndarray, part: str) -> list[np.ndarray]:
        """Take `(n,)` values, one a window of a part, apart into one array for every series."""
        return np.split(values, np.cumsum([len(rows) for rows in self.rows(part)])[:-1])

    def _stride(self, part: str) -> int:
        return self.stride if part == PARTS[0] else 1

    def _windows(self, split: Sequence[Series], part: str, scaling: str) -> np.ndarray:
        series = split[PARTS.index(part)]
        values = series.values
        if scaling == "minmax":  # in float64: a level of 1e8 leaves float32 no digits for the rest
            learned = MinMaxScaler((-1, 1)).fit(split[0].values.astype(np.float64))
            values = learned.transform(values.astype(np.float64))
        windows = sliding_windows(values, self.length, self._stride(part), _name(series, part))
        if scaling == "l2":
            flat = windows.reshape(len(windows), -1).astype(np.float64)
            windows = normalize(flat).reshape(windows.shape)
        return windows

    def _labels(self, part: str) -> np.ndarray:
        if self.label == "window":
            pairs = [(series.labels, _name(series, part)) for series in self.parts(part)]
            length, stride = self.length, self._stride(part)
            return np.concatenate([window_labels(y, length, stride, name=n) for y, n in pairs])
        return self.pool([series.labels for series in self.parts(part)], part)


def _name(series: Series, part: str) -> str:
    return f"{series.name}, {part} part"
