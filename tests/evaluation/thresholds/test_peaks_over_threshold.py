"""Peaks over threshold: the stated false-alarm rate, for tails whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from zoo.evaluation.thresholds import PeaksOverThreshold, Percentile

pytestmark = pytest.mark.once


TAILS = {
    "exponential": stats.expon(),
    "light": stats.norm(),
    "heavy": stats.t(3),
    "bounded": stats.beta(2, 5),
}


@pytest.mark.parametrize("name", TAILS)
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_normals_exceed_it_as_often_as_stated(name, unit):
    tail = TAILS[name]
    scores = unit * tail.rvs(20_000, random_state=0)
    threshold = PeaksOverThreshold(false_alarm_rate=1e-3).fit(scores).threshold_
    assert 0.6e-3 < tail.sf(threshold / unit) < 1.6e-3


def test_it_reaches_beyond_the_largest_score_seen():
    scores = stats.expon().rvs(20_000, random_state=0)
    threshold = PeaksOverThreshold(false_alarm_rate=1e-5).fit(scores).threshold_
    assert threshold > scores.max()
    assert threshold == pytest.approx(np.log(1e5), rel=0.25)  # exp(-x) = 1e-5


def test_the_tail_of_an_exponential_is_exponential():
    scores = 3 * stats.expon().rvs(50_000, random_state=1)
    fitted = PeaksOverThreshold(level=0.9).fit(scores)
    assert fitted.tail_start_ == pytest.approx(3 * np.log(10), rel=0.02)  # exp(-x/3) = 0.1
    assert fitted.tail_share_ == pytest.approx(0.1, abs=1e-4)
    assert fitted.shape_ == pytest.approx(0, abs=0.05)
    assert fitted.scale_ == pytest.approx(3, rel=0.05)


def test_a_smaller_rate_gives_a_higher_threshold():
    scores = stats.norm().rvs(5_000, random_state=0)
    rates = [1e-2, 1e-3, 1e-4]
    thresholds = [PeaksOverThreshold(rate).fit(scores).threshold_ for rate in rates]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] == pytest.approx(Percentile(99).fit(scores).threshold_, rel=0.02)


def test_ties_at_the_quantile_do_not_push_it_below():
    scores = np.concatenate([np.zeros(500), np.ones(485), 2 + np.arange(15)])  # 1.5 % above 1
    fitted = PeaksOverThreshold(false_alarm_rate=0.09, level=0.9).fit(scores)
    assert fitted.threshold_ == fitted.tail_start_ == 1.0


@pytest.mark.parametrize(
    ("rate", "level", "scores", "complaint"),
    [
        (0.05, 0.98, 1_000, r"false_alarm_rate is 0.05, expected above 0 and below .* = 0.02"),
        (0.0, 0.98, 1_000, "false_alarm_rate is 0.0, expected"),
        (1e-3, 1.0, 1_000, "level is 1.0, expected a quantile"),
        (1e-3, 0.98, 300, "6 of 300 scores lie above their 0.98 quantile.* give 500 scores"),
    ],
)
def test_what_cannot_be_fitted_is_named(rate, level, scores, complaint):
    with pytest.raises(ValueError, match=complaint):
        PeaksOverThreshold(rate, level).fit(np.arange(scores))


def test_a_tail_cut_off_is_named():
    clipped = np.minimum(np.arange(1_000.0), 985.0)
    clipped[clipped < 985.0] = 0.0
    with pytest.raises(ValueError, match="the 15 scores above the 0.98 quantile are all equal"):
        PeaksOverThreshold().fit(clipped)
