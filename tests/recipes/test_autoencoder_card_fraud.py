"""The card recipe runs on its embedded table, keeps its promises, and refuses bad input."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from recipes.autoencoder_card_fraud.recipe import PUBLISHED, Config, make, run, split, view_of
from recipes.autoencoder_card_fraud.rules import limit
from zoo.data.sources import find
from zoo.data.tables.cards import COLUMNS, generate_cards

pytestmark = pytest.mark.xdist_group("autoencoder_card_fraud")  # one worker runs it for all tests

CONTRACT = {
    "roc_auc", "pr_auc", "precision", "recall", "f1", "best_f1", "threshold", "anomaly_rate",
    "n_train", "n_test", "parameters", "fit_seconds", "score_seconds", "epochs", "backend",
    "device", "seed", "collapsed",
}  # fmt: skip
QUICK = Config(rows=1500, units=(16,), wide_code=16, epochs=1, compare_tails=False)


def quick(**changes):
    return run(dataclasses.replace(QUICK, **changes))


@pytest.fixture(scope="module")
def result():
    return run(Config(rows=3000, epochs=40))


def test_finds_frauds(result):
    assert result.metrics["roc_auc"] >= 0.94
    assert result.metrics["f1"] >= 0.7
    assert not result.metrics["collapsed"]


def test_metrics_are_the_contract_and_the_false_alarms(result):
    assert set(result.metrics) == CONTRACT | {"false_alarms"}
    assert result.metrics["n_test"] == len(result.scores)
    normal = result.scores[result.scores["label"] == 0]
    flagged = np.mean(normal["score"] > result.metrics["threshold"])
    assert result.metrics["false_alarms"] == pytest.approx(flagged)


def test_the_threshold_keeps_roughly_to_its_rate_on_normals_it_never_saw(result):
    assert 0.01 < result.metrics["false_alarms"] < 0.12


def test_compares_variants_tails_and_baselines(result):
    table = result.comparison.set_index("variant")
    assert list(table.index) == [
        "denoising", "dense", "vae", "denoising, tails none", "denoising, tails quantile",
        "isolation_forest", "lof", "pca",
    ]  # fmt: skip
    assert table["kind"].to_list() == ["model"] * 5 + ["baseline"] * 3
    assert table.loc["denoising", "pr_auc"] > table.loc["dense", "pr_auc"]
    for name in table.index:
        assert f"score_{name}" in result.scores


def test_the_most_anomalous_rows_come_with_their_features(result):
    assert list(result.top) == ["sample", "score", "label", "because", *COLUMNS]
    assert result.top["because"].str.split().str[0].isin(COLUMNS).all()
    assert np.all(np.diff(result.top["score"]) <= 0)
    assert result.top["score"].iloc[0] == result.scores["score"].max()


def test_draws_what_was_promised(result):
    assert set(result.figures) == {
        "confusion", "errors", "feature_errors", "training", "training_vae", "roc",
        "precision_recall", "comparison", "thresholds_f1", "thresholds_alarms",
    }  # fmt: skip
    assert set(result.captions) == set(result.figures)
    assert {"loss", "val_loss"} <= set(result.history)


def test_trains_on_normals_only_and_tests_on_the_others_and_all_frauds():
    table = generate_cards(1500)
    task = split(table, QUICK)
    normals, frauds = np.sum(table.labels == 0), np.sum(table.labels == 1)
    assert len(task.x_train) + len(task.x_valid) == round(0.8 * normals)
    assert np.sum(task.y_test) == frauds
    assert len(task.y_test) == normals - round(0.8 * normals) + frauds
    rows = np.concatenate([task.x_train, task.x_valid, task.x_test])
    np.testing.assert_array_equal(np.unique(rows, axis=0), np.unique(table.values, axis=0))


def test_scaling_is_fitted_on_training_rows_alone():
    task = split(generate_cards(1500), QUICK)
    standard, minmax = view_of(task, "log1p", "standard"), view_of(task, "none", "minmax")
    np.testing.assert_allclose(standard(task.x_train).mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(standard(task.x_train).std(axis=0), 1, atol=1e-3)
    np.testing.assert_allclose(minmax(task.x_train).max(axis=0), 1, atol=1e-6)
    assert minmax(task.x_test).max() > 1


def test_anomalies_in_a_random_training_part_are_counted_and_dropped_kept_or_refused():
    table = generate_cards(1500)
    sizes = {}
    for contaminated in ("drop", "keep"):
        task = split(table, dataclasses.replace(QUICK, split="random", contaminated=contaminated))
        sizes[contaminated] = len(task.x_train) + len(task.x_valid)
        assert task.anomalies_in_training > 50
        assert len(task.y_test) == 300
    assert sizes["keep"] == 1200 == sizes["drop"] + task.anomalies_in_training
    with pytest.raises(ValueError, match="refused"):
        quick(split="random", contaminated="refuse")
    noted = quick(split="random", contaminated="keep", variants=("dense",)).notes
    assert any(f"{task.anomalies_in_training} anomalies, trained on" in note for note in noted)


def test_runs_as_the_source_has_it():
    table = quick(**PUBLISHED).comparison
    models = table[table["kind"] == "model"]
    assert set(models["variant"]) == {"dense"}


def test_a_threshold_flags_the_stated_share_of_scores_like_those_it_saw():
    """Log-normal errors: their logarithms are Gaussian, so every rule is right about them."""
    scores = np.random.default_rng(0).lognormal(-3.0, 0.8, size=20000)
    for rate in (0.05, 0.01):
        exact = np.exp(-3.0 + 0.8 * norm.isf(rate))
        for rule in ("percentile", "gaussian", "median_mad", "pot"):
            assert limit(rule, rate, scores) == pytest.approx(exact, rel=0.06), rule
    exact = 3.0 + 0.8 * norm.isf(0.05)
    found = limit("gaussian", 0.05, np.log(scores) + 6, is_logarithm=True)
    assert found == pytest.approx(exact, rel=0.02)


def test_equal_seeds_give_equal_weights_and_noise_and_vae_options_arrive():
    config = dataclasses.replace(QUICK, noise=0.2, mask=0.1, vae_score="elbo", beta=2.0, seed=5)
    model, twin = make("denoising", 7, config), make("denoising", 7, config)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (model.noise, model.mask, model.sparsity, model.seed) == (0.2, 0.1, 0.0, 5)
    assert make("dense", 7, config).noise == 0
    assert make("sparse", 7, config).sparsity == config.sparsity
    vae = make("vae", 7, config)
    assert (vae.score_by, vae.beta, vae.scale) == ("elbo", 2.0, config.scale)


@pytest.mark.parametrize("rule", ["gaussian", "median_mad", "pot"])
def test_each_rule_can_make_the_threshold_of_the_table(rule):
    result = quick(variants=("vae", "sparse"), vae_score="elbo", threshold=rule)
    assert result.comparison["threshold"].notna().all()
    assert rule.replace("_", " ") in result.notes[0]


def write(folder, **changes):
    table = generate_cards(600)
    frame = pd.DataFrame(table.values, columns=list(table.columns)).assign(fraud=table.labels)
    path = folder / "own.csv"
    frame.assign(**changes).to_csv(path, index=False)
    return str(path)


def test_own_table_with_awkward_names_and_a_constant_column(tmp_path):
    labels = generate_cards(600).labels
    path = write(tmp_path, score=0.5, sample=range(600), stolen=labels)
    result = quick(data=path, label_column="stolen", variants=("dense",))
    assert "score_feature" in result.top and "sample_feature" in result.top
    said = "Constant in training, any change is an error: fraud, score."
    assert any(said in note for note in result.notes)


def test_without_anomalies_the_rest_is_kept_and_said(tmp_path):
    with pytest.warns(UserWarning, match="undefined: all 120 labels are normals"):
        result = quick(data=write(tmp_path, fraud=0), variants=("dense",))
    assert np.isnan(result.metrics["roc_auc"]) and 0 <= result.metrics["false_alarms"] < 0.3
    assert "roc" not in result.figures and "confusion" in result.figures
    assert any("ROC-AUC and PR-AUC are undefined" in note for note in result.notes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fraud": 2}, "not 0 or 1: 2"),
        ({"fraud": 1}, "0 normal rows"),
        ({"used_chip": "yes"}, "text in column 'used_chip': 'yes' in line 2"),
        ({"distance_from_home": np.nan}, "missing or infinite values"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        quick(data=write(tmp_path, **changes))


def test_a_wrong_label_column_names_the_columns_there_are(tmp_path):
    with pytest.raises(ValueError, match="no label column 'Fraud'; found distance_from_home"):
        quick(data=write(tmp_path), label_column="Fraud")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs is 0; give 1 or more"),
        ({"variants": ()}, "variants is empty"),
        ({"units": (8, 0)}, "units is 0"),
        ({"noise": -1.0}, "noise is -1"),
        ({"mask": 1.0}, "mask is 1"),
        ({"scale": 0.0, "variants": ("dense", "vae")}, "scale=0"),
        ({"false_alarm_rate": 0.0}, "false_alarm_rate is 0.0; give above 0 and below 1"),
        ({"validation": 1.0}, "validation is 1"),
        ({"rows": 12}, "holds out 1 of 10 training rows"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_training(change, message, capsys):
    with pytest.raises(ValueError, match=message):
        quick(**change)
    assert "epochs over" not in capsys.readouterr().out


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match="data 'cards' is no file; give generated"):
        quick(data="cards")


@pytest.mark.slow
def test_reaches_the_figures_of_results_on_the_published_table():
    if find("card_transdata.csv") is None:
        pytest.skip("card_transdata.csv is not in $ZOO_DATA")
    metrics = run(
        Config(data="card_transdata", variants=("denoising",), compare_tails=False)
    ).metrics
    assert metrics["pr_auc"] >= 0.90 and metrics["roc_auc"] >= 0.97
    assert metrics["best_f1"] >= 0.87 and metrics["f1"] >= 0.85
