"""Rolling thresholds: they follow the stream, and never look ahead."""

import json

import numpy as np
import pytest

from zoo.evaluation.thresholds import (
    Gaussian,
    Mahalanobis,
    MedianMAD,
    PeaksOverThreshold,
    Percentile,
    Rolling,
    from_dict,
)

pytestmark = pytest.mark.once


KINDS = [Percentile(90), Gaussian(2.0), MedianMAD(), PeaksOverThreshold(0.01, level=0.8)]


@pytest.fixture
def scores():
    return np.random.default_rng(0).gamma(2.0, size=200)


def test_each_threshold_is_fitted_on_the_scores_before_it():
    rolling = Rolling(Percentile(100), length=2)  # the larger of the two before
    found = rolling.thresholds([3.0, 1.0, 2.0, 9.0], history=[7.0, 4.0, 5.0])
    assert found.tolist() == [5.0, 5.0, 3.0, 2.0]
    assert rolling.alarms([3.0, 1.0, 2.0, 9.0], history=[7.0, 4.0, 5.0]).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("threshold", KINDS, ids=str)
def test_it_is_the_threshold_refitted(threshold, scores):
    found = Rolling(threshold, length=60, every=10).thresholds(scores)
    for step in (60, 100, 150):
        assert found[step] == threshold.fit(scores[step - 60 : step]).limit
        assert set(found[step : step + 10]) == {found[step]}


def test_no_step_sees_itself_or_the_future(scores):
    rolling = Rolling(MedianMAD(), length=30, every=7)
    found = rolling.thresholds(scores)
    changed = scores.copy()
    changed[100:] *= 1e6
    np.testing.assert_array_equal(rolling.thresholds(changed)[:101], found[:101])


def test_until_enough_is_known_nothing_is_flagged(scores):
    rolling = Rolling(Percentile(50), length=30)
    assert np.isnan(rolling.thresholds(scores)[:30]).all()
    assert np.isfinite(rolling.thresholds(scores)[30:]).all()
    assert not rolling.alarms(scores)[:30].any()
    assert np.isnan(rolling.thresholds(scores, history=scores[:20])).sum() == 10
    assert np.isnan(rolling.thresholds(scores[:5])).all()


def test_a_stream_in_pieces_gives_what_the_whole_gives(scores):
    rolling = Rolling(MedianMAD(), length=30)
    pieces = [
        rolling.alarms(scores[start : start + 9], history=scores[:start])
        for start in range(0, len(scores), 9)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), rolling.alarms(scores))


def test_it_follows_a_drift_that_a_fixed_threshold_calls_anomalous():
    drifting = np.random.default_rng(0).normal(size=2_000) + np.arange(2_000) / 100
    drifting[1_500] += 15
    fixed = MedianMAD(k=5).fit(drifting[:200]).alarms(drifting[200:])
    rolling = Rolling(MedianMAD(k=5), length=200).alarms(drifting[200:], history=drifting[:200])
    assert fixed.mean() > 0.5
    assert np.flatnonzero(rolling).tolist() == [1_300]


def test_what_cannot_be_refitted_stands_still_and_says_so():
    scores = np.concatenate([np.arange(10.0), np.full(20, 3.0)])
    rolling = Rolling(Gaussian(1.0), length=5)
    with pytest.warns(UserWarning, match="stood still at 15 .* first at step 15: all 5 scores"):
        found = rolling.thresholds(scores)
    assert set(found[15:]) == {found[14]}
    assert np.isfinite(found[14])


def test_what_cannot_be_fitted_at_first_is_an_error():
    with pytest.raises(ValueError, match="all 5 scores are equal"):
        Rolling(Gaussian(), length=5).thresholds([1.0] * 10)
    with pytest.raises(ValueError, match="2 of 100 scores lie above"):
        Rolling(PeaksOverThreshold(), length=100).thresholds(np.arange(200.0))


def test_the_threshold_that_was_given_stays_unfitted(scores):
    given = Percentile(90)
    Rolling(given, length=30).thresholds(scores)
    assert not hasattr(given, "threshold_")


@pytest.mark.parametrize("threshold", KINDS, ids=str)
def test_a_json_file_keeps_it(threshold, scores):
    rolling = Rolling(threshold, length=60, every=20)
    restored = from_dict(json.loads(json.dumps(rolling.to_dict())))
    assert isinstance(restored, Rolling)
    np.testing.assert_array_equal(restored.alarms(scores), rolling.alarms(scores))


def test_unusable_input_is_named(scores):
    with pytest.raises(ValueError, match="length is 0 and every 1, expected 1 or more"):
        Rolling(MedianMAD(), length=0).thresholds(scores)
    with pytest.raises(ValueError, match="expected one on scores"):
        Rolling(Mahalanobis(), length=10).thresholds(scores)
    with pytest.raises(ValueError, match="1 of 2 values of the scores are NaN"):
        Rolling(MedianMAD(), length=10).alarms([1.0, np.nan])
    with pytest.raises(ValueError, match="1 of 1 values of the scores are NaN"):
        Rolling(MedianMAD(), length=10).alarms([1.0], history=[np.nan])
