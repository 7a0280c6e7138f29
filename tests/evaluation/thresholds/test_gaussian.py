"""Standard deviations above the mean, and the false alarms they stand for."""

import numpy as np
import pytest

from zoo.evaluation.thresholds import Gaussian

pytestmark = pytest.mark.once


def test_gaussian_scores_are_z_values():
    gaussian = Gaussian(sigmas=3).fit([1.0, 3.0])  # mean 2, standard deviation 1
    assert gaussian.score([2.0, 5.0, 0.0]).tolist() == [0.0, 3.0, -2.0]
    assert gaussian.alarms([5.0, 5.1, -9.0]).tolist() == [0, 1, 0]


def test_the_limit_is_no_z_value():
    assert Gaussian(sigmas=3).fit([10.0, 30.0]).limit == 50.0  # mean 20, standard deviation 10


def test_gaussian_false_alarm_is_the_share_of_gaussian_scores_flagged():
    scores = np.random.default_rng(0).normal(7, 3, size=100_000)
    gaussian = Gaussian(false_alarm=0.05).fit(scores)
    assert gaussian.threshold_ == pytest.approx(1.6449, abs=1e-4)
    assert gaussian.alarms(scores).mean() == pytest.approx(0.05, abs=0.003)


def test_a_false_alarm_rate_out_of_range_is_named():
    with pytest.raises(ValueError, match="false_alarm is 1.5, expected between 0 and 1"):
        Gaussian(false_alarm=1.5).fit([1.0, 2.0])
