"""Median and MAD: worked by hand, and not moved by anomalies."""

import numpy as np
import pytest
from scipy.stats import median_abs_deviation, norm

from zoo.evaluation.thresholds import MedianMAD

pytestmark = pytest.mark.once


def test_the_threshold_is_the_median_and_k_times_the_scaled_deviation():
    scores = [4.0, 1.0, 3.0, 2.0, 10.0]  # median 3, deviations 1 2 0 1 7, their median 1
    assert MedianMAD(k=3).fit(scores).threshold_ == pytest.approx(3 + 3 * 1.4826, abs=1e-4)
    assert MedianMAD(k=3).fit(scores).alarms(scores).tolist() == [0, 0, 0, 0, 1]


def test_it_is_what_scipy_calls_so():
    scores = np.random.default_rng(0).gamma(2.0, size=401)
    spread = median_abs_deviation(scores, scale="normal")
    assert MedianMAD(k=1).fit(scores).threshold_ - np.median(scores) == pytest.approx(spread)


def test_k_counts_standard_deviations_of_gaussian_scores():
    scores = np.random.default_rng(0).normal(7, 3, size=100_000)
    assert MedianMAD(k=2).fit(scores).threshold_ == pytest.approx(7 + 2 * 3, abs=0.1)
    assert MedianMAD(k=2).fit(scores).alarms(scores).mean() == pytest.approx(norm.sf(2), abs=2e-3)


def test_a_tenth_of_anomalies_moves_it_little_however_large_they_are():
    scores = np.random.default_rng(0).normal(size=3_000)
    clean = MedianMAD().fit(scores).threshold_
    scores[::10] = 1e9
    assert clean < MedianMAD().fit(scores).threshold_ < 1.3 * clean


def test_half_equal_scores_leave_no_spread():
    with pytest.raises(ValueError, match="half or more of the 5 scores are equal"):
        MedianMAD().fit([0.0, 0.0, 0.0, 1.0, 2.0])
