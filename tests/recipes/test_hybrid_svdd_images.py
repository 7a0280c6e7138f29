"""The image recipe runs on its embedded data and keeps the contract of a result."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from recipes.hybrid_svdd_images.recipe import Config, Plan, Pretraining, copy, run, sweep
from zoo.nn.networks import lenet, lenet_decoder

pytestmark = pytest.mark.xdist_group("hybrid_svdd_images")  # one worker runs it for all tests

CONTRACT = {
    "roc_auc", "pr_auc", "precision", "recall", "f1", "best_f1", "threshold", "anomaly_rate",
    "n_train", "n_test", "parameters", "fit_seconds", "score_seconds", "epochs", "backend",
    "device", "seed", "collapsed",
}  # fmt: skip


@pytest.fixture(scope="module")
def result():
    return run(Config(epochs=3, pretraining=Pretraining(epochs=2)))


def test_finds_digits_that_are_not_zero(result):
    assert result.metrics["roc_auc"] >= 0.95
    assert not result.metrics["collapsed"]


def test_metrics_are_the_contract(result):
    assert set(result.metrics) == CONTRACT
    assert result.metrics["n_test"] == len(result.scores) == 540


def test_compares_variants_with_baselines_and_the_trivial_row(result):
    table = result.comparison.set_index("variant")
    assert list(table.index) == [
        "baseline", "hybrid", "adaptive", "pca", "knn", "isolation_forest", "flag everything",
    ]  # fmt: skip
    assert table.loc["flag everything", "best_f1"] == pytest.approx(0.947, abs=0.001)
    adaptive, baseline = result.scores["score_adaptive"], result.scores["score_baseline"]
    assert not np.allclose(adaptive, baseline)


def test_threshold_never_saw_the_test_set(result):
    """It is the 95th percentile of held-out normals: a few test normals in a hundred exceed it."""
    normal = result.scores[result.scores["label"] == 0]
    assert 0 <= np.mean(normal["score"] > result.metrics["threshold"]) < 0.3


def test_every_phase_has_its_history(result):
    assert result.history.groupby("variant").size().to_dict() == {
        "pretraining": 2, "baseline": 3, "hybrid": 3,
    }  # fmt: skip
    assert set(result.figures) == {"roc", "score_histogram", "samples", "grad_cam",
                                   "tsne_baseline", "tsne_hybrid"}  # fmt: skip


def test_one_variant_alone_needs_no_other():
    alone = run(Config(variants=("adaptive",), epochs=1, pretraining=Pretraining(epochs=0)))
    assert alone.comparison["variant"][0] == "adaptive"
    assert "tsne_adaptive" in alone.figures
    assert set(alone.history["variant"]) == {"baseline"}


def test_few_images_mean_small_batches_and_more_epochs():
    plan = Plan(Config(), np.zeros((50, 28, 28, 1), "float32"))
    assert plan.batch_size == 5
    assert plan.epochs == 40


def test_a_copy_trains_on_its_own():
    network = lenet((28, 28, 1))
    twin = copy(network)
    twin.set_weights([0 * weight for weight in twin.get_weights()])
    assert np.any(network.get_weights()[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normal_class": 12}, "no class 12"),
        ({"epochs": 0}, "epochs is 0; give 1 or more"),
        ({"variants": ()}, "variants is empty; give one or more"),
        ({"validation": 0.0}, "validation share of 0"),
        ({"dataset": "folder"}, "no folder"),
    ],
)
def test_settings_that_cannot_work_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataclasses.replace(Config(), **change))


def test_a_sweep_trains_a_hybrid_for_each_pair_of_weights_but_two_zeros():
    x = np.random.default_rng(0).uniform(size=(40, 28, 28, 1)).astype("float32")
    config = Config(sweep=(0.0, 1.0), epochs=1)
    plan, labels = Plan(config, x), np.repeat([0, 1], 20)
    networks = lenet((28, 28, 1)), lenet_decoder((28, 28, 1))
    grid = sweep(config, plan, *networks, x, labels)
    assert grid.isna().to_numpy().tolist() == [[True, False], [False, False]]
    phases = ["hybrid, μ₁ 0, μ₂ 1", "hybrid, μ₁ 1, μ₂ 0", "hybrid, μ₁ 1, μ₂ 1"]
    assert plan.history()["variant"].tolist() == phases
    assert sweep(Config(), plan, *networks, x, labels) is None


def test_what_only_judges_is_imported_after_training():
    later = {"sklearn.ensemble", "sklearn.manifold", "sklearn.neighbors", "sklearn.covariance"}
    code = f"""if True:
        import sys
        import recipes.hybrid_svdd_images.recipe
        sys.exit(", ".join({later} & set(sys.modules)) or 0)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
