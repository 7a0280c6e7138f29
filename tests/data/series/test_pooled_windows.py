"""Windows of many series: where each comes from, what it is called, and how scores find back."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zoo.data.series.labelled import Series, split_series
from zoo.data.series.pooled_windows import PooledWindows

pytestmark = pytest.mark.once


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


def test_minmax_is_fitted_on_the_training_part_of_each_series(splits):
    windows = PooledWindows(splits, length=3)
    found = windows.x("training", "minmax")
    assert (found[0, 0], found[9, -1], found[10, 0], found[-1, -1]) == (-1, 1, -1, 1)
    last_of_a = windows.x("test", "minmax")[1, -1, 0]  # row 19, where row 11 is 1 and row 0 is -1
    assert last_of_a == pytest.approx(-1 + 2 * 19 / 11)


def test_minmax_of_a_series_that_never_changed_is_finite():
    still = replace(series("still", 20), values=np.full((20, 1), 7e8, "float32"))
    windows = PooledWindows([split_series(still)], length=3)
    assert np.all(windows.x("test", "minmax") == -1)


def test_l2_makes_every_window_one_long(splits):
    windows = PooledWindows(splits, length=3)
    raw, found = windows.x("test"), windows.x("test", "l2")
    np.testing.assert_allclose(np.linalg.norm(found, axis=(1, 2)), 1, rtol=1e-6)
    np.testing.assert_allclose(found[0] / found[0, 0], raw[0] / raw[0, 0], rtol=1e-6)


def test_l2_of_zeros_and_of_huge_values_is_finite():
    values = np.zeros((20, 1), "float32")
    values[14:] = 1e30  # whose square is infinite in float32
    windows = PooledWindows([split_series(replace(series("odd", 20), values=values))], length=2)
    assert np.all(windows.x("training", "l2") == 0)
    np.testing.assert_allclose(windows.x("test", "l2"), np.sqrt(0.5), rtol=1e-6)


def test_an_unknown_scaling_is_refused(splits):
    with pytest.raises(ValueError, match="scaling 'log' is unknown; choose one of"):
        PooledWindows(splits, length=3).x("test", "log")


@pytest.mark.parametrize("label", ["point", "window"])
def test_a_window_longer_than_a_part_names_series_and_part(splits, label):
    with pytest.raises(ValueError, match="'a, validation part' has 4 rows, .* a window of 4 or"):
        PooledWindows(splits, length=5, label=label)


def test_several_features_stay_together():
    windows = PooledWindows([split_series(series("wide", 20, features=2))], length=4)
    assert windows.x("test").shape == (1, 4, 2)
    assert windows.x("test")[0].tolist() == [[32, 33], [34, 35], [36, 37], [38, 39]]
