"""What guessing gets, and what the best of several seeds does."""

import itertools

import numpy as np
import pytest

from zoo.evaluation.metrics import chance, expected_best

pytestmark = pytest.mark.once


def with_events(length):
    """A tenth of 4,000 rows anomalous, in events of one length."""
    return np.tile(np.repeat([0, 1], [9 * length, length]), 400 // length)


def test_guessing_gets_the_share_of_anomalies_as_pr_auc_whatever_their_length():
    for length in (1, 100):
        assert chance(with_events(length))["pr_auc"].mean() == pytest.approx(0.1, abs=0.02)


def test_point_adjustment_rewards_guessing_where_events_are_long():
    short, long = (chance(with_events(length)).mean() for length in (1, 100))
    assert short["point_adjusted_f1"] == pytest.approx(short["best_f1"])
    assert long["best_f1"] < 0.25
    assert long["point_adjusted_f1"] > 0.7


def test_equal_seeds_draw_equal_scores():
    first, again, other = (chance(with_events(10), draws=3, seed=seed) for seed in (0, 0, 1))
    assert first.equals(again)
    assert not first.equals(other)
    assert len(first.drop_duplicates()) == 3


@pytest.mark.parametrize(("labels", "draws"), [([0, 0], 1), ([1, 1], 1), ([0, 1], 0)])
def test_refuses_labels_of_one_kind_and_no_draws(labels, draws):
    with pytest.raises(ValueError, match="labels of both kinds"):
        chance(labels, draws)


def test_expected_best_is_the_mean_over_all_ways_to_draw():
    values = [0.3, 0.9, 0.5]
    for seeds, found in enumerate(expected_best(values), start=1):
        every = [max(drawn) for drawn in itertools.product(values, repeat=seeds)]
        assert found == pytest.approx(np.mean(every))


def test_expected_best_nears_the_maximum():
    found = expected_best([0.1, 0.2, 0.7], largest=50)
    assert found.shape == (50,)
    assert np.all(np.diff(found) > 0) and found[-1] == pytest.approx(0.7, abs=1e-6)


@pytest.mark.parametrize(("values", "largest"), [([], 1), ([np.nan], 1), ([1.0], 0)])
def test_expected_best_needs_numbers(values, largest):
    with pytest.raises(ValueError, match="finite numbers and 1 or more"):
        expected_best(values, largest)
