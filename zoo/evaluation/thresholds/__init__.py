"""A score becomes a decision: thresholds learned from normal data only.

Each has scikit-learn's manners: `__init__` only stores, `fit` learns what ends in `_`, `score`
gives a number per sample (larger = more anomalous), `alarms` gives 1 where it exceeds `threshold_`.
`Rolling` makes any of those on scores follow the time.
"""

from zoo.evaluation.thresholds.base import ScoreThreshold, Threshold
from zoo.evaluation.thresholds.gaussian import Gaussian
from zoo.evaluation.thresholds.mahalanobis import Mahalanobis
from zoo.evaluation.thresholds.median_mad import MedianMAD
from zoo.evaluation.thresholds.peaks_over_threshold import PeaksOverThreshold
from zoo.evaluation.thresholds.percentile import Percentile
from zoo.evaluation.thresholds.rolling import Rolling
from zoo.evaluation.thresholds.saved import from_dict

__all__ = [
    "Gaussian",
    "Mahalanobis",
    "MedianMAD",
    "PeaksOverThreshold",
    "Percentile",
    "Rolling",
    "ScoreThreshold",
    "Threshold",
    "from_dict",
]
