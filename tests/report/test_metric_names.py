"""What a detector without skill gets, worked out by hand, and which row is best."""

import numpy as np
import pytest

from zoo.report.metric_names import Metric, best_rows, declared, metric, shown, trivial_value

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "name, prevalence, expected",
    [
        ("roc_auc", None, 0.5),
        ("recall", None, 1.0),
        ("pr_auc", 0.3, 0.3),
        ("precision", 0.3, 0.3),
        ("best_f1", 0.9, 1.8 / 1.9),  # MNIST with nine classes of ten positive
        ("f1", 0.5, 2 / 3),
        ("pr_auc", None, None),
        ("threshold", 0.3, None),
        ("event_f1", 0.01, 1.0),  # one alarm over everything touches every event
        ("event_precision", None, 1.0),
        ("point_adjusted_f1", 0.1, None),
        ("f1_as_published", 0.5, None),
        ("vus_pr", 0.1, None),
        ("roc_auc_flash_crash", 0.3, None),
    ],
)
def test_trivial_values(name, prevalence, expected):
    assert trivial_value(name, prevalence) == pytest.approx(expected)


def test_ties_after_rounding_are_all_best_and_trivial_rows_never():
    values = [0.9801, 0.9799, 0.97, np.nan, 1.0]
    kinds = ["model", "baseline", "model", "model", "trivial"]
    assert best_rows("roc_auc", values, kinds).tolist() == [True, True, False, False, False]


def test_what_is_not_ranked_has_no_best():
    assert not best_rows("n_test", [1, 2]).any()
    assert not best_rows("roc_auc", [np.nan, np.nan]).any()
    assert not best_rows("roc_auc", ["0.5 ± 0.1", "0.6 ± 0.1"]).any()


@pytest.mark.parametrize(
    "name, value, text",
    [
        ("roc_auc", np.float32(0.98714), "0.987"),
        ("roc_auc", None, "–"),
        ("roc_auc", float("nan"), "–"),
        ("n_test", 10000, "10,000"),
        ("seed", 12345, "12345"),
        ("fit_seconds", 83.14, "83.1 s"),
        ("collapsed", np.bool_(True), "yes"),
        ("threshold", 2.5e-6, "2.5e-06"),
        ("close", 60354.04, "60,354.0"),
        ("parameters", 4.0, "4"),
        ("seed", 12345.0, "12345"),
        ("epochs_per_phase", 30000.0, "30,000"),
        ("epochs", 12.5, "12.500"),
        ("epochs", float("nan"), "–"),
    ],
)
def test_values_as_a_reader_wants_them(name, value, text):
    assert shown(name, value) == text


def test_rows_are_ranked_within_their_group_only():
    values = [0.99, 0.7, 0.8, np.nan]
    groups = ["as published", "honest", "honest", "another"]
    assert best_rows("f1", values, groups=groups).tolist() == [True, False, True, False]


def test_what_flatters_says_so_and_is_not_ranked():
    adjusted = metric("point_adjusted_f1")
    assert "flatters" in adjusted.title and "0.9" in adjusted.meaning
    assert not best_rows("point_adjusted_f1", [0.5, 0.9]).any()


def test_a_spread_is_not_a_score():
    spread = metric("roc_auc_std")
    assert (spread.title, spread.best, spread.trivial) == ("ROC-AUC ±", None, None)
    assert shown("fit_seconds_std", 2.0) == "2.0 s"


def test_a_number_of_the_published_protocol_is_named_so():
    published = metric("f1_as_published")
    assert published.title == "F1, as published" and "test labels" in published.meaning
    assert metric("epochs_as_published").counts


@pytest.mark.parametrize("name", ["variant", "protocol"])
def test_columns_of_words_have_names(name):
    assert metric(name).title == name.capitalize() and metric(name).best is None


def test_a_part_of_a_metric_is_ranked_like_the_whole():
    assert metric("roc_auc_flash_crash").title == "ROC-AUC, flash crash"
    assert metric("roc_auc_flash_crash").best == "largest"
    assert metric("log_volume").best is None


LEAD = Metric("Lead", "Time before the event.", unit=" min", best="largest", floor="anomaly share")


def test_a_declared_metric_is_known_inside_the_block_alone():
    with declared({"lead": LEAD}):
        assert metric("lead") == LEAD and shown("lead", 3.04) == "3.0 min"
        assert metric("lead_flash_crash").title == "Lead, flash crash"
        assert metric("lead_std").best is None and trivial_value("lead_std", 0.2) is None
        assert best_rows("lead", [1.0, 2.0]).tolist() == [False, True]
        assert trivial_value("lead", 0.2) == 0.2 and trivial_value("lead", None) is None
    assert metric("lead") == Metric("lead", "")
    assert trivial_value("lead", 0.2) is None
