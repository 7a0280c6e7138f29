"""The point protocol, that of the Server Machine Dataset: every row of the test part is judged."""

import numpy as np

from zoo.data.arrays.windows import point_scores
from zoo.evaluation import metrics


def scores(rows, second, window):
    """Return the score of every row: the geometric mean over the windows that cover it.

    Args:
        rows: `(n, window)` row errors of the window that starts at each row.
        second: `(n,)` term to add to a window's mean error.
        window: Rows a window.
    """
    by_window = np.log(np.maximum(rows.mean(axis=1) + second, 1e-12))
    return np.exp(point_scores(by_window, len(rows) + window - 1, window))


def numbers(labels, scores, threshold, buffer):
    """Return VUS, a mean over the servers, and what becomes of whole events.

    Args:
        labels: One array `(rows,)` a server.
        scores: `(n,)` of the rows of all servers.
        threshold: Score above which a row is flagged.
        buffer: Rows around events that count in part; None: the median length of a server's events.
    """
    edges = np.cumsum([len(each) for each in labels])[:-1]
    volumes = [
        metrics.vus(each, part, buffer or median_event(each))
        for each, part in zip(labels, np.split(scores, edges), strict=True)
        if each.any()
    ]
    found = {name: float(np.mean([v[name] for v in volumes])) for name in ("vus_pr", "vus_roc")}
    return found | metrics.event_metrics(np.concatenate(labels), scores > threshold)


def median_event(labels):
    """Return the median length of the events, in rows."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels, [0]])))
    return int(np.median(edges[1::2] - edges[::2]))
