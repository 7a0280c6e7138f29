import numpy as np
import pandas as pd
import pytest

import zoo
from zoo.detectors import Autoencoder, DeepSVDD, Forecaster

QUICK = {"epochs": 2, "random_state": 0}


def table(rows=300):
    rng = np.random.default_rng(0)
    waves = np.sin(np.arange(rows)[:, None] / 4 + np.arange(3)) + 0.1 * rng.normal(size=(rows, 3))
    values = waves * [1, 10, 100] + [0, 50, 1000]
    stamps = pd.date_range("2025-01-01", periods=rows, freq="h")
    return pd.DataFrame(values, columns=["speed", "load", "<b>heat</b>"], index=stamps)


@pytest.fixture(scope="module")
def rows():
    return Autoencoder(**QUICK).fit(table())


@pytest.fixture(scope="module")
def series():
    return Forecaster(window=5, **QUICK).fit(table())


def with_a_hot_row(position=100):
    data = table()
    data.iloc[position, 2] = 2500.0
    return data


def test_the_most_anomalous_row_is_explained_by_name_and_in_its_own_unit(rows):
    found = rows.explain(with_a_hot_row(), count=2).table(top=1)
    assert list(found["row"])[0] == pd.Timestamp("2025-01-05 04:00")
    first = found.iloc[0]
    assert first["feature"] == "<b>heat</b>" and first["value"] == 2500.0
    assert abs(first["usual"] - 1000) < 30 and 0.9 < first["share"] <= 1
    assert list(found["rank"]) == [1, 1] and len(found) == 2


def test_scores_are_those_of_the_detector(rows, series):
    data = with_a_hot_row()
    for detector in (rows, series):
        found = detector.explain(data, rows=[100, 7, -1])
        scores = detector.anomaly_score(data)
        np.testing.assert_allclose(found.scores, scores.iloc[[100, 7, 299]], rtol=1e-4)
        assert found.rows.tolist() == [100, 7, 299]


def test_errors_average_to_the_score(rows):
    found = rows.explain(table(), rows=range(10))
    assert found.method == "error"
    np.testing.assert_allclose(found.contributions.mean(axis=1), found.scores, rtol=1e-4)


def test_the_most_anomalous_windows_do_not_overlap_and_name_the_step(series):
    data = with_a_hot_row()
    found = series.explain(data, count=3)
    assert np.abs(np.subtract.outer(found.rows, found.rows))[~np.eye(3, dtype=bool)].min() >= 5
    assert found.contributions.shape == found.values.shape == (3, 5, 3)
    assert found.by_step.shape == (3, 5)
    place = list(found.rows).index(100)
    first = found.table(top=1).iloc[place]
    assert (first["feature"], first["step"], first["value"]) == ("<b>heat</b>", 0, 2500.0)


def test_the_warm_up_is_explained_by_the_first_window(series):
    found = series.explain(table(), rows=[0, 4])
    np.testing.assert_array_equal(found.contributions[0], found.contributions[1])


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_other_methods_start_from_the_mean_of_training(method):
    detector = DeepSVDD(scaling="minmax", **QUICK).fit(table())
    usual = pd.DataFrame([detector.preparation_.mean_], columns=table().columns)
    found = detector.explain(usual, rows=[0], method=method)
    assert np.abs(found.contributions).max() < 1e-4


def test_what_was_missing_is_explained_as_it_was_filled():
    detector = Autoencoder(missing="mean", **QUICK).fit(table())
    data = table()
    data.iloc[3, 1] = np.nan
    found = detector.explain(data, rows=[3])
    assert found.values[0, 1] == pytest.approx(detector.preparation_.mean_[1])


def test_images_have_maps_and_no_table():
    x = np.random.default_rng(0).uniform(size=(40, 8, 8, 1))
    found = DeepSVDD(network="mlp", units=(8, 4), **QUICK).fit(x).explain(x, count=2)
    assert found.contributions.shape == (2, 8, 8, 1) and found.method == "integrated_gradients"
    with pytest.raises(ValueError, match="pixels"):
        found.table()


def test_a_loaded_detector_explains_the_same(rows, tmp_path):
    rows.save(tmp_path / "model.zoo")
    here, there = (
        each.explain(with_a_hot_row()) for each in (rows, zoo.load(tmp_path / "model.zoo"))
    )
    np.testing.assert_allclose(here.contributions, there.contributions, rtol=1e-4, atol=1e-6)
    pd.testing.assert_frame_equal(here.table(), there.table(), rtol=1e-4)


@pytest.mark.parametrize(
    "options, said",
    [
        ({"method": "magic"}, "method is 'magic'; choose one of auto, error"),
        ({"count": 0}, "count is 0"),
        ({"rows": [300]}, "asks for 300, but X has 300 rows"),
        ({"rows": [0.5]}, "whole numbers"),
        ({"rows": []}, "whole numbers"),
    ],
)
def test_says_what_is_wrong(rows, options, said):
    with pytest.raises(ValueError, match=said):
        rows.explain(table(), **options)


def test_an_error_map_of_a_model_that_reconstructs_nothing_is_refused():
    detector = DeepSVDD(**QUICK).fit(table())
    with pytest.raises(ValueError, match="does not score by the error"):
        detector.explain(table(), method="error")
