"""Backends beside each other: seeds as spread, equal seeds for the finding."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from zoo.report.figures import backend_bars
from zoo.report.figures.style import PALETTE

pytestmark = pytest.mark.once


RUNS = pd.DataFrame(
    [
        ("blobs", "deep", "model", "jax", 0, 0.80),
        ("blobs", "deep", "model", "jax", 1, 0.90),
        ("blobs", "deep", "model", "torch", 0, 0.82),
        ("blobs", "wide", "model", "jax", 0, 0.70),
        ("blobs", "wide", "model", "jax", 1, 0.70),
        ("blobs", "wide", "model", "torch", 0, 0.70),
        ("blobs", "PCA", "baseline", "torch", 0, 0.99),
    ],
    columns=["recipe", "variant", "kind", "backend", "seed", "roc_auc"],
)


def title(figure):
    return " ".join(figure.axes[0].get_title(loc="left").split())


def test_a_bar_for_each_variant_and_backend_and_none_for_baselines():
    ax = backend_bars(RUNS, "roc_auc").axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["deep", "wide"]
    bars = {
        bars.get_label(): bars for bars in ax.containers if bars.get_label() in ("jax", "torch")
    }
    widths = {name: [bar.get_width() for bar in bars[name]] for name in bars}
    np.testing.assert_allclose(widths["jax"], [0.35, 0.2])
    np.testing.assert_allclose(widths["torch"], [0.32, 0.2])
    assert {to_hex(bar.get_facecolor()) for bar in bars["jax"]} == {PALETTE[1].lower()}
    assert bars["jax"][0].get_hatch() != bars["torch"][0].get_hatch()
    legend = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert legend == ["jax", "torch"]
    assert ax.get_xlabel() == (
        "ROC-AUC (bars start at a coin flip, 0.5; mean and standard deviation of 1 to 2 runs)"
    )


def test_spread_over_seeds_is_drawn_where_there_are_several():
    ax = backend_bars(RUNS, "roc_auc").axes[0]
    (jax,) = (bars for bars in ax.containers if bars.get_label() == "jax")
    ends = jax.errorbar.lines[2][0].get_segments()[0][:, 0]
    np.testing.assert_allclose(np.ptp(ends), 2 * np.std([0.8, 0.9], ddof=1))
    one = backend_bars(RUNS[RUNS["seed"] == 0], "roc_auc").axes[0]
    assert all(bars.errorbar is None for bars in one.containers)


def test_the_finding_compares_equal_seeds_only():
    assert title(backend_bars(RUNS, "roc_auc")) == (
        "From one seed, ROC-AUC differs by up to 0.020 between backends (deep); "
        "between seeds by up to 0.100"
    )
    wide = RUNS[RUNS["variant"] == "wide"]
    assert title(backend_bars(wide[wide["seed"] == 0], "roc_auc")) == (
        "From one seed, ROC-AUC is the same on all backends"
    )
    other = RUNS.assign(seed=np.where(RUNS["backend"] == "torch", 5, RUNS["seed"]))
    assert title(backend_bars(other, "roc_auc")) == (
        "ROC-AUC by backend; no seed was run on two of them"
    )
    alone = title(backend_bars(RUNS[RUNS["backend"] == "jax"], "roc_auc"))
    assert alone == "ROC-AUC on jax, the only backend"


def test_runs_without_variants_are_named_by_their_recipe():
    ax = backend_bars(RUNS.assign(variant=""), "roc_auc").axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["blobs"]
    two = pd.concat([RUNS, RUNS.assign(recipe="rings")], ignore_index=True)
    names = [label.get_text() for label in backend_bars(two, "roc_auc").axes[0].get_yticklabels()]
    assert names == ["blobs: deep", "blobs: wide", "rings: deep", "rings: wide"]


def test_backend_bars_name_what_is_missing():
    with pytest.raises(ValueError, match="expected backend and f1 too"):
        backend_bars(RUNS.drop(columns="backend"), "f1")
    with pytest.raises(ValueError, match="no model has a roc_auc"):
        backend_bars(RUNS[RUNS["kind"] == "baseline"], "roc_auc")
