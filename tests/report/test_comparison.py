"""Runs side by side: nothing is averaged that does not belong together."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from zoo.report.comparison import (
    data_groups,
    differing_data,
    differing_settings,
    run_names,
    runs_table,
    score_differences,
    seed_groups,
    spread_over_seeds,
)
from zoo.report.saved_run import SavedRun
from zoo.report.table import is_as_published, row_names, row_tags, text_columns, variant_names

pytestmark = pytest.mark.once


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
        data_settings=("dataset",),
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
    assert spread.loc["v", "runs"] == spread.loc["v", "seeds"] == 2
    assert spread.loc["v", "run"] == "a, b"
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


def test_folders_of_one_name_are_told_apart_by_their_parents():
    assert run_names([run("x/a"), run("y/a"), run("y/b")]) == ["x/a", "y/a", "b"]
    assert runs_table([run("x/a"), run("y/a")])["run"].tolist() == ["x/a", "y/a"]


def test_a_variant_has_one_name_in_all_runs():
    table = runs_table([run("a", variants=("v", "w")), run("b", 1, variants=("v", "w"))])
    assert variant_names(table) == ["v", "w", "v", "w"]
    assert variant_names(runs_table([run("a"), replace(run("b"), recipe="two_rings")])) == [
        "blobs",
        "two rings",
    ]
    several = [replace(run(name), comparison=SEVERAL) for name in "ab"]
    assert variant_names(runs_table(several))[:2] == ["GRU (raw, none)", "GRU (scaled, focal loss)"]


def test_groups_of_runs_by_seed_backend_and_data():
    runs = [run("a"), run("b", 1), run("c", backend="torch"), run("d", dataset="mnist")]

    def names(groups):
        return [[each.path.name for each in group] for group in groups]

    assert names(seed_groups(runs)) == [["a", "b"], ["c"], ["d"]]
    assert names(seed_groups(runs, by_backend=False)) == [["a", "b", "c"], ["d"]]
    assert names(data_groups(runs)) == [["a", "b", "c"], ["d"]]
    assert names(data_groups([run("a"), replace(run("b"), recipe="rings")])) == [["a"], ["b"]]


def test_a_recipe_says_itself_which_settings_choose_its_data():
    runs = [replace(run(name), config={"coin": {"name": name}, "rows": 9}) for name in ("a", "b")]
    assert differing_data(runs) == []
    declared = [replace(one, data_settings=("coin.name", "rows")) for one in runs]
    assert differing_data(declared) == ["coin.name: a, b"]
    assert differing_data([declared[0], runs[1]]) == ["coin.name: a, b"]  # one folder declares it


TWO_MODELS = pd.DataFrame({"variant": ["v", "w", "PCA"], "kind": ["model", "model", "baseline"]})


def scored(finish, name, backend, v, w=(1, 2, 3), seed=0, sample=(0, 1, 2)):
    scores = {"sample": sample, "score": v, "score_v": v, "score_w": w, "score_PCA": range(3)}
    return finish(
        name,
        backend=backend,
        comparison=TWO_MODELS,
        metrics={"seed": seed},
        scores=pd.DataFrame(scores),
    )


def test_scores_of_equal_seeds_are_compared_between_backends(finish):
    runs = [
        scored(finish, "a", "jax", [1.0, 2.0, 3.0]),
        scored(finish, "b", "torch", [1.0, 2.5, 2.0]),
        scored(finish, "c", "torch", [9.0, 9.0, 8.0], seed=1),
    ]
    table, problems = score_differences(runs)
    assert problems == []
    assert table["variant"].tolist() == ["v", "w"]
    assert table["backends"].tolist() == ["jax, torch"] * 2
    assert table["difference"].tolist() == [1.0, 0.0]
    assert table["in_deviations"].tolist() == [1.0, 0.0]
    assert table["rank_correlation"].tolist() == [0.5, 1.0]
    assert table["samples"].tolist() == [3, 3]


def test_scores_of_other_samples_are_not_compared(finish):
    runs = [
        scored(finish, "a", "jax", [1, 2, 3]),
        scored(finish, "b", "torch", [1, 2, 3], sample=(0, 1, 7)),
    ]
    assert score_differences(runs) == (None, ["a and b"])
    assert score_differences(runs[:1]) == (None, [])
