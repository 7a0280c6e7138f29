"""A threshold from normal scores, and what share of normals exceeds a score."""

import json

import numpy as np
import pytest

from zoo.detectors.calibration import Calibration

pytestmark = pytest.mark.once


NORMAL = np.random.default_rng(0).exponential(size=2000)


def test_auto_flags_as_many_new_normals_as_was_said():
    calibration = Calibration(NORMAL)
    calibration.choose("auto", 0.01, NORMAL)
    fresh = np.random.default_rng(1).exponential(size=100_000)
    assert 0.005 < np.mean(fresh > calibration.limit) < 0.02
    calibration.choose("auto", 0.3, NORMAL)
    assert np.mean(fresh > calibration.limit) == pytest.approx(0.3, abs=0.03)


def test_auto_reaches_beyond_what_was_seen():
    calibration = Calibration(NORMAL)
    calibration.choose("auto", 1e-5, NORMAL)
    assert calibration.limit > NORMAL.max() and "tail" in calibration.rule


def test_few_scores_give_their_largest_and_say_so():
    calibration = Calibration(np.arange(20.0))
    calibration.choose("auto", 0.01, np.arange(20.0))
    assert 19 < calibration.limit < 19.001 and "too few" in calibration.rule


def test_a_share_flags_as_many_of_the_training_data():
    calibration = Calibration(NORMAL)
    training = np.arange(100.0)
    calibration.choose(0.1, 0.01, training)
    assert np.sum(training > calibration.limit) == 10


def test_clean_training_data_flags_nothing_of_them():
    calibration = Calibration(NORMAL)
    calibration.choose(0, 0.01, NORMAL)
    assert not (NORMAL.astype(np.float32) > calibration.limit).any()


def test_probability_is_the_share_of_normals_below():
    calibration = Calibration(NORMAL)
    fresh = np.random.default_rng(2).exponential(size=20_000)
    found = calibration.probability(fresh)
    assert np.mean(found > 0.95) == pytest.approx(0.05, abs=0.015)
    assert np.mean(found > 0.99) == pytest.approx(0.01, abs=0.006)
    order = np.argsort(fresh)
    assert (np.diff(found[order]) >= -1e-3).all() and found.min() > 0 and found.max() < 1


def test_equal_scores_are_no_error():
    calibration = Calibration(np.ones(500))
    calibration.choose("auto", 0.01, np.ones(500))
    assert 1 < calibration.limit < 1.001 and np.isfinite(calibration.probability([0, 1, 2])).all()


def test_survives_json_to_the_bit():
    calibration = Calibration(NORMAL)
    calibration.choose("auto", 0.01, NORMAL)
    again = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    assert again.limit == calibration.limit
    np.testing.assert_array_equal(again.probability(NORMAL), calibration.probability(NORMAL))


@pytest.mark.parametrize(
    "wrong", [{"scores": []}, {"scores": [float("nan")]}, {"limit": float("inf")}]
)
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError):
        Calibration.from_dict(Calibration(NORMAL[:5]).to_dict() | wrong)
