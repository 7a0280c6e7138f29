"""What a detector without skill gets, worked out by hand, and which row is best."""

import numpy as np
import pytest

from zoo.report.metric_names import best_rows, metric, shown, trivial_value


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
        ("parameters", 4.0, "4.000"),
    ],
)
def test_values_as_a_reader_wants_them(name, value, text):
    assert shown(name, value) == text


def test_a_part_of_a_metric_is_ranked_like_the_whole():
    assert metric("roc_auc_flash_crash").title == "ROC-AUC, flash crash"
    assert metric("roc_auc_flash_crash").best == "largest"
    assert metric("log_volume").best is None
