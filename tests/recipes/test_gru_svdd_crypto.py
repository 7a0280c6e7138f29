"""The candle recipe runs on its embedded data, on one coin's CSV, and refuses what cannot work."""

import dataclasses

import numpy as np
import pytest

from recipes.gru_svdd_crypto.recipe import Config, run
from zoo.data.candles.synthetic import KINDS, generate_candles

pytestmark = pytest.mark.xdist_group("gru_svdd_crypto")  # one worker runs it for all tests

QUICK = Config(embedding=16, layers=1, epochs=2, stride=6, events=4)


@pytest.fixture(scope="module")
def result():
    return run(QUICK)


def test_finds_injected_anomalies_with_either_center(result):
    table = result.comparison.set_index("variant")
    assert (table.loc[["moving", "fixed"], "roc_auc"] > 0.8).all()
    assert not table.loc[["moving", "fixed"], "collapsed"].any()
    assert {f"roc_auc_{kind}" for kind in KINDS} < set(table.columns)


def test_centers_start_alike_and_part(result):
    model = result.model
    assert model.center_rate == QUICK.center_rate
    scores = result.scores
    assert not np.array_equal(scores["score_moving"], scores["score_fixed"])


def test_labels_are_the_injected_events(result):
    events = result.scores[result.scores["label"] == 1]
    assert events["event"].value_counts().to_dict() == dict.fromkeys(KINDS, 4)
    assert (result.scores.loc[result.scores["label"] == 0, "event"] == "").all()


def test_top_anomalies_say_when_and_what(result):
    assert len(result.top) == QUICK.top
    assert result.top["score"].is_monotonic_decreasing
    assert result.top["move"].str.contains("volume").all()
    assert (result.top["start"] < result.top["end"]).all()


def test_figures_of_every_center(result):
    assert list(result.figures) == [
        "price", "why", "pca_moving", "tsne_moving", "pca_fixed", "tsne_fixed",
    ]  # fmt: skip


def test_one_csv_is_split_in_time(tmp_path):
    path = tmp_path / "coin.csv"
    generate_candles(1800, seed=5).to_csv(path)
    config = dataclasses.replace(QUICK, train=path, variants=("fixed",), epochs=1, events=1)
    result = run(config)
    assert "start of coin" in result.summary and "end of coin" in result.summary


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "window is 0; give 1 or more"),
        ({"center_rate": -0.1}, "center_rate is -0.1; give 0 or more"),
        ({"test": "coin.csv"}, "without train"),
        ({"window": 5000}, "fewer than the window of 5000"),
    ],
)
def test_settings_that_cannot_work_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(QUICK, **change))


def test_candles_that_never_change_are_refused(tmp_path):
    path = tmp_path / "frozen.csv"
    frozen = generate_candles(1800)
    frozen[["open", "high", "low", "close"]] = 10.0
    frozen["volume"] = 0.0
    frozen.to_csv(path)
    with pytest.raises(ValueError, match="never change"):
        run(dataclasses.replace(QUICK, train=path))
