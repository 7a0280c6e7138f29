"""The threshold that outliers among its samples do not move: median + k · MAD.

Leys et al., "Detecting outliers: Do not use standard deviation around the mean, use absolute
deviation around the median", Journal of Experimental Social Psychology 49(4), 2013.
"""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from zoo.errors import InputError
from zoo.evaluation.thresholds.base import ScoreThreshold, finite_scores

GAUSSIAN_DEVIATIONS = float(1 / norm.isf(0.25))  # of a MAD: 1.4826


class MedianMAD(ScoreThreshold):
    """Flag scores above median + k · 1.4826 · MAD, the median absolute deviation from the median.

    The factor makes k count standard deviations of Gaussian scores. Almost half of the scores may
    be anomalies before the threshold follows them, so it may be fitted where no normals are known.

    Args:
        k: Standard deviations above the median; 3 flags 0.13 % of Gaussian scores, and far more of
            scores with a long upper tail, such as squared errors.

    Example:
        >>> MedianMAD(k=2).fit([1, 2, 3, 4, 1000]).threshold_  # median 3, MAD 1
        5.965...
    """

    def __init__(self, k: float = 3.0):
        self.k = k

    def fit(self, x: ArrayLike) -> Self:
        """Learn `threshold_` from scores `(n,)`, most of them normal.

        Raises:
            ValueError: No scores, scores that are not finite or not `(n,)`, or more than half of
                them equal, which leaves no spread.
        """
        scores = finite_scores(x)
        median = float(np.median(scores))
        # SciPy's median_abs_deviation gives the same, ten times slower: too slow for `Rolling`.
        spread = float(np.median(np.abs(scores - median))) * GAUSSIAN_DEVIATIONS
        if spread <= 1e-12 * abs(median):
            raise InputError(
                f"half or more of the {len(scores)} scores are equal, expected some spread; "
                "take Percentile, or look whether the model collapsed"
            )
        self.threshold_ = median + self.k * spread
        return self
