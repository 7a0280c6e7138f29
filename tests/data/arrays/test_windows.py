"""Windows are views of the series; ends and labels line up with them."""

import numpy as np
import pytest

from zoo.data.arrays.windows import point_scores, sliding_windows, window_ends, window_labels

pytestmark = pytest.mark.once


def test_windows_share_the_memory_of_the_series_and_cannot_change_it():
    series = np.arange(20.0).reshape(10, 2)
    windows = sliding_windows(series, length=4, stride=3)
    assert np.shares_memory(windows, series)
    with pytest.raises(ValueError, match="read-only"):
        windows[0, 0, 0] = 1


@pytest.mark.parametrize(("length", "stride"), [(1, 1), (4, 1), (4, 3), (10, 1), (3, 20)])
def test_windows_equal_slices_and_ends_are_their_last_rows(length, stride):
    series = np.random.default_rng(0).normal(size=(10, 3))
    windows = sliding_windows(series, length, stride)
    expected = [series[start : start + length] for start in range(0, 11 - length, stride)]
    np.testing.assert_array_equal(windows, expected)
    np.testing.assert_array_equal(windows[:, -1], series[window_ends(10, length, stride)])


def test_labels_by_hand():
    labels = [0, 0, 1, 0, 0, 0, 1, 1]
    assert window_labels(labels, 3).tolist() == [1, 1, 1, 0, 1, 1]
    assert window_labels(labels, 3, stride=2).tolist() == [1, 1, 1]
    assert window_labels(labels, 4, threshold=0.25).tolist() == [0, 0, 0, 0, 1]  # more than 1 of 4


def test_a_series_as_long_as_the_window_is_one_window():
    assert sliding_windows(np.zeros((5, 1)), 5).shape == (1, 5, 1)
    assert window_ends(5, 5).tolist() == [4]
    assert window_labels([0, 0, 0, 0, 1], 5).tolist() == [1]


def test_too_few_rows_says_which_series_and_which_window_would_do():
    message = (
        r"series 'cpu\.csv' has 40 rows, fewer than the window of 100; give a window of 40 or less"
    )
    with pytest.raises(ValueError, match=message):
        sliding_windows(np.zeros((40, 2)), 100, name="cpu.csv")
    with pytest.raises(ValueError, match=message):
        window_ends(40, 100, name="cpu.csv")
    with pytest.raises(ValueError, match=message):
        window_labels(np.zeros(40), 100, name="cpu.csv")


def test_other_errors_say_what_to_give():
    with pytest.raises(ValueError, match=r"shape \(40,\), expected \(time, features\)"):
        sliding_windows(np.zeros(40), 10)
    with pytest.raises(ValueError, match="give 1 or more of each"):
        sliding_windows(np.zeros((40, 1)), 10, stride=0)
    with pytest.raises(ValueError, match="'series' has no rows"):
        window_ends(0, 10)
    with pytest.raises(ValueError, match=r"threshold is 1\.0"):
        window_labels(np.zeros(40), 10, threshold=1.0)
    with pytest.raises(ValueError, match=r"labels of shape \(40, 1\)"):
        window_labels(np.zeros((40, 1)), 10)


def test_point_scores_by_hand():
    # Windows on rows 0-2, 1-3, 2-4 with scores 3, 6, 0.
    scores = point_scores([3, 6, 0], rows=5, length=3)
    np.testing.assert_allclose(scores, [3, 9 / 2, 9 / 3, 6 / 2, 0])
    # With stride 2 windows lie on rows 0-2 and 2-4; no window reaches row 5.
    np.testing.assert_allclose(
        point_scores([3, 6], rows=6, length=3, stride=2)[:5], [3, 3, 4.5, 6, 6]
    )
    assert np.isnan(point_scores([3, 6], rows=6, length=3, stride=2)[5])


@pytest.mark.parametrize(("length", "stride"), [(1, 1), (7, 1), (7, 3), (7, 7), (3, 8), (100, 50)])
def test_point_scores_are_means_over_the_covering_windows(length, stride):
    rows = 230
    starts = range(0, rows - length + 1, stride)
    scores = np.random.default_rng(0).exponential(size=len(starts))
    expected = np.full(rows, np.nan)
    for row in range(rows):
        over = [s for s, start in zip(scores, starts, strict=True) if start <= row < start + length]
        if over:
            expected[row] = np.mean(over)
    np.testing.assert_allclose(point_scores(scores, rows, length, stride), expected, atol=1e-12)


def test_point_scores_need_one_finite_score_for_each_window():
    with pytest.raises(
        ValueError, match=r"shape \(2,\), but 5 rows hold 3 windows of 3 at stride 1"
    ):
        point_scores([1, 2], rows=5, length=3)
    with pytest.raises(ValueError, match="1 of 3 window scores are NaN or infinite"):
        point_scores([1, np.nan, 2], rows=5, length=3)
    with pytest.raises(ValueError, match="has 2 rows, fewer than the window of 3"):
        point_scores([], rows=2, length=3)
