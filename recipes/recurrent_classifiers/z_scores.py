"""Z-scores: the baselines of the recurrent recipe, one series at a time."""

import numpy as np

from recipes.common import Contestant, timed
from recipes.recurrent_classifiers.rows import Row
from zoo.data.series.pooled_windows import PARTS
from zoo.evaluation.baselines import RollingZScore, ZScore


def z_score(windows):
    """Return the row of standard deviations from the training mean, each series by its own."""
    training = [series.values for series in windows.parts("training")]
    fitted, seconds = timed(lambda: [fit_z_score(values) for values in training])

    def score(part):
        pairs = zip(fitted, windows.parts(part), strict=True)
        return windows.pool([scored(series.values) for scored, series in pairs], part)

    return Row("z-score", "", "", Contestant("baseline", score, seconds))


def fit_z_score(training):
    """Return the function that scores rows; the distance itself where training never changed."""
    if len(np.unique(training, axis=0)) > 1:
        return ZScore().fit(training).score
    return lambda values: np.abs(values - training[0]).mean(axis=1)


def rolling_z_score(windows, length):
    """Return the row of standard deviations from the mean of the rows just before."""

    def score(part):
        before = PARTS.index(part) - 1
        scores = [
            RollingZScore(length).fit(split[before].values).score(split[before + 1].values)
            for split in windows.splits
        ]
        return windows.pool(scores, part)

    return Row("rolling z-score", "", "", Contestant("baseline", score, 0.0))
