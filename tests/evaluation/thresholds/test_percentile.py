"""A percentile flags the share it promises."""

import numpy as np
import pytest

from zoo.evaluation.thresholds import Percentile

pytestmark = pytest.mark.once


@pytest.mark.parametrize("q", [50, 90, 95, 99, 100])
def test_percentile_flags_exactly_its_share(q):
    scores = np.random.default_rng(q).permutation(100) / 7
    assert Percentile(q).fit(scores).alarms(scores).sum() == 100 - q


def test_percentile_passes_scores_through():
    assert Percentile().fit([1.0, 2.0]).score([3.0]).tolist() == [3.0]


def test_the_highest_training_score_is_normal_at_100_percent():
    scores = np.random.default_rng(0).normal(size=200)
    assert not Percentile(100).fit(scores).alarms(scores).any()


def test_a_percentile_out_of_range_is_named():
    with pytest.raises(ValueError, match="q is 0, expected"):
        Percentile(0).fit([1.0])
