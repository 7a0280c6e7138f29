"""Coloured cells: what each says, which is blank, and that colours follow the numbers."""

import numpy as np
import pandas as pd
import pytest

from zoo.report.figures import confusion_matrix, feature_errors, table_heat_map
from zoo.report.figures.cells import ink_on
from zoo.report.figures.style import INK

pytestmark = pytest.mark.once


TABLE = pd.DataFrame(
    {"raw": [0.5, 0.25], "scaled": [np.nan, 1.0]},
    index=pd.Index(["LSTM", "GRU"], name="variant"),
).rename_axis(columns="input")
ERRORS = np.array([[1.0, 3.0, 0.0], [8.0, 1.0, 1.0]])
FEATURES = ["distance_from_home", "used_chip", "online_order"]


def written(ax):
    """Text by (row, column)."""
    return {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text()
        for text in ax.texts
    }


def names(labels):
    return [label.get_text() for label in labels]


def test_the_confusion_matrix_counts_true_classes_by_row():
    labels = [0] * 6 + [1] * 4
    flags = [0, 0, 0, 0, 0, 1] + [1, 1, 1, 0]
    ax = confusion_matrix(labels, flags).axes[0]
    counts = {text.get_position(): text.get_text() for text in ax.texts}
    assert [counts[place] for place in ((0, 0), (1, 0), (0, 1), (1, 1))] == ["5", "1", "1", "3"]
    said = " ".join(counts.values())
    assert "83.3% of normal" in said and "75.0% of anomalies" in said
    assert counts[(1, -0.2)] == "false alarms" and counts[(0, 0.8)] == "missed"
    np.testing.assert_allclose(ax.images[0].get_array(), [[500 / 6, 100 / 6], [25, 75]])
    assert names(ax.get_yticklabels()) == ["normal\n(6)", "anomalies\n(4)"]
    assert names(ax.get_xticklabels()) == ["not flagged", "flagged"]
    assert ax.get_xlabel() == "precision 0.750   recall 0.750   F1 0.750"
    assert ax.get_title(loc="left") == "Flagged: 75.0% of anomalies, 16.7% of normal samples"


def test_a_class_without_samples_is_blank():
    ax = confusion_matrix([0, 0], [0, 1], "Normals alone").axes[0]
    assert ax.images[0].get_array().mask.tolist() == [[False, False], [True, True]]
    assert written(ax)[1, 0] == "–"
    assert ax.get_title(loc="left") == "Normals alone"


def test_the_confusion_matrix_names_what_does_not_fit():
    with pytest.raises(ValueError, match=r"flags: shape \(1,\), expected \(2,\)"):
        confusion_matrix([0, 1], [0])
    with pytest.raises(ValueError, match=r"flags: found \[0.5\]"):
        confusion_matrix([0, 1], [0, 0.5])
    with pytest.raises(ValueError, match="labels: none given"):
        confusion_matrix([], [])


def test_the_heat_map_writes_each_number_in_its_cell_and_leaves_nan_blank():
    figure = table_heat_map(TABLE, "GRU on scaled windows is best", "PR-AUC")
    ax, bar = figure.axes
    assert written(ax) == {(0, 0): "0.500", (0, 1): "–", (1, 0): "0.250", (1, 1): "1.000"}
    assert ax.images[0].get_array().mask.tolist() == [[False, True], [False, False]]
    assert names(ax.get_yticklabels()) == ["LSTM", "GRU"]
    assert names(ax.get_xticklabels()) == ["raw", "scaled"]
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["input", "Variant"]
    assert bar.get_ylabel() == "PR-AUC"


def test_the_heat_map_darkens_with_the_number_and_can_be_read_on_it():
    ax = table_heat_map(TABLE, "t", "PR-AUC").axes[0]
    image = ax.images[0]
    shades = [image.cmap(image.norm(value))[:3] for value in (0.25, 0.5, 1.0)]
    assert sum(shades[0]) > sum(shades[1]) > sum(shades[2])
    inks = {text.get_text(): text.get_color() for text in ax.texts}
    assert inks == {"0.250": INK, "0.500": INK, "1.000": "white", "–": INK}
    assert [ink_on((1, 1, 1)), ink_on((0, 0, 0))] == [INK, "white"]


def test_metrics_as_columns_get_their_names_and_several_levels_one():
    index = pd.MultiIndex.from_tuples(
        [("LSTM", "focal loss"), ("self-supervised LSTM, encoder unfrozen", "class weights")],
        names=["variant", "imbalance"],
    )
    table = pd.DataFrame({"pr_auc": [1, 2], "vus_pr": [30_000, 40_000]}, index=index)
    ax = table_heat_map(table, "t", "label").axes[0]
    assert names(ax.get_xticklabels()) == ["PR-AUC", "VUS-PR"]
    short, long = names(ax.get_yticklabels())
    assert short == "LSTM, focal loss"
    assert len(long) <= 40 and "…" in long and long.endswith("frozen, class weights")
    assert ax.get_ylabel() == "Variant, imbalance"
    assert written(ax)[1, 1] == "40,000"


def test_a_sweep_of_two_settings_names_them_on_its_axes():
    weights = pd.Index([0.01, 1.0, 100.0], name="μ₁"), pd.Index([0.0, 10.0], name="μ₂")
    table = pd.DataFrame(np.arange(6).reshape(3, 2) / 6, *weights)
    ax = table_heat_map(table, "100 and 10 are best", "ROC-AUC").axes[0]
    assert names(ax.get_yticklabels()) == ["0.01", "1", "100"]
    assert names(ax.get_xticklabels()) == ["0", "10"]
    assert [ax.get_ylabel(), ax.get_xlabel()] == ["μ₁", "μ₂"]
    assert written(ax)[2, 1] == "0.833"


def test_many_columns_stand_upright_and_take_two_digits():
    table = pd.DataFrame(np.full((2, 14), 0.123), columns=[f"machine-{n}-{n}" for n in range(14)])
    ax = table_heat_map(table, "t", "label").axes[0]
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {90}
    assert written(ax)[0, 13] == "0.12"


@pytest.mark.parametrize(
    "table, message",
    [
        (TABLE.assign(kind="model"), "columns kind hold no numbers; make them the index"),
        (TABLE[:0], r"shape \(0, 2\), expected at least one row"),
        (TABLE.replace(1.0, np.inf), "holds infinity"),
        (TABLE * np.nan, "holds nothing but NaN"),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(table, message):
    with pytest.raises(ValueError, match=message):
        table_heat_map(table, "t", "label")


def test_feature_errors_are_shares_of_their_sample_beside_its_sum():
    figure = feature_errors(ERRORS, FEATURES, ["row 12", "row 7"])
    cells, sums, bar = figure.axes
    np.testing.assert_allclose(cells.images[0].get_array(), [[25, 75, 0], [80, 10, 10]])
    assert written(cells)[0, 1] == "75" and written(cells)[1, 0] == "80"
    assert [patch.get_width() for patch in sums.patches] == [4, 10]
    assert [text.get_text() for text in sums.texts] == ["4", "10"]
    assert cells.get_ylim() == sums.get_ylim()
    assert names(cells.get_yticklabels()) == ["row 12", "row 7"]
    assert names(cells.get_xticklabels())[1] == "used chip"
    assert bar.get_xlabel() == "share of the sample's error (%)"
    assert cells.get_title(loc="left") == (
        "distance from home has the largest error in 1 of 2 samples"
    )


def test_many_features_are_coloured_without_numbers_and_a_perfect_row_is_blank():
    errors = np.eye(12, 38)
    errors[5] = 0
    figure = feature_errors(errors, [f"cpu_{n}" for n in range(38)], [str(n) for n in range(12)])
    cells = figure.axes[0]
    assert set(written(cells).values()) == {"–"}
    assert cells.images[0].get_array().mask.all(axis=1).tolist() == [n == 5 for n in range(12)]


def test_feature_errors_name_what_does_not_fit():
    with pytest.raises(ValueError, match=r"shape \(2, 3\) with 1 names and 3 columns"):
        feature_errors(ERRORS, FEATURES, ["row 12"])
    with pytest.raises(ValueError, match="found -8, expected finite"):
        feature_errors(-ERRORS, FEATURES, ["row 12", "row 7"])
    with pytest.raises(ValueError, match="found infinity"):
        feature_errors(ERRORS + np.inf, FEATURES, ["row 12", "row 7"])
