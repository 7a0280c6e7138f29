"""The window protocol: a window is judged by what its rows' errors come to."""

import numpy as np


def scores(rows, second, pooling, anomalous_share):
    """Return the scores `(n,)` of windows.

    A window's score is the mean of its row errors, or the error that `anomalous_share` of its rows
    exceed: what would make it anomalous if each row above that were.

    Args:
        rows: `(n, window)` row errors.
        second: `(n,)` term to add.
        pooling: `"mean"` or `"quantile"`.
        anomalous_share: Share of the rows.
    """
    if pooling == "mean":
        return rows.mean(axis=1) + second
    return np.quantile(rows, 1 - anomalous_share, axis=1) + second


def spans(count, window, stride):
    """Return the first and the last row of each of `count` judged windows."""
    first = np.arange(count) * stride
    return first, first + window - 1
