"""The figures say what they show: lines, labels, legends and findings, not pixels."""

import os
import sys
from pathlib import Path
from subprocess import run

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from zoo.report import figures
from zoo.report.figures.style import ANOMALY, NORMAL

pytestmark = pytest.mark.once


LABELS = np.array([0, 0, 0, 1])
PERFECT, USELESS = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 1.0, 1.0])
HISTORY = pd.DataFrame({"epoch": [0, 1, 2], "loss": [4.0, 2.0, 1.0]})
COMPARISON = pd.DataFrame(
    {"variant": ["deep", "PCA"], "kind": ["model", "baseline"], "roc_auc": [0.8, 0.9]}
)
TIMES = np.datetime64("2024-03-01") + np.arange(100) * np.timedelta64(5, "m")
PRICE = np.linspace(100, 110, 100)
SCORES = np.r_[[np.nan] * 5, np.linspace(1, 2, 95)]
FLAGGED = np.arange(100) // 10 == 4
EVEN = np.full((2, 3, 4, 4), 0.25)
TABLE = pd.DataFrame({"raw": [0.5, 0.25], "scaled": [np.nan, 1.0]}, index=["LSTM", "GRU"])
POINTS = np.random.default_rng(0).normal(size=(30, 2))
RUNS = pd.DataFrame({"variant": "v", "backend": ["jax", "torch"], "seed": 0, "roc_auc": [0.8, 0.9]})
WINDOW = POINTS, np.abs(POINTS)
IMAGES = np.arange(2 * 4 * 4.0).reshape(2, 4, 4, 1)
MAPS = {"one": IMAGES[..., 0], "other": np.ones((2, 4, 4))}

DRAWN = {
    "roc": lambda ax=None: figures.roc_curves({"deep": (LABELS, PERFECT)}, ax=ax),
    "pr": lambda ax=None: figures.precision_recall_curves({"deep": (LABELS, PERFECT)}, ax=ax),
    "histogram": lambda ax=None: figures.score_histogram(PERFECT, LABELS, 3.5, ax=ax),
    "map": lambda ax=None: figures.embedding_map(POINTS, None, "One cloud", ax=ax),
    "gallery": lambda ax=None: figures.gallery(np.ones((4, 3, 3, 1)), PERFECT, ax=ax),
    "training": lambda ax=None: figures.training_curves(HISTORY, ax=ax),
    "price": lambda ax=None: figures.price_chart(TIMES, PRICE, [3], 1.5, SCORES, ax=ax),
    "confusion": lambda ax=None: figures.confusion_matrix(LABELS, LABELS, ax=ax),
    "heat map": lambda ax=None: figures.table_heat_map(TABLE, "GRU is best", "PR-AUC", ax=ax),
    "series": lambda ax=None: figures.series_scores(TIMES, PRICE, SCORES, 1.5, FLAGGED, ax=ax),
    "grid": lambda ax=None: figures.series_grid({"a": (TIMES, PRICE, FLAGGED)}, "One", ax=ax),
    "attention": lambda ax=None: figures.attention_maps(EVEN, "All look everywhere", ax=ax),
    "errors": lambda ax=None: figures.feature_errors([[1, 3]], ["a", "b"], ["row 7"], ax=ax),
    "bars": lambda ax=None: figures.comparison_bars(COMPARISON, ax=ax),
    "backends": lambda ax=None: figures.backend_bars(RUNS, "roc_auc", ax=ax),
    "contributions": lambda ax=None: figures.contribution_bars([2, -1], ["a", "b"], ax=ax),
    "window": lambda ax=None: figures.window_contributions(*WINDOW, ["a", "b"], ax=ax),
    "attributions": lambda ax=None: figures.attribution_grid(IMAGES, MAPS, ax=ax),
}


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.axes]


def unwrapped(figure):
    return [" ".join(title.split()) for title in titles(figure)]


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_is_labelled_and_can_be_saved_without_a_screen(name, tmp_path):
    figure = DRAWN[name]()
    assert isinstance(figure, Figure)
    assert any(titles(figure)) or figure.get_suptitle()
    texts = [ax.get_xlabel() + ax.get_ylabel() for ax in figure.axes]
    assert any(texts)
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_draws_into_the_axes_it_is_given(name):
    mine = Figure(layout="constrained")
    left, right = mine.subplots(1, 2)
    assert DRAWN[name](ax=left) is mine
    assert right in mine.axes and not right.has_data()
    assert all(ax.has_data() for ax in mine.axes if ax is not right)
    mine.draw_without_rendering()


@pytest.mark.parametrize("name", DRAWN)
def test_the_house_style_does_not_leak(name):
    before = dict(matplotlib.rcParams)
    DRAWN[name]()
    assert dict(matplotlib.rcParams) == before


def test_importing_the_figures_needs_no_pyplot():
    code = "import sys, zoo.report.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    path = {"PYTHONPATH": str(Path(figures.__file__).parents[3])}
    assert run([sys.executable, "-c", code], env=os.environ | path).returncode == 0


def test_curves_carry_their_area_best_first_and_differ_without_colour():
    curves = {"useless": (LABELS, USELESS), "perfect": (LABELS, PERFECT)}
    roc = figures.roc_curves(curves).axes[0]
    assert legend(roc) == ["perfect 1.000", "useless 0.500", "coin flip 0.500"]
    assert roc.lines[0].get_linestyle() != roc.lines[1].get_linestyle()
    assert titles(roc.figure) == ["Best of 2 is perfect: ROC-AUC 1.000"]
    recall = figures.precision_recall_curves(curves).axes[0]
    assert legend(recall) == ["perfect 1.000", "useless 0.250", "coin flip 0.250"]
    looks = [
        {line.get_label()[:7]: line.get_color() for line in ax.lines[:2]} for ax in (roc, recall)
    ]
    assert looks[0] == looks[1]


def test_the_operating_point_lies_on_both_curves():
    curves, points = {"deep": (LABELS, np.array([1.0, 3.0, 2.0, 4.0]))}, {"deep": 2.5}
    roc = figures.roc_curves(curves, points=points).axes[0]
    recall = figures.precision_recall_curves(curves, points=points).axes[0]
    np.testing.assert_allclose(dot_of(roc), [1 / 3, 1.0])  # one of three normals, the anomaly
    np.testing.assert_allclose(dot_of(recall), [1.0, 0.5])
    assert legend(roc)[-1] == legend(recall)[-1] == "at its threshold 2.5"
    assert dot_of(figures.precision_recall_curves(curves, points={"deep": 9}).axes[0]) == [0, 1]
    assert dot_of(figures.roc_curves(curves, points={"deep": 9}).axes[0]) == [0, 0]


def dot_of(ax):
    (dot,) = (line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata()))
    return [dot.get_xdata()[0], dot.get_ydata()[0]]


def test_dots_wear_the_colour_of_their_curve():
    curves = {"a": (LABELS, PERFECT), "b": (LABELS, PERFECT), "c": (LABELS, USELESS)}
    ax = figures.roc_curves(curves, points={"b": 2.5, "c": 2.5}).axes[0]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    lines = {line.get_label(): line.get_color() for line in ax.lines}
    assert [dot.get_color() for dot in dots[:2]] == [lines["b 1.000"], lines["c 0.500"]]
    assert legend(ax)[-1] == "at its threshold"


@pytest.mark.parametrize("draw", [figures.roc_curves, figures.precision_recall_curves])
def test_a_point_without_a_curve_is_an_error(draw):
    with pytest.raises(ValueError, match="no curve is named deeep; the curves are deep"):
        draw({"deep": (LABELS, PERFECT)}, points={"deeep": 1.0})


@pytest.mark.parametrize("draw", [figures.roc_curves, figures.precision_recall_curves])
def test_curves_name_the_input_that_does_not_fit(draw):
    with pytest.raises(ValueError, match="labels of 'deep': all 4 are 0"):
        draw({"deep": (np.zeros(4), PERFECT)})
    with pytest.raises(ValueError, match=r"labels of 'deep': shape \(3,\), expected \(4,\)"):
        draw({"deep": (LABELS[:3], PERFECT)})
    with pytest.raises(ValueError, match="scores of 'deep': 1 of 4 are NaN .* index 2"):
        draw({"deep": (LABELS, [1, 2, np.nan, 4])})
    with pytest.raises(ValueError, match="curves: none given"):
        draw({})


def test_the_histogram_says_what_the_threshold_flags():
    ax = figures.score_histogram(PERFECT, LABELS, 2.5, "95th percentile").axes[0]
    assert titles(ax.figure) == [
        "The threshold flags 100.0% of anomalies and 33.3% of normal samples"
    ]
    assert legend(ax) == ["normal (3)", "anomaly (1)", "95th percentile: 2.5"]
    assert ax.lines[0].get_xdata()[0] == 2.5
    assert [to_hex(patch.get_edgecolor()) for patch in ax.patches][1] == ANOMALY.lower()


def test_the_histogram_draws_several_thresholds_and_names_its_errors():
    several = {"95th percentile": 2.5, "median + 3 MAD": 3.5}
    ax = figures.score_histogram(PERFECT, LABELS, several, log=True, score_label="error").axes[0]
    assert [line.get_xdata()[0] for line in ax.lines] == [2.5, 3.5]
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert legend(ax)[2:] == ["95th percentile: 2.5", "median + 3 MAD: 3.5"]
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "error")
    found = " ".join(titles(ax.figure)[0].split())
    assert found.startswith("The threshold at 95th percentile flags 100.0% of anomalies")


def test_without_labels_the_histogram_shows_one_group():
    ax = figures.score_histogram(PERFECT, None, 3.5).axes[0]
    assert titles(ax.figure) == ["25.0% of the samples lie above the threshold"]
    assert legend(ax)[0] == "samples (4)"


def test_the_score_axis_is_logarithmic_when_scores_span_decades():
    wide = np.geomspace(1e-3, 1e3, 100)
    assert figures.score_histogram(wide, None, None).axes[0].get_xscale() == "log"
    assert figures.score_histogram(wide - 1, None, None).axes[0].get_xscale() == "linear"
    assert figures.score_histogram(USELESS, None, None).axes[0].get_xscale() == "linear"
    with pytest.raises(ValueError, match="a log axis needs scores > 0"):
        figures.score_histogram(wide - 1, None, None, log=True)


def test_the_map_draws_center_and_radius_where_distances_hold():
    labels = np.r_[np.zeros(20), np.ones(10)]
    ax = figures.embedding_map(POINTS, labels, "Two", (0, 0), 2.0, method="PCA").axes[0]
    assert legend(ax) == ["normal", "anomaly", "center", "radius 2"]
    circle = np.linalg.norm(ax.lines[0].get_xydata(), axis=1)
    np.testing.assert_allclose(circle, 2.0)
    assert to_hex(ax.collections[0].get_facecolor()[0]) == NORMAL.lower()


def test_a_radius_on_a_tsne_map_is_refused_and_rings_are_drawn_instead():
    with pytest.raises(ValueError, match="give outside=distance > radius"):
        figures.embedding_map(POINTS, None, "t", center=(0, 0), radius=2.0)
    outside = np.arange(30) < 4
    ax = figures.embedding_map(POINTS, None, "t", center=(0, 0), outside=outside).axes[0]
    assert "flagged (4)" in legend(ax)


def test_the_gallery_shows_lowest_and_highest_scores_with_their_class():
    images = np.arange(20 * 4.0).reshape(20, 2, 2, 1)
    labels = np.arange(20) >= 18
    figure = figures.gallery(images, np.arange(20.0), labels, count=3)
    shown = [ax.get_xlabel() for ax in figure.axes]
    assert shown[:3] == ["0\nnormal", "1\nnormal", "2\nnormal"]
    assert shown[3:] == ["19\nanomaly", "18\nanomaly", "17\nnormal"]
    assert [title for title in titles(figure) if title] == ["Most normal", "Most anomalous"]
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[0, 1 / 3], [2 / 3, 1]])


def test_the_gallery_takes_colour_and_few_images_and_names_wrong_shapes():
    assert len(figures.gallery(np.zeros((2, 4, 4, 3)), [1.0, 2.0]).axes) == 4
    with pytest.raises(ValueError, match=r"images: shape \(4, 3, 3\) with 4 scores"):
        figures.gallery(np.zeros((4, 3, 3)), PERFECT)


def test_training_curves_have_a_panel_a_term_and_a_line_a_variant():
    history = pd.DataFrame(
        {
            "variant": ["a", "a", "b", "b"],
            "epoch": [0, 1, 0, 1],
            "compactness": [1000.0, 1.0, 900.0, 2.0],
            "reconstruction": [1.0, 0.9, np.nan, np.nan],
            "val_reconstruction": [1.1, 1.2, np.nan, np.nan],
        }
    )
    figure = figures.training_curves(history)
    compactness, reconstruction = figure.axes
    assert [len(ax.lines) for ax in figure.axes] == [2, 2]
    assert unwrapped(figure) == [
        "Compactness fell in both variants",
        "Reconstruction fell from 1 to 0.9; validation rose to 1.2",
    ]
    assert [compactness.get_yscale(), reconstruction.get_yscale()] == ["log", "linear"]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["a", "b", "thin, with points: validation"]


def test_panels_of_many_lines_count_training_and_validation_apart():
    rows = [
        {"variant": name, "epoch": epoch, "loss_raw": 2.0 - epoch, "loss_l2": 1.0 + way * epoch}
        for name, way in (("rnn", 1), ("lstm", -0.5), ("gru", 1))
        for epoch in (0, 1)
    ]
    history = pd.DataFrame(rows)
    validated = history.assign(val_loss_raw=history["loss_raw"], val_loss_l2=1 - history["epoch"])
    assert unwrapped(figures.training_curves(validated)) == [
        "Loss (raw) fell in all 3 variants, in validation too",
        "Loss (l2) fell in 1 of 3 variants, in validation in all 3",
    ]
    assert unwrapped(figures.training_curves(history.assign(loss_l2=1.0)))[1].startswith(
        "Loss (l2) fell in none of 3 variants"
    )
    phased = figures.training_curves(history.assign(phase="warm up"))
    assert titles(phased)[0] == "Loss (raw) fell in all 3 curves"
    assert phased.axes[0].get_ylabel() == "loss (raw)"


def test_a_single_curve_says_where_it_went():
    assert titles(figures.training_curves(HISTORY)) == ["Loss fell from 4 to 1"]
    with pytest.raises(ValueError, match="expected one named 'epoch'"):
        figures.training_curves(HISTORY.drop(columns="epoch"))


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_the_price_chart_marks_candles_and_names_events(zone):
    times = TIMES if zone is None else pd.DatetimeIndex(TIMES).tz_localize("UTC").tz_convert(zone)
    events = [(times[10], times[12], "flash crash"), (times[50], times[50], "flash crash")]
    figure = figures.price_chart(times, PRICE, SCORES > 1.9, 1.9, SCORES, events, "close (USDT)")
    price, score = figure.axes
    assert price.get_ylabel() == "close (USDT)" and score.get_xlabel() == "time (UTC)"
    assert price.get_shared_x_axes().joined(price, score)
    marked = int(np.nansum(SCORES > 1.9))
    assert len(price.collections[0].get_offsets()) == marked
    assert titles(figure)[0] == f"{marked} of 100 candles are marked as anomalous"
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[0] == "flash crash (2)" and texts[-1] == "threshold 1.9"
    spans = [patch for ax in (price, score) for patch in ax.patches]
    assert len(spans) == 4
    assert min(patch.get_width() for patch in spans) > 0  # a single candle can be seen


def test_the_price_chart_names_lengths_that_differ():
    with pytest.raises(ValueError, match="have 100, 100 and 99 values"):
        figures.price_chart(TIMES, PRICE, [], None, SCORES[1:])


def test_bars_start_at_a_coin_flip_best_on_top_with_spread():
    table = COMPARISON.assign(roc_auc_std=[0.01, np.nan])
    ax = figures.comparison_bars(table).axes[0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["deep", "PCA"]
    assert [bar.get_x() for bar in ax.patches] == [0.5, 0.5]
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], [0.3, 0.4])
    assert titles(ax.figure) == ["PCA has the highest ROC-AUC: 0.900"]
    assert to_hex(ax.patches[0].get_facecolor()) == NORMAL.lower()
    assert ax.patches[1].get_hatch() and not ax.patches[0].get_hatch()
    several = pd.concat([COMPARISON, COMPARISON], ignore_index=True)
    named = figures.comparison_bars(several.assign(input=["raw", "raw", "scaled", "scaled"]))
    names = [text.get_text() for text in named.axes[0].get_yticklabels()]
    assert names == ["deep (raw)", "deep (scaled)", "PCA (raw)", "PCA (scaled)"]
    with pytest.raises(ValueError, match="expected f1 too"):
        figures.comparison_bars(COMPARISON, metric="f1")
