"""Which kinds of anomaly a detector finds, and which it is blind to."""

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation.metrics.checks import check_lengths
from zoo.evaluation.metrics.detection import roc_auc


def roc_auc_by_kind(normal: ArrayLike, anomalous: ArrayLike, kinds: ArrayLike) -> dict[str, float]:
    """Return the ROC-AUC of each kind of anomaly against the same normals.

    Below 0.5 anomalies of a kind look *more* normal than normal data do.

    Args:
        normal: `(n,)`, scores of normal samples, larger = more anomalous.
        anomalous: `(m,)`, scores of anomalies.
        kinds: `(m,)`, the name of each anomaly's kind.

    Returns:
        Kind to ROC-AUC, in the order in which kinds first occur.

    Raises:
        ValueError: Scores that are not finite, unequal lengths, or no normals or anomalies.

    Example:
        >>> roc_auc_by_kind([1, 2, 3, 4], [5, 6, 0], ["spike", "spike", "stale"])
        {'spike': 1.0, 'stale': 0.0}
    """
    normal, anomalous, kinds = np.asarray(normal), np.asarray(anomalous), np.asarray(kinds)
    check_lengths(kinds, anomalous, "scores of anomalies")
    if not len(normal) or not len(anomalous):
        raise InputError(
            f"{len(normal)} normals and {len(anomalous)} anomalies; expected 1 or more of each"
        )
    found = {}
    for kind in dict.fromkeys(kinds.tolist()):
        of_kind = anomalous[kinds == kind]
        labels = np.repeat([0, 1], [len(normal), len(of_kind)])
        found[kind] = roc_auc(labels, np.concatenate([normal, of_kind]))
    return found
