"""The recurrent recipe runs on its embedded data and on CSVs, and refuses what cannot work."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from recipes.common import Contestant
from recipes.recurrent_classifiers.recipe import PUBLISHED, Config, Training, run
from recipes.recurrent_classifiers.rows import FORECAST, PRETRAINED, Row, judge, median_event
from recipes.recurrent_classifiers.z_scores import fit_z_score
from zoo.data.series.labelled import Series, split_series
from zoo.data.series.pooled_windows import PooledWindows
from zoo.data.series.synthetic import generate_series
from zoo.models.collapse import CollapseWarning

pytestmark = [
    pytest.mark.xdist_group("recurrent_classifiers"),  # one worker runs it for all tests
    pytest.mark.filterwarnings(
        "ignore::zoo.models.collapse.CollapseWarning"
    ),  # l2 learns nothing so soon
]

QUICK = Config(
    cells=("rnn", "gru"),
    inputs=("minmax", "l2"),
    cures=("downsampling",),
    stride=3,
    window=8,
    units=8,
    head=8,
    epochs=2,
    frozen_epochs=1,
    pretraining_epochs=1,
)
ONE = dataclasses.replace(
    QUICK, cells=("rnn",), inputs=("minmax",), cures=(), self_supervised=False, epochs=1, stride=6
)


@pytest.fixture(scope="module")
def result():
    return run(QUICK)


def test_one_row_for_each_cell_input_and_cure(result):
    table = result.comparison
    found = list(table[["variant", "input", "imbalance"]].itertuples(index=False, name=None))
    assert found == [
        ("rnn", "minmax", "weights"),
        ("rnn", "l2", "weights"),
        ("gru", "minmax", "weights"),
        ("gru", "l2", "weights"),
        (PRETRAINED, "minmax", "weights"),
        (FORECAST, "minmax", ""),
        ("gru", "minmax", "downsampling"),
        ("z-score", "", ""),
        ("rolling z-score", "", ""),
        ("flag everything", "", ""),
    ]
    assert table["kind"].tolist() == ["model"] * 7 + ["baseline"] * 2 + ["trivial"]
    judged = table[table["kind"] != "trivial"]
    assert judged[["roc_auc", "pr_auc", "f1", "vus_pr", "fit_seconds"]].notna().all(axis=None)


def test_the_forecast_error_and_the_z_score_find_something(result):
    table = result.comparison.set_index("variant")
    prevalence = result.prevalence
    assert table.loc[FORECAST, "pr_auc"] > 3 * prevalence
    assert table.loc["z-score", "pr_auc"] > 3 * prevalence


def test_deep_rows_say_how_far_they_are_from_the_better_z_score(result):
    table = result.comparison
    better = table.loc[table["kind"] == "baseline", "pr_auc"].max()
    deep = table[table["kind"] == "model"]
    np.testing.assert_allclose(deep["pr_auc_over_z_score"], deep["pr_auc"] - better)
    assert table.loc[table["kind"] != "model", "pr_auc_over_z_score"].isna().all()
    behind = deep["pr_auc_over_z_score"] <= 0
    said = [note for note in result.notes if "do not beat the better Z-score" in note]
    assert len(said) == 1 and said[0].startswith(f"{behind.sum()} of 7 deep rows")


def test_the_row_on_top_is_the_best_on_validation_not_on_test(result):
    main = result.summary.split("those of ")[1].split(", which did best on validation")[0]
    np.testing.assert_array_equal(result.scores["score"], result.scores[f"score_{main}"])
    assert result.model is not None


def test_thresholds_come_from_validation(result):
    table = result.comparison[result.comparison["kind"] != "trivial"]
    assert (table["f1"] <= table["best_f1"] + 1e-9).all()
    assert (table["f1"] < table["best_f1"]).any()


def test_every_test_window_is_scored_under_its_own_time_and_series(result):
    scores = result.scores
    series = {each.name: each for each in generate_series(seed=QUICK.seed)}
    assert scores.groupby("series").size().to_dict() == dict.fromkeys(series, 400 - 7)
    for name, rows in scores.groupby("series"):
        known = pd.Series(series[name].labels, series[name].times)
        np.testing.assert_array_equal(known[rows["timestamp"]], rows["label"])


def test_pretraining_freezes_then_thaws(result):
    phases = result.history.groupby("phase")["epoch"].apply(list)
    assert phases["frozen"] == [1] and phases["unfrozen"] == [2]
    assert set(result.history.loc[result.history["phase"] == "frozen", "variant"]) == {PRETRAINED}


def test_figures_and_their_captions(result):
    assert set(result.figures) == set(result.captions)
    assert {
        "series",
        "cells_by_input",
        "table",
        "training_cells",
        "training_cures",
        "training_pretrained",
        "flags",
        "flags_baseline",
    } == set(result.figures)


def test_seeds_draw_the_charted_series_and_runs_repeat():
    first, again = run(ONE), run(ONE)
    pd.testing.assert_series_equal(first.scores["score"], again.scores["score"])
    other = run(dataclasses.replace(ONE, seed=1))
    assert titles(first) == titles(again) != titles(other)


def titles(result):
    return [ax.get_title(loc="left") for ax in result.figures["series"].axes]


def test_window_labels_are_judged_by_windows():
    result = run(dataclasses.replace(ONE, label="window"))
    point = run(ONE)
    assert len(result.scores) == len(point.scores)
    assert result.prevalence > 2 * point.prevalence


def test_runs_as_the_source_has_it():
    fewer = {"epochs": 1, "pretraining_epochs": 1, "cells": ("rnn",), "inputs": ("minmax",)}
    table = run(dataclasses.replace(QUICK, **PUBLISHED | fewer)).comparison
    assert {"rnn", "gru", "pretrained lstm"} <= set(table["variant"])
    assert set(table["imbalance"]) == {"none", "downsampling", ""}


def written(folder, count=2, rows=400, columns=1, label=lambda rows: rows % 25 == 0, **named):
    """CSV files of noise with spikes where `label` says."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        rng = np.random.default_rng(number)
        labels = label(np.arange(rows + 100 * number)).astype(int)
        values = rng.normal(size=(len(labels), columns)) + 8 * labels[:, None]
        table = pd.DataFrame(values, columns=[f"v{n}" for n in range(columns)])
        times = pd.date_range("2025-01-01", periods=len(labels), freq="min", name="timestamp")
        table.set_index(times).assign(label=labels, **named).to_csv(folder / f"{number}.csv")
    return dataclasses.replace(ONE, data=str(folder), epochs=2, stride=1)


def test_a_folder_of_series_of_many_features_and_unequal_length(tmp_path):
    result = run(written(tmp_path / "wide", count=3, columns=2))
    assert result.comparison.set_index("variant").loc["z-score", "roc_auc"] > 0.95
    assert result.model.encoder.input_shape == (None, None, 2)


def test_one_kind_in_the_test_part_leaves_the_rest(tmp_path):
    config = written(tmp_path / "calm", label=lambda rows: (rows % 25 == 0) & (rows < 300))
    result = run(config)
    assert result.comparison["roc_auc"].isna().all()
    assert result.comparison["anomaly_rate"].notna().any()
    assert any("test parts hold one kind only" in note for note in result.notes)
    assert "flags" in result.figures and "table" not in result.figures


def test_one_kind_in_validation_gives_a_threshold_that_says_so(tmp_path):
    def label(rows):
        return (rows % 25 == 0) & ((rows < 0.55 * len(rows)) | (rows > 0.85 * len(rows)))

    result = run(written(tmp_path / "gap", label=label))
    assert any("99th percentile" in note for note in result.notes)
    assert result.comparison["roc_auc"].notna().any()


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (lambda rows: rows < 0, "0 of the .* training windows are anomalies"),
        (lambda rows: rows >= 0, "a classifier learns from anomalies and normals"),
    ],
)
def test_training_parts_of_one_kind_are_refused(tmp_path, label, message):
    with pytest.raises(ValueError, match=message):
        run(written(tmp_path / "one", label=label))


def test_a_label_that_is_not_0_or_1_is_refused(tmp_path):
    config = written(tmp_path / "odd")
    path = tmp_path / "odd" / "1.csv"
    pd.read_csv(path).replace({"label": {1: 2}}).to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"1.csv' has labels in column 'label' that are not 0 or"):
        run(config)


def test_series_without_labels_are_refused(tmp_path):
    config = written(tmp_path / "bare")
    path = tmp_path / "bare" / "1.csv"
    pd.read_csv(path).drop(columns="label").to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"'1.csv' in .* has no column 'label' \(1 of 2 have none"):
        run(config)


def test_irregular_steps_are_mentioned(tmp_path):
    config = written(tmp_path / "holes")
    path = tmp_path / "holes" / "0.csv"
    pd.read_csv(path).drop(index=range(50, 90)).to_csv(path, index=False)
    assert any("0.csv for one" in note for note in run(config).notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 1}, "window is 1; give 2 or more"),
        ({"window": 500}, r"'synthetic-01, validation part' has 400 rows, .* a window of 400"),
        ({"train": 0.9}, "leave something for testing"),
        ({"epochs": 0}, "epochs is 0; give 1 or more"),
        ({"cells": ()}, "cells is empty; give one or more"),
        ({"self_supervised": True, "frozen_epochs": 3}, "frozen_epochs is 3, more than"),
    ],
)
def test_settings_that_cannot_work_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(ONE, **change))


def test_no_such_folder_is_refused():
    with pytest.raises(FileNotFoundError, match="'nowhere' is not a folder"):
        run(dataclasses.replace(ONE, data="nowhere"))


def series(values, labels):
    times = pd.date_range("2025-01-01", periods=len(values), freq="h", tz="UTC")
    values = np.asarray(values, "float32").reshape(len(values), -1)
    return Series("one", times, values, np.asarray(labels, int), ("value",))


def test_a_series_that_never_changed_is_scored_in_its_own_unit():
    still = fit_z_score(np.full((10, 1), 5.0))
    assert still(np.array([[5.0], [7.0], [1.0]])).tolist() == [0, 2, 4]
    moving = fit_z_score(np.array([[4.0], [6.0]]))
    assert moving(np.array([[5.0], [7.0]])).tolist() == [0, 2]


def test_the_margin_is_the_median_length_of_an_event():
    a = series(np.zeros(12), [0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1])
    assert median_event([a, series(np.zeros(4), [0, 0, 0, 0])]) == 3
    assert median_event([series(np.zeros(4), [0, 0, 0, 0])]) == 1


def test_a_row_that_diverged_keeps_its_place_without_numbers():
    split = split_series(series(np.zeros(30), np.arange(30) % 5 == 0))
    windows = PooledWindows([split], length=2)
    diverged = Contestant("model", lambda part: np.full(len(windows.y[part]), np.nan), 1.0)
    broken = Row("gru", "raw", "none", diverged)
    found = judge(broken, windows, buffer=1)
    assert found.on_validation == -np.inf
    assert "roc_auc" not in found.row and found.row["fit_seconds"] == 1.0


def test_raw_values_of_any_size_train_without_nan():
    values = 1e8 + 1e7 * np.random.default_rng(0).normal(size=(200, 1))
    split = split_series(series(values, np.arange(200) % 20 == 0))
    config = dataclasses.replace(ONE, inputs=("raw",))
    with pytest.warns(CollapseWarning):
        row = Training(PooledWindows([split], 8), config).classifier("gru", "raw", "weights")
    assert np.isfinite(row.contestant.score("test")).all()
