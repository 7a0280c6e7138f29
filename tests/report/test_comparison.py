"""Runs side by side: nothing is averaged that does not belong together."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from zoo.report.comparison import (
    differing_data,
    differing_settings,
    is_as_published,
    row_names,
    row_tags,
    runs_table,
    spread_over_seeds,
    text_columns,
)
from zoo.report.run_folder import SavedRun


def run(name, seed=0, epochs=3, dataset="digits", auc=0.9, backend="jax", variants=()):
    table = None
    if variants:
        table = pd.DataFrame({"variant": variants, "roc_auc": [auc, auc / 2][: len(variants)]})
    return SavedRun(
        path=Path(name),
        recipe="blobs",
        config={"dataset": dataset, "epochs": epochs, "seed": seed},
        metrics={"roc_auc": auc, "n_test": 100 if dataset == "digits" else 200, "seed": seed},
        environment={"backend": backend},
        comparison=table,
    )


def test_one_row_per_run_and_variant():
    table = runs_table([run("a", variants=("fixed", "moving")), run("b", seed=1)])
    assert table["run"].tolist() == ["a", "a", "b"]
    assert table["variant"].tolist() == ["fixed", "moving", ""]
    assert table["seed"].tolist() == [0, 0, 1]
    assert table["roc_auc"].tolist() == [0.9, 0.45, 0.9]


def test_seeds_are_summarised_per_variant_by_mean_and_sample_deviation():
    runs = [run("a", 0, auc=0.8, variants=("v", "w")), run("b", 1, auc=0.9, variants=("v", "w"))]
    spread = spread_over_seeds(runs).set_index("variant")
    assert spread.loc["v", "runs"] == 2
    assert spread.loc["v", "roc_auc_mean"] == pytest.approx(0.85)
    assert spread.loc["v", "roc_auc_std"] == pytest.approx(0.1 / 2**0.5)
    assert spread.loc["w", "roc_auc_mean"] == pytest.approx(0.425)


@pytest.mark.parametrize("other", [{"epochs": 30}, {"dataset": "mnist"}, {"backend": "torch"}])
def test_runs_that_differ_in_more_than_the_seed_are_not_averaged(other):
    assert spread_over_seeds([run("a"), run("b", seed=1, **other)]) is None


def test_differing_settings_are_named_with_their_values():
    assert differing_settings([run("a"), run("b", epochs=30)]) == {"epochs": [3, 30]}


def test_differing_data_are_told_apart_from_differing_settings():
    assert differing_data([run("a"), run("b", seed=1, epochs=30)]) == []
    assert differing_data([run("a"), run("b", dataset="mnist")]) == [
        "dataset: digits, mnist",
        "n_test: 100, 200",
    ]


def test_tags_name_baselines_and_collapse():
    table = pd.DataFrame(
        {"variant": ["a", "b", "c"], "kind": [None, "baseline", "model"], "collapsed": [0, None, 1]}
    )
    assert row_tags(table) == [[], ["baseline"], ["collapsed"]]


SEVERAL = pd.DataFrame(
    {
        "variant": ["GRU", "GRU", "LSTM", "Z-score"],
        "kind": ["model", "model", "model", "baseline"],
        "input": ["raw", "scaled", "raw", None],
        "imbalance": ["none", "focal loss", "none", None],
        "dataset": "nab",
        "f1": [0.1, 0.2, 0.3, 0.4],
        "collapsed": [True, False, None, None],
    }
)


def test_columns_of_words_are_those_that_tell_rows_apart():
    assert text_columns(SEVERAL) == ["input", "imbalance"]
    assert text_columns(SEVERAL[:1]) == []


def test_only_rows_that_share_a_variant_get_a_longer_name():
    assert row_names(SEVERAL) == ["GRU (raw, none)", "GRU (scaled, focal loss)", "LSTM", "Z-score"]
    assert row_names(SEVERAL[["variant", "f1"]]) == ["GRU", "GRU", "LSTM", "Z-score"]


def test_rows_of_another_input_are_not_averaged():
    runs = [
        replace(run(name, seed), comparison=SEVERAL.assign(f1=SEVERAL["f1"] + seed))
        for seed, name in enumerate("ab")
    ]
    spread = spread_over_seeds(runs)
    assert spread["runs"].tolist() == [2, 2, 2, 2]
    assert spread["input"].tolist()[:3] == ["raw", "scaled", "raw"]
    assert spread["f1_mean"].tolist() == pytest.approx([0.6, 0.7, 0.8, 0.9])


def test_the_published_protocol_is_known_by_its_name():
    assert is_as_published(
        pd.DataFrame({"protocol": ["as published", "as_published", "honest"]})
    ) == [
        True,
        True,
        False,
    ]
    assert is_as_published(SEVERAL) == [False] * 4
