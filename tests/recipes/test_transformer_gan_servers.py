"""The server recipe runs on its embedded data and on files, and keeps its two protocols apart."""

import dataclasses
from functools import partial

import numpy as np
import pandas as pd
import pytest

from recipes.transformer_gan_servers import recipe
from recipes.transformer_gan_servers.honest import fixed_threshold, scores_of
from recipes.transformer_gan_servers.points import median_event
from recipes.transformer_gan_servers.recipe import PUBLISHED, SMD, Config, run
from zoo.data.servers.synthetic import generate_servers
from zoo.evaluation import metrics

pytestmark = pytest.mark.xdist_group("transformer_gan_servers")  # one worker, one run

QUICK = Config(
    variants=("gan_joint", "gan_separate", "reversible"),
    blocks=1,
    heads=2,
    width=16,
    feed_forward=32,
    epochs=3,
    learning_rate=3e-3,
)


@pytest.fixture(scope="module")
def result():
    return run(QUICK)


def test_finds_the_anomalies_of_a_continued_process(result):
    honest = result.comparison.query("protocol == 'honest'").set_index("variant")
    assert (honest.loc[["gan_joint", "gan_separate"], "roc_auc"] > 0.95).all()
    assert honest.loc["gan_joint", "f1_adaptive"] > 0.8
    assert not honest.loc[["gan_joint", "gan_separate", "reversible"], "collapsed"].any()


def test_a_score_is_the_sum_of_its_two_terms(result):
    scores = result.scores
    for name in ("gan_joint", "gan_separate"):
        both = scores[f"score_{name}_error"] + scores[f"score_{name}_discriminator"]
        np.testing.assert_allclose(scores[f"score_{name}"], both, rtol=1e-5)
        assert scores[f"score_{name}_discriminator"].between(0, 1).all()


def test_both_protocols_are_there_and_differ_by_what_they_may_see(result):
    table = result.comparison
    assert set(table["protocol"]) == {"honest", "as published"}
    published = table[table["protocol"] == "as published"]
    np.testing.assert_allclose(published["f1"], published["best_f1"])
    assert set(published["variant"]) == {*QUICK.variants, "pca", "mean_z", "isolation_forest"}
    assert result.metrics["f1"] == table.query("protocol == 'honest'")["f1"].iloc[0]


def test_the_honest_threshold_sees_no_test_score(result):
    scores = result.scores["score_gan_joint"]
    flagged = metrics.at_threshold(result.scores["label"], scores > result.metrics["threshold"])
    assert flagged["f1"] == pytest.approx(result.metrics["f1"])
    assert result.metrics["threshold"] not in set(scores)


def test_figures_and_the_most_anomalous_windows(result):
    assert list(result.figures) == [
        "precision_recall", "scores", "series", "cures", "why", "attention_normal",
        "attention_anomalous",
    ]  # fmt: skip
    assert result.top["score"].is_monotonic_decreasing
    named = result.top["because"].str.split(", ").explode().str.split().str[0]
    assert set(named) <= set(generate_servers(train_rows=2000, test_rows=1000).columns)


def test_own_csv_files_with_labels_for_points(tmp_path):
    server = generate_servers(3, train_rows=1500, test_rows=1000, features=5)
    pd.DataFrame(server.train, columns=server.columns).to_csv(tmp_path / "a.csv", index=False)
    later = pd.DataFrame(server.test, columns=server.columns).assign(attack=server.labels)
    later.to_csv(tmp_path / "b.csv", index=False)
    config = dataclasses.replace(
        QUICK, data="csv", train=tmp_path / "a.csv", test=tmp_path / "b.csv", window=20, stride=10,
        label_column="attack", level="points", variants=("dense_autoencoder",), normalize="center",
    )  # fmt: skip
    result = run(config)
    assert len(result.scores) == 1000
    assert {"vus_pr", "event_f1", "f1_adaptive"} <= set(result.comparison)
    assert "pca_centered" in set(result.comparison["variant"])
    assert set(result.comparison["protocol"]) == {"honest"}


def test_generated_servers_can_be_judged_by_points(monkeypatch):
    small = partial(generate_servers, train_rows=1200, test_rows=600, features=5)
    monkeypatch.setattr(recipe, "generate_servers", lambda seed, continuation: small(seed))
    changes = {"level": "points", "window": 20, "stride": 20, "epochs": 1}
    result = run(dataclasses.replace(QUICK, variants=("dense_autoencoder",), **changes))
    assert len(result.scores) == 600 and "cures" not in result.figures
    assert {"vus_pr", "event_f1"} <= set(result.comparison)


def test_files_without_labels_give_scores_and_flags_alone(tmp_path):
    server = generate_servers(3, train_rows=1200, test_rows=600, features=5)
    for name, rows in {"a": server.train, "b": server.test}.items():
        path = tmp_path / f"{name}.csv"
        pd.DataFrame(rows, columns=server.columns).to_csv(path, index=False)
    result = run(
        dataclasses.replace(
            QUICK, data="csv", train=tmp_path / "a.csv", test=tmp_path / "b.csv", window=20,
            stride=10, variants=("transformer",), epochs=1,
        )
    )  # fmt: skip
    assert "label" not in result.scores and "roc_auc" not in result.metrics
    assert 0 <= result.metrics["anomaly_rate"] <= 1


def test_scores_of_windows_by_hand():
    rows = np.array([[1.0, 1.0, 1.0, 9.0], [2.0, 2.0, 6.0, 6.0]])
    config = Config(window=4, anomalous_share=0.25)
    second = np.array([0.0, 0.5])
    mean = scores_of([(rows, second)], config, "mean")
    np.testing.assert_allclose(mean, [3.0, 4.5])
    quantile = scores_of([(rows, second)], config, "quantile")  # a third of the way from 1 to 9 ...
    np.testing.assert_allclose(quantile, [np.quantile(rows[0], 0.75), 6.5])


def test_scores_of_points_are_geometric_means_of_the_windows_that_cover_them():
    rows = np.array([[1.0, 1.0], [4.0, 4.0]])
    found = scores_of([(rows, np.zeros(2))], Config(window=2, level="points"))
    np.testing.assert_allclose(found, [1.0, 2.0, 4.0], rtol=1e-6)


def test_a_gaussian_threshold_is_four_deviations_of_the_logarithm():
    held_out = np.exp([0.0, 2.0])  # logs of mean 1, deviation 1
    assert fixed_threshold("gaussian", held_out, Config(sigmas=4)) == pytest.approx(np.exp(5))


def test_median_event():
    assert median_event(np.array([1, 0, 1, 1, 1, 0, 1])) == 1
    assert median_event(np.array([0, 1, 1, 0])) == 2


@pytest.mark.parametrize("settings", [PUBLISHED, SMD])
def test_settings_are_fields(settings):
    assert Config(**settings).window == settings["window"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": "csv"}, "data csv needs both train and test"),
        ({"window": 10_000}, "the held-out rows of synthetic-same-0"),
        ({"validation": 0.0}, "validation is 0.0"),
        ({"epochs": 0}, "epochs is 0; give 1 or more"),
        ({"heads": 3}, "3 attention heads do not divide a width of 16"),
    ],
)
def test_refuses_what_cannot_work(changes, said):
    with pytest.raises(ValueError, match=said):
        run(dataclasses.replace(QUICK, **changes))
