"""Detectors that cost a second, which every deep one must be read against.

Each takes samples of any shape `(n, ...)`, flattens them to `(n, features)`, learns from normal
ones in `fit`, and gives scores `(n,)` float32, larger = more anomalous.
"""

from zoo.evaluation.baselines.base import Baseline
from zoo.evaluation.baselines.isolation_forest import IsolationForestBaseline
from zoo.evaluation.baselines.local_outlier_factor import LocalOutlierFactorBaseline
from zoo.evaluation.baselines.nearest_neighbors import NearestNeighbors
from zoo.evaluation.baselines.pca import PCAReconstruction
from zoo.evaluation.baselines.z_score import RollingZScore, ZScore

__all__ = [
    "Baseline",
    "IsolationForestBaseline",
    "LocalOutlierFactorBaseline",
    "NearestNeighbors",
    "PCAReconstruction",
    "RollingZScore",
    "ZScore",
    "all_baselines",
]


def all_baselines(seed: int = 0) -> dict[str, Baseline]:
    """Return the baselines of every results table, unfitted, by name.

    Example:
        >>> list(all_baselines(seed=0))
        ['pca', 'knn', 'isolation_forest']
    """
    return {
        "pca": PCAReconstruction(),
        "knn": NearestNeighbors(),
        "isolation_forest": IsolationForestBaseline(seed),
    }
