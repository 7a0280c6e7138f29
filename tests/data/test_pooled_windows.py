"""Windows of many series: where each comes from, what it is called, and how scores find back."""

import numpy as np
import pandas as pd
import pytest

from zoo.data.pooled_windows import PooledWindows
from zoo.data.series import Series, split_series


def series(name, rows, features=1, start=0):
    """Values that tell their row, and an anomaly in the seventh row of every ten."""
    values = start + np.arange(rows * features, dtype="float32").reshape(rows, features)
    times = pd.date_range("2025-01-01", periods=rows, freq="h", tz="UTC")
    labels = (np.arange(rows) % 10 == 6).astype(int)
    return Series(name, times, values, labels, tuple(f"v{n}" for n in range(features)))


@pytest.fixture
def splits():
    return [split_series(series("a", 20)), split_series(series("b", 30, start=1000))]


def test_no_window_crosses_the_border_of_a_part_or_a_series(splits):
    windows = PooledWindows(splits, length=3)
    assert windows.x("training").shape == (10 + 16, 3, 1)
    assert np.all(np.ptp(windows.x("training"), axis=1) == 2)
    assert windows.x("validation")[:, :, 0].min(axis=1).tolist() == [12, 13, 1018, 1019, 1020, 1021]
    assert windows.x("test")[:, :, 0].max(axis=1).tolist() == [18, 19, 1026, 1027, 1028, 1029]
    assert windows.x("training").dtype == "float32"


def test_the_stride_thins_out_training_alone(splits):
    windows = PooledWindows(splits, length=3, stride=4)
    assert windows.x("training")[:, 0, 0].tolist() == [0, 4, 8, 1000, 1004, 1008, 1012]
    assert len(windows.x("test")) == 6
    assert [len(windows.y[part]) for part in windows.y] == [7, 6, 6]


def test_a_point_label_is_that_of_the_last_row(splits):
    windows = PooledWindows(splits, length=3)
    ends = windows.x("training")[:, -1, 0]
    np.testing.assert_array_equal(windows.y["training"], ends % 10 == 6)


def test_a_window_label_is_that_of_any_row(splits):
    windows = PooledWindows(splits, length=3, label="window")
    rows = windows.x("training")[:, :, 0]
    np.testing.assert_array_equal(windows.y["training"], np.any(rows % 10 == 6, axis=1))


@pytest.mark.parametrize("label", ["point", "window"])
def test_scores_of_rows_become_scores_of_windows_as_labels_do(splits, label):
    windows = PooledWindows(splits, length=3, label=label)
    by_row = [part.labels.astype(float) for part in windows.parts("test")]
    np.testing.assert_array_equal(windows.pool(by_row, "test"), windows.y["test"])


def test_pooled_scores_are_taken_apart_by_series(splits):
    windows = PooledWindows(splits, length=3)
    ends = windows.x("validation")[:, -1, 0]
    apart = windows.by_series(ends, "validation")
    rows, parts = windows.rows("validation"), windows.parts("validation")
    for found, which, part in zip(apart, rows, parts, strict=True):
        np.testing.assert_array_equal(found, part.values[which, 0])


def test_values_are_scaled_by_the_training_part_of_their_own_series(splits):
    windows = PooledWindows(splits, length=3)
    from_start = windows.x("test", scale=lambda values, training: values - training[0])
    assert from_start[:, 0, 0].tolist() == [16, 17, 24, 25, 26, 27]


def test_windows_are_scaled_one_by_one(splits):
    windows = PooledWindows(splits, length=3)
    scaled = windows.x("test", scale_window=lambda cut: cut - cut[:, :1])
    assert np.all(scaled[:, :, 0] == [0, 1, 2])


@pytest.mark.parametrize("label", ["point", "window"])
def test_a_window_longer_than_a_part_names_series_and_part(splits, label):
    with pytest.raises(ValueError, match="'a, validation part' has 4 rows, .* give --window 4 or"):
        PooledWindows(splits, length=5, label=label)


def test_several_features_stay_together():
    windows = PooledWindows([split_series(series("wide", 20, features=2))], length=4)
    assert windows.x("test").shape == (1, 4, 2)
    assert windows.x("test")[0].tolist() == [[32, 33], [34, 35], [36, 37], [38, 39]]
