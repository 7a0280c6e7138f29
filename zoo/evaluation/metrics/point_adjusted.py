"""Point-adjusted F1, for comparison with papers that report nothing else."""

import numpy as np
from numpy.typing import ArrayLike

from zoo.evaluation.metrics.checks import checked
from zoo.evaluation.metrics.detection import best_f1
from zoo.evaluation.metrics.events import event_bounds, reduce_spans


def point_adjusted_f1(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the best F1 after every row of an event counts as found once any of its rows is.

    It flatters: one lucky row finds an event of hundreds, so *random scores reach 0.9* where events
    are long (Kim et al., "Towards a Rigorous Evaluation of Time-Series Anomaly Detection", AAAI
    2022), and the threshold is chosen with the labels in hand. No detector should be chosen by it.

    Args:
        labels: `(time,)`, 1 = anomaly, in order of time.
        scores: `(time,)`, larger = more anomalous.

    Raises:
        ValueError: Labels other than 0 and 1, scores that are not finite, or unequal lengths.

    Example:
        >>> point_adjusted_f1([0, 1, 1, 1, 0], [0.5, 0.1, 0.9, 0.2, 0.6])
        1.0
    """
    labels, scores = checked(labels, scores)
    first, last = event_bounds(labels)
    adjusted = scores.copy()
    peaks = reduce_spans(np.maximum, scores, first, last)
    adjusted[labels] = np.repeat(peaks, last - first + 1)
    return best_f1(labels, adjusted)[0]
