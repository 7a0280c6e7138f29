"""Volume under the surface: AUC of a series, forgiving about where an anomaly starts and ends.

Paparrizos et al., "Volume Under the Surface: A New Accuracy Evaluation Measure for Time-Series
Anomaly Detection", PVLDB 15(11), 2022.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import trapezoid

from zoo.errors import InputError
from zoo.evaluation.metrics.checks import checked, undefined
from zoo.evaluation.metrics.events import event_bounds, reduce_spans

THRESHOLDS = 250  # of the published code; values depend on it a little


def vus(labels: ArrayLike, scores: ArrayLike, window: int) -> dict[str, float]:
    """Return the mean range-aware ROC-AUC and PR-AUC over all buffers from 0 to `window` rows.

    A buffer of w rows lets labels fall off beside each event, from 1 to the square root of 1 - d/w
    at d = 1 ... w/2 rows away, so that an alarm a little early or late earns a part of a hit. An
    alarm there is not demanded: only buffers that were flagged raise the count of positives, by
    half. Recall is multiplied by the share of events that were touched, buffers included. The
    curves are drawn through the scores at 250 evenly spaced ranks, as the authors' code does.

    Compare values for one series and one `window` only; the authors take about one period of the
    series.

    Args:
        labels: `(time,)`, 1 = anomaly, in order of time.
        scores: `(time,)`, larger = more anomalous.
        window: Largest buffer, in rows; 0 blurs nothing.

    Returns:
        `vus_roc` and `vus_pr`; both NaN, with a warning, when the labels hold one class only.

    Raises:
        ValueError: Labels other than 0 and 1, scores that are not finite, unequal lengths, or a
            `window` that is no integer of 0 or more.

    Example:
        >>> vus([0, 0, 1, 1, 0], [0.1, 0.2, 0.9, 0.8, 0.3], window=0)
        {'vus_roc': 1.0, 'vus_pr': 1.0}
    """
    labels, scores = checked(labels, scores)
    if window != int(window) or window < 0:
        raise InputError(f"the window is {window}, expected a whole number of rows, 0 or more")
    if labels.all() or not labels.any():
        return dict.fromkeys(("vus_roc", "vus_pr"), undefined("VUS", labels))
    ranks = np.linspace(0, len(scores) - 1, THRESHOLDS).astype(int)
    thresholds = np.sort(scores)[::-1][ranks]
    first_flagged = np.searchsorted(-thresholds, -scores)  # the first threshold a row reaches
    areas = [_range_auc(labels, first_flagged, buffer) for buffer in range(int(window) + 1)]
    roc, pr = np.mean(areas, axis=0)
    return {"vus_roc": float(roc), "vus_pr": float(pr)}


def _range_auc(labels: np.ndarray, first_flagged: np.ndarray, buffer: int) -> tuple[float, float]:
    rows, anomalies = len(labels), np.count_nonzero(labels)
    starts, ends = event_bounds(labels)
    soft = _buffer_weights(labels, starts, ends, buffer)

    flagged = _flagged_so_far(first_flagged)
    in_buffers = _flagged_so_far(first_flagged, soft)
    hits = _flagged_so_far(first_flagged[labels]) + in_buffers
    positives = anomalies + in_buffers / 2

    touched_at = _first_touched(starts, ends, first_flagged, buffer // 2)
    touched = _flagged_so_far(touched_at) / len(touched_at)
    recall = np.minimum(hits / positives, 1) * touched
    false_alarms = (flagged - hits) / (rows - positives)

    roc = trapezoid(np.concatenate([[0], recall, [1]]), np.concatenate([[0], false_alarms, [1]]))
    pr = np.sum(np.diff(recall, prepend=0) * hits / flagged)
    return float(roc), float(pr)


def _flagged_so_far(first_flagged: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    return np.cumsum(np.bincount(first_flagged, weights, minlength=THRESHOLDS))


def _buffer_weights(
    labels: np.ndarray, starts: np.ndarray, ends: np.ndarray, buffer: int
) -> np.ndarray:
    """Return the soft labels beside events, 0 elsewhere and on events themselves."""
    distance = np.arange(1, buffer // 2 + 1)
    reached = np.concatenate([starts[:, None] - distance, ends[:, None] + distance])
    weights = np.broadcast_to(np.sqrt(1 - distance / max(buffer, 1)), reached.shape)
    inside = (reached >= 0) & (reached < len(labels))
    soft = np.bincount(reached[inside], weights[inside], minlength=len(labels))
    return np.where(labels, 0, np.minimum(soft, 1))


def _first_touched(
    starts: np.ndarray, ends: np.ndarray, first_flagged: np.ndarray, reach: int
) -> np.ndarray:
    """Return the first threshold that flags a row of each event; events that meet are one."""
    apart = ends[:-1] + reach < starts[1:] - reach
    first = np.maximum(starts[np.append(True, apart)] - reach, 0)
    last = np.minimum(ends[np.append(apart, True)] + reach, len(first_flagged) - 1)
    return reduce_spans(np.minimum, first_flagged, first, last)
