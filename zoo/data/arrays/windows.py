"""Cut a series into windows without copying it, and bring their scores back to its rows."""

import numpy as np

from zoo.errors import InputError


def sliding_windows(
    series: np.ndarray, length: int, stride: int = 1, name: str = "series"
) -> np.ndarray:
    """View a series as overlapping windows.

    Args:
        series: `(time, features)`.
        length: Rows in a window.
        stride: Rows from the start of one window to the start of the next.
        name: What errors call the series: its file, or its column.

    Returns:
        Read-only view `(n, length, features)` of the same memory, with
        n = (time - length) // stride + 1.

    Raises:
        InputError: Not two axes, length or stride below 1, or fewer rows than a window.

    Example:
        >>> import numpy as np
        >>> sliding_windows(np.arange(5)[:, None], length=3, stride=2)[..., 0].tolist()
        [[0, 1, 2], [2, 3, 4]]
    """
    series = np.asarray(series)
    if series.ndim != 2:
        raise InputError(
            f"series '{name}' has shape {series.shape}, expected (time, features); "
            "give a single feature as series[:, None]"
        )
    _require_fit(len(series), length, stride, name)
    windows = np.lib.stride_tricks.sliding_window_view(series, length, axis=0)
    return np.moveaxis(windows, -1, 1)[::stride]


def window_ends(rows: int, length: int, stride: int = 1, name: str = "series") -> np.ndarray:
    """Say which row each window ends on: the row its score belongs to in a stream.

    Args:
        rows: Rows of the series.
        length: Rows in a window.
        stride: Rows from one window to the next.
        name: What errors call the series.

    Returns:
        `(n,)` int, the position of the last row of each window.

    Raises:
        InputError: As `sliding_windows`.

    Example:
        >>> window_ends(rows=5, length=3, stride=2).tolist()
        [2, 4]
    """
    _require_fit(rows, length, stride, name)
    return np.arange(length - 1, rows, stride)


def window_labels(
    labels: np.ndarray,
    length: int,
    stride: int = 1,
    threshold: float = 0.0,
    name: str = "labels",
) -> np.ndarray:
    """Label windows by the rows they hold.

    Args:
        labels: `(time,)`, nonzero = anomalous row.
        length: Rows in a window.
        stride: Rows from one window to the next.
        threshold: A window is anomalous when *more* than this fraction of its rows is; 0 asks for
            one row.
        name: What errors call the series.

    Returns:
        `(n,)` int, 1 = anomalous window.

    Raises:
        InputError: Not one axis, a threshold outside [0, 1), or as `sliding_windows`.

    Example:
        >>> window_labels([0, 0, 1, 1, 0], length=2).tolist()
        [0, 1, 1, 1]
        >>> window_labels([0, 0, 1, 1, 0], length=2, threshold=0.5).tolist()
        [0, 0, 1, 0]
    """
    anomalous = np.asarray(labels) != 0
    if anomalous.ndim != 1:
        raise InputError(f"series '{name}' has labels of shape {anomalous.shape}, expected (time,)")
    if not 0 <= threshold < 1:
        raise InputError(f"the window threshold is {threshold}, expected a fraction in [0, 1)")
    _require_fit(len(anomalous), length, stride, name)
    counts = np.concatenate([[0], np.cumsum(anomalous)])
    in_window = (counts[length:] - counts[:-length])[::stride]
    return (in_window > threshold * length).astype(np.int64)


def point_scores(scores: np.ndarray, rows: int, length: int, stride: int = 1) -> np.ndarray:
    """Score each row by the mean score of the windows that cover it.

    Args:
        scores: `(n,)`, one for each window that `sliding_windows` cuts with the same settings.
        rows: Rows of the series.
        length: Rows in a window.
        stride: Rows from one window to the next.

    Returns:
        `(rows,)` float64; NaN for a row that no window covers: some of the last ones, or those
        between windows where the stride is longer than a window.

    Raises:
        InputError: Another number of scores than windows, scores that are not finite, or as
            `sliding_windows`.

    Example:
        >>> point_scores([1.0, 5.0], rows=6, length=3, stride=2).tolist()
        [1.0, 1.0, 3.0, 5.0, 5.0, nan]
    """
    scores = np.asarray(scores, dtype=np.float64)
    starts = window_ends(rows, length, stride, "scores") - (length - 1)
    if scores.shape != starts.shape:
        raise InputError(
            f"there are scores of shape {scores.shape}, but {rows} rows hold {len(starts)} windows "
            f"of {length} at stride {stride}; expected shape ({len(starts)},)"
        )
    if not np.isfinite(scores).all():
        raise InputError(
            f"{int((~np.isfinite(scores)).sum())} of {len(scores)} window scores are NaN or "
            "infinite; a row's mean is not defined then"
        )
    begun, ended = np.zeros(rows + 1), np.zeros(rows + 1)
    begun[starts], ended[starts + length] = scores, scores
    sums = np.cumsum(begun - ended)[:-1]
    begun[starts], ended[starts + length] = 1, 1
    counts = np.cumsum(begun - ended)[:-1]
    return np.divide(sums, counts, out=np.full(rows, np.nan), where=counts > 0)


def _require_fit(rows: int, length: int, stride: int, name: str) -> None:
    if length < 1 or stride < 1:
        raise InputError(f"the window is {length} and the stride {stride}; give 1 or more of each")
    if rows == 0:
        raise InputError(f"series '{name}' has no rows; a window of {length} needs {length}")
    if rows < length:
        raise InputError(
            f"series '{name}' has {rows} rows, fewer than the window of {length}; "
            f"give a window of {rows} or less"
        )
