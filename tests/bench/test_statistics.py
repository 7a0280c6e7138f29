"""Medians, intervals and noise, worked out by hand."""

import numpy as np
import pytest

from zoo.bench.statistics import median, noise_percent, paired_ratio

pytestmark = pytest.mark.once


def test_ratios_are_taken_round_by_round():
    own, other = [10.0, 40.0, 30.0], [10.0, 20.0, 10.0]  # ratios 1, 2, 3; of medians it is 3
    ratio, low, high = paired_ratio(own, other)
    assert (ratio, low, high) == (2.0, 1.0, 3.0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        own, other = np.exp(rng.normal(scale=0.05, size=(2, 15)))
        _, low, high = paired_ratio(2 * own, other)
        covered += low <= 2 <= high
    assert 0.9 <= covered / 200 <= 1


def test_few_rounds_tell_less():
    assert paired_ratio([], []) == (None, None, None)
    assert paired_ratio([3.0], [2.0]) == (1.5, None, None)
    assert median([]) is None and noise_percent([1.0]) is None
    assert noise_percent([2.0, 4.0, 4.0, 8.0]) == pytest.approx(25)
    with pytest.raises(ValueError, match="2 rounds and 1; expected pairs"):
        paired_ratio([1.0, 2.0], [1.0])
