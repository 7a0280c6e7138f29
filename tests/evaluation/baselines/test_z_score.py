"""Z-scores: by hand, causal, and finite where nothing moves."""

import numpy as np
import pytest

from zoo.evaluation.baselines import RollingZScore, ZScore

pytestmark = pytest.mark.once


def test_z_score_is_the_mean_over_features_of_training_deviations():
    baseline = ZScore().fit([[1.0, 10.0], [3.0, 30.0]])  # means 2 and 20, deviations 1 and 10
    assert baseline.score([[2.0, 20.0], [5.0, 0.0]]).tolist() == [0.0, 2.5]


def test_z_score_takes_windows_position_by_position():
    windows = np.array([[[0.0], [10.0]], [[2.0], [30.0]]])
    assert ZScore().fit(windows).score([[[4.0], [40.0]]]).tolist() == [2.5]  # 3 and 2


def test_a_feature_that_never_moved_keeps_its_unit():
    assert ZScore().fit([[7.0, 0.0], [7.0, 2.0]]).score([[9.0, 1.0]]).tolist() == [1.0]  # 2 and 0


def test_z_score_refuses_normals_without_variation():
    with pytest.raises(ValueError, match="3 samples do not vary"):
        ZScore().fit(np.ones((3, 4)))


def test_rolling_is_the_z_score_of_the_rows_before():
    series = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 5.0, 0.1] + 100
    scores = RollingZScore(length=20).score(series)
    assert scores.dtype == np.float32
    for row in (20, 35, 59):
        before = ZScore().fit(series[row - 20 : row])
        assert scores[row] == pytest.approx(before.score(series[row : row + 1])[0], rel=1e-3)


def test_rolling_does_not_look_ahead():
    series = np.random.default_rng(0).normal(size=(80, 2))
    changed = series.copy()
    changed[50:] = 1e3
    first, second = (RollingZScore(length=10).score(s) for s in (series, changed))
    np.testing.assert_array_equal(first[:50], second[:50])


def test_the_start_makes_do_with_the_rows_so_far():
    scores = RollingZScore(length=50).score([[1.0], [3.0], [5.0], [9.0]])
    # Before 5: mean 2, deviation 1. Before 9: mean 3, deviation sqrt(8/3).
    assert scores == pytest.approx([0.0, 0.0, 3.0, 6 / np.sqrt(8 / 3)])


def test_training_rows_before_the_series_leave_no_start():
    series = np.random.default_rng(0).normal(size=(90, 2))
    whole = RollingZScore(length=30).score(series)
    continued = RollingZScore(length=30).fit(series[:60]).score(series[60:])
    np.testing.assert_allclose(continued, whole[60:], rtol=1e-5)


def test_rolling_follows_a_drift():
    drifting = np.random.default_rng(0).normal(size=(2_000, 1)) + np.arange(2_000)[:, None] / 20
    drifting[1_500] += 20
    rolling = RollingZScore(length=100).fit(drifting[:500]).score(drifting[500:])
    plain = ZScore().fit(drifting[:500]).score(drifting[500:])
    assert np.argmax(rolling) == 1_000
    assert np.argmax(plain) != 1_000


@pytest.mark.parametrize("seed", range(6))
def test_rows_that_stand_still_keep_the_unit_of_their_feature(seed):
    # A spike among noise leaves a trace in running sums, by which flat rows must not be divided.
    noise = np.random.default_rng(seed).normal(size=350)
    series = np.concatenate([noise[:150], [1e3], noise[150:] / 100, np.full(150, 3.0), [5.0]])
    scores = RollingZScore(length=100).score(series[:, None])
    assert scores[-2] == pytest.approx(0, abs=1e-6)
    assert scores[-1] == pytest.approx(2.0, rel=1e-6)


def test_unusable_input_is_named():
    with pytest.raises(ValueError, match="length is 1, expected 2 rows or more"):
        RollingZScore(length=1).score([[1.0], [2.0]])
    with pytest.raises(ValueError, match="the series has 3 features, expected the 2 fitted"):
        RollingZScore(length=2).fit(np.zeros((4, 2))).score(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="1 of 2 values of the samples are NaN"):
        RollingZScore(length=2).score([[1.0], [np.nan]])
