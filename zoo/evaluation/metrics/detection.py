"""How well scores tell anomalies from normals, sample by sample.

Labels are `(n,)` with 1 = anomaly; scores are `(n,)`, larger = more anomalous; a sample is flagged
when its score is *greater than* the threshold. Without any anomaly there is nothing to find:
precision, recall and F1 are then 0, and what has no value at all is NaN and warned about.
"""

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation.metrics.checks import binary, check_lengths, checked, undefined


def roc_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the chance that a random anomaly scores above a random normal (ties count half).

    NaN, with a warning, when the labels hold one class only.

    Raises:
        ValueError: Labels other than 0 and 1, scores that are not finite, or unequal lengths.

    Example:
        >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    from sklearn.metrics import roc_auc_score

    labels, scores = checked(labels, scores)
    if labels.all() or not labels.any():
        return undefined("ROC-AUC", labels)
    return float(roc_auc_score(labels, scores))


def pr_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the average precision: the area under the precision-recall curve, as a step function.

    A detector that guesses gets the share of anomalies. NaN, with a warning, when there are none.

    Raises:
        ValueError: Labels other than 0 and 1, scores that are not finite, or unequal lengths.

    Example:
        >>> pr_auc([0, 1, 1], [0.3, 0.2, 0.9])  # precision 1 for the first anomaly, 2/3 for both
        0.8333333333333333
    """
    from sklearn.metrics import average_precision_score

    labels, scores = checked(labels, scores)
    if not labels.any():
        return undefined("PR-AUC", labels)
    return float(average_precision_score(labels, scores))


def best_f1(labels: ArrayLike, scores: ArrayLike) -> tuple[float, float]:
    """Return the highest F1 that any threshold reaches, and the threshold that reaches it.

    It is chosen with the labels in hand, so it flatters: an upper bound, not a result to expect.
    Of equally good thresholds the highest is taken, the one that flags fewest.

    Raises:
        ValueError: Labels other than 0 and 1, scores that are not finite, or unequal lengths.

    Example:
        >>> best_f1([0, 1, 0, 1], [0.1, 0.4, 0.35, 0.8])
        (1.0, 0.35)
    """
    labels, scores = checked(labels, scores)
    order = np.argsort(scores)[::-1]
    ranked = scores[order]
    last_of_ties = np.append(ranked[1:] < ranked[:-1], True)
    flagged = np.flatnonzero(last_of_ties) + 1
    hits = np.cumsum(labels[order])[flagged - 1]
    f1 = 2 * hits / (flagged + labels.sum())
    best = int(np.argmax(f1))
    if f1[best] == 0:
        return 0.0, float(ranked[0])
    is_everything = flagged[best] == len(scores)
    below = np.nextafter(ranked[-1], -np.inf, dtype=scores.dtype)
    return float(f1[best]), float(below if is_everything else ranked[flagged[best]])


def at_threshold(labels: ArrayLike, flags: ArrayLike) -> dict[str, float]:
    """Return `precision`, `recall` and `f1` of a yes-or-no decision, `flags` of shape `(n,)`.

    Raises:
        ValueError: Labels or flags other than 0 and 1, or unequal lengths.

    Example:
        >>> at_threshold([0, 0, 1, 1], [0, 1, 1, 1])["recall"]
        1.0
    """
    labels, flags = binary("labels", labels), binary("flags", flags)
    check_lengths(labels, flags, "flags")
    hits, flagged, anomalies = int((labels & flags).sum()), int(flags.sum()), int(labels.sum())
    return {
        "precision": hits / flagged if flagged else 0.0,
        "recall": hits / anomalies if anomalies else 0.0,
        "f1": 2 * hits / (flagged + anomalies) if flagged + anomalies else 0.0,
    }


def all_positive_f1(labels: ArrayLike) -> float:
    """Return the F1 of calling everything an anomaly, the floor under any `best_f1`.

    With a share p of anomalies it is 2p / (1 + p): 0.947 when nine digits of ten are "anomalies".

    Raises:
        ValueError: Labels other than 0 and 1.

    Example:
        >>> round(all_positive_f1([0] + [1] * 9), 3)
        0.947
    """
    share = float(binary("labels", labels).mean())
    return 2 * share / (1 + share)


def summarize(labels: ArrayLike, scores: ArrayLike, threshold: float) -> dict[str, float]:
    """Return every number that `metrics.json` holds on detection, under its contract name.

    Args:
        labels: `(n,)`, 1 = anomaly.
        scores: `(n,)`, larger = more anomalous.
        threshold: What was fitted on normal data; scores above it are flagged.

    Returns:
        `roc_auc`, `pr_auc`; `precision`, `recall`, `f1` at the threshold; `best_f1`, chosen on
        these labels; `threshold`; `anomaly_rate`, the share of samples that are flagged.

    Raises:
        ValueError: Labels other than 0 and 1, scores or a threshold that are not finite, or
            unequal lengths.

    Example:
        >>> found = summarize([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.5)
        >>> found["precision"], found["recall"], found["anomaly_rate"]
        (1.0, 0.5, 0.25)
    """
    labels, scores = checked(labels, scores)
    if not np.isfinite(threshold):
        raise InputError(f"the threshold is {threshold}, expected a finite number")
    flags = scores > np.float64(threshold)
    return {
        "roc_auc": roc_auc(labels, scores),
        "pr_auc": pr_auc(labels, scores),
        **at_threshold(labels, flags),
        "best_f1": best_f1(labels, scores)[0],
        "threshold": float(threshold),
        "anomaly_rate": float(flags.mean()),
    }
