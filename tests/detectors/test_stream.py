"""A stream scores as the whole does, forgets what it need not know, and follows drift if asked."""

import json

import numpy as np
import pandas as pd
import pytest

from zoo.detectors import Autoencoder, DeepSVDD, Forecaster
from zoo.detectors.stream import Drift, StreamScorer

TIME = np.arange(600)
X = np.stack([np.sin(TIME / 9), np.cos(TIME / 7)], axis=1)
X += 0.05 * np.random.default_rng(0).normal(size=X.shape)
QUICK = {"epochs": 3, "learning_rate": 1e-2, "batch_size": 32, "random_state": 0}

pytestmark = pytest.mark.xdist_group("stream")


@pytest.fixture(scope="module")
def series():
    return Forecaster(**QUICK, cell="gru", units=(8,), window=5, missing="forward").fit(X)


@pytest.fixture(scope="module")
def table():
    return Autoencoder(**QUICK, units=(8, 4)).fit(X)


def pushed(stream, sizes):
    starts = np.cumsum([0, *sizes])
    return pd.concat([stream.push(X[a:b]) for a, b in zip(starts, starts[1:], strict=False)])


@pytest.mark.parametrize("sizes", [[1] * 40, [3, 1, 36], [40]])
def test_scores_as_the_whole_series(series, sizes):
    found = pushed(StreamScorer(series), sizes)["score"].to_numpy()
    assert np.isnan(found[:4]).all()
    np.testing.assert_allclose(found[4:], series.anomaly_score(X[:40])[4:], rtol=1e-5)


def test_scores_as_the_whole_table(table):
    found = pushed(StreamScorer(table), [1, 2, 37])
    np.testing.assert_allclose(found["score"], table.anomaly_score(X[:40]), rtol=1e-5)
    assert (found["threshold"] == table.calibration_.limit).all()


def test_fills_with_the_row_before_across_pushes(series):
    holed = X[:30].copy()
    holed[10:14, 1] = np.nan
    stream = StreamScorer(series)
    found = np.concatenate([stream.push(row)["score"] for row in holed])
    np.testing.assert_allclose(found[4:], series.anomaly_score(holed)[4:], rtol=1e-5, atol=1e-7)


def test_the_caller_may_use_a_rows_memory_again(series):
    holed = X[:30].copy()
    holed[10:14, 1] = np.nan
    stream, buffer, found = StreamScorer(series), np.empty((1, 2)), []
    for row in holed:
        buffer[:] = row
        found += list(stream.push(buffer)["score"])
    np.testing.assert_allclose(found[4:], series.anomaly_score(holed)[4:], rtol=1e-5, atol=1e-7)


def test_remembers_no_more_than_it_needs(series):
    stream = StreamScorer(series, Drift(length=100, every=10))
    stream.push(X)
    stream.push(X)
    state = stream.state()
    assert len(state["recent"]) == 4 and len(state["scores"]) == 100
    assert state["rows_seen"] == 1200


def test_continues_where_it_was(series):
    drift = Drift(length=100, every=10)
    whole, first = StreamScorer(series, drift), StreamScorer(series, drift)
    expected = whole.push(X).iloc[300:]
    first.push(X[:300])
    second = StreamScorer(series, drift)
    second.restore(json.loads(json.dumps(first.state())))
    found = second.push(X[300:])
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-5)
    np.testing.assert_allclose(found["threshold"], expected["threshold"], rtol=1e-3)


def test_a_state_of_another_detector_is_refused(series, table):
    stream = StreamScorer(series)
    stream.push(X[:20])
    with pytest.raises(ValueError, match="another detector"):
        StreamScorer(table).restore(stream.state())


def test_the_threshold_follows_slow_drift_and_no_anomaly(table):
    rng = np.random.default_rng(0)
    drifting = np.concatenate([X] * 4) + np.linspace(0, 1, 2400)[:, None]
    anomalous = rng.choice(2400, 24, replace=False)
    drifting[anomalous] += 5
    fixed = StreamScorer(table).push(drifting)["anomaly"]
    stream = StreamScorer(table, Drift(length=200, every=20))
    following = stream.push(drifting)["anomaly"]
    assert following.iloc[anomalous].all()
    assert fixed.iloc[-400:].mean() > 0.3 and following.iloc[-400:].mean() < 0.05
    assert "median of the last 200 scores" in stream.explain()
    assert table.calibration_.rule in StreamScorer(table).explain()


def test_the_threshold_stays_where_nothing_drifts(table):
    stream = StreamScorer(table, Drift(length=200, every=20))
    thresholds = stream.push(np.concatenate([X] * 10))["threshold"]
    assert thresholds.iloc[-1] == pytest.approx(table.calibration_.limit, rel=0.5)


def test_a_row_that_cannot_be_read_leaves_the_stream_as_it_was(series):
    stream = StreamScorer(series)
    stream.push(X[:20])
    before = stream.state()
    with pytest.raises(ValueError, match="3 features"):
        stream.push([1.0, 2.0, 3.0])
    with pytest.raises(ValueError):
        stream.push([1.0, np.inf])
    assert stream.state() == before


def test_needs_rows():
    windows = np.random.default_rng(0).normal(size=(50, 4, 2))
    with pytest.raises(ValueError, match="fitted on windows"):
        StreamScorer(DeepSVDD(**QUICK, units=(4,)).fit(windows))


@pytest.mark.parametrize("wrong", [{"length": 50}, {"every": 0}])
def test_drift_is_checked(wrong):
    with pytest.raises(ValueError, match="expected"):
        Drift(**wrong)
