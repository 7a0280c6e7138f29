"""A score becomes a decision: thresholds learned from normal data only.

Each has scikit-learn's manners: `__init__` only stores, `fit` learns what ends in `_`, `score`
gives a number per sample (larger = stranger), `predict` gives 1 where it exceeds `threshold_`.
`Rolling` makes any of those on scores follow the time.
"""

from zoo.thresholds.base import ScoreThreshold, Threshold
from zoo.thresholds.gaussian import Gaussian
from zoo.thresholds.mahalanobis import Mahalanobis
from zoo.thresholds.median_mad import MedianMAD
from zoo.thresholds.peaks_over_threshold import PeaksOverThreshold
from zoo.thresholds.percentile import Percentile
from zoo.thresholds.rolling import Rolling
from zoo.thresholds.saved import from_dict

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
