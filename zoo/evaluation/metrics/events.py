"""How many anomalous events a decision finds, and how many of its alarms are right."""

import numpy as np
from numpy.typing import ArrayLike

from zoo.evaluation.metrics.checks import binary, check_lengths


def event_bounds(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last row of each run of ones, two arrays `(events,)`.

    Example:
        >>> first, last = event_bounds(np.array([0, 1, 1, 0, 1]))
        >>> first.tolist(), last.tolist()
        ([1, 4], [2, 4])
    """
    edges = np.diff(np.concatenate([[0], np.asarray(labels, dtype=np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1


def reduce_spans(
    ufunc: np.ufunc, values: np.ndarray, first: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """Reduce the values of each span of rows to one, `(spans,)`.

    Args:
        ufunc: `np.maximum`, `np.minimum`, `np.add` ...
        values: `(time,)`.
        first: First row of each span, `(spans,)`.
        last: Last row of each span; spans are in order and do not overlap.

    Example:
        >>> reduce_spans(np.maximum, np.array([5, 1, 2, 9, 4]), [1, 4], [2, 4]).tolist()
        [2, 4]
    """
    cuts = np.column_stack([first, np.asarray(last) + 1]).ravel().astype(int)
    # reduceat wants every cut inside the array, also the one after the last row.
    padded = np.append(values, values[-1:])
    return ufunc.reduceat(padded, cuts)[::2]


def event_metrics(labels: ArrayLike, flags: ArrayLike) -> dict[str, float]:
    """Return precision, recall and F1 that count events instead of rows.

    An event is a maximal run of ones in the labels, an alarm one in the flags. An event is found
    when any of its rows is flagged, so one flagged row finds an event of any length; an alarm is
    right when any of its rows is anomalous, so an alarm that never ends is right, too. Read these
    numbers beside the row-wise ones.

    Args:
        labels: `(time,)`, 1 = anomaly, in order of time.
        flags: `(time,)`, 1 = flagged.

    Returns:
        `event_precision`, the share of alarms that are right; `event_recall`, the share of events
        that are found; `event_f1`, their harmonic mean. Each is 0 where there is nothing to count.

    Raises:
        ValueError: Labels or flags other than 0 and 1, or unequal lengths.

    Example:
        >>> event_metrics([1, 1, 1, 0, 0, 1], [0, 1, 0, 1, 0, 0])
        {'event_precision': 0.5, 'event_recall': 0.5, 'event_f1': 0.5}
    """
    labels, flags = binary("labels", labels), binary("flags", flags)
    check_lengths(labels, flags, "flags")
    precision, recall = _share_touched(flags, labels), _share_touched(labels, flags)
    total = precision + recall
    return {
        "event_precision": precision,
        "event_recall": recall,
        "event_f1": 2 * precision * recall / total if total else 0.0,
    }


def distinct_peaks(scores: ArrayLike, count: int, apart: int = 1) -> np.ndarray:
    """Positions of the highest scores that lie `apart` from each other, highest first.

    The windows around an anomaly all score high; these are different anomalies.

    Args:
        scores: `(time,)`.
        count: most positions to return.
        apart: fewest rows between two of them, as the window's length.

    Returns:
        `(count,)` int, or fewer where there is no room for more.

    Example:
        >>> distinct_peaks([0, 5, 6, 5, 0, 0, 3], count=2, apart=3).tolist()
        [2, 6]
    """
    scores = np.asarray(scores, dtype=float)
    free = np.ones(len(scores), bool)
    chosen: list[int] = []
    for position in np.argsort(-scores, kind="stable"):
        if len(chosen) == count:
            break
        if free[position]:
            chosen.append(int(position))
            free[max(0, position - apart + 1) : position + apart] = False
    return np.array(chosen, dtype=int)


def _share_touched(runs: np.ndarray, others: np.ndarray) -> float:
    first, last = event_bounds(runs)
    touched = reduce_spans(np.logical_or, others, first, last)
    return float(touched.mean()) if len(touched) else 0.0
