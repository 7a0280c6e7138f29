"""Rare anomalies beside many normals: leave normals out, or say how much an anomaly must weigh.

Survey: He and Garcia, Learning from Imbalanced Data, IEEE TKDE 2009.
"""

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError


def downsample(labels: ArrayLike, ratio: float = 1.0, seed: int = 0) -> np.ndarray:
    """Choose all anomalies, and at random only as many normals as are wanted for each.

    Args:
        labels: `(n,)`, 1 = anomaly.
        ratio: Normals to keep for each anomaly; where there are fewer, all are kept.
        seed: Draws the normals; equal seeds choose the same.

    Returns:
        `(m,)` int, positions of the chosen samples, rising.

    Raises:
        InputError: Labels of one class only, or a ratio that is not above 0.

    Example:
        >>> labels = np.array([0, 0, 1, 0, 0, 0, 1, 0])
        >>> labels[downsample(labels)].tolist().count(0)
        2
    """
    if not ratio > 0:
        raise InputError(f"the ratio is {ratio}; give the normals to keep for each anomaly, as 1.0")
    anomalies, normals = _classes(labels)
    wanted = min(max(1, round(ratio * len(anomalies))), len(normals))
    kept = np.random.default_rng(seed).choice(normals, wanted, replace=False)
    return np.sort(np.concatenate([anomalies, kept]))


def balancing_weight(labels: ArrayLike) -> float:
    """Return the weight of an anomaly that lets both classes weigh the same: normals per anomaly.

    Args:
        labels: `(n,)`, 1 = anomaly.

    Raises:
        InputError: Labels of one class only.

    Example:
        >>> balancing_weight([0, 0, 0, 1])
        3.0
    """
    anomalies, normals = _classes(labels)
    return len(normals) / len(anomalies)


def _classes(labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the anomalies, and of the normals."""
    is_anomaly = np.asarray(labels) != 0
    anomalies, normals = np.flatnonzero(is_anomaly), np.flatnonzero(~is_anomaly)
    if not len(anomalies) or not len(normals):
        raise InputError(
            f"of {len(is_anomaly)} labels, {len(anomalies)} are anomalies and {len(normals)} "
            "normal; expected some of both to balance"
        )
    return anomalies, normals
