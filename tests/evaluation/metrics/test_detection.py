"""Detection metrics, worked by hand and against brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.evaluation.metrics import (
    all_positive_f1,
    at_threshold,
    best_f1,
    pr_auc,
    roc_auc,
    summarize,
)

pytestmark = pytest.mark.once


# Two normals and two anomalies; of the four pairs, only (0.4 normal, 0.35 anomaly) is upside down.
LABELS, SCORES = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]

few_levels = st.integers(-3, 3).map(float)  # ties are the hard part
samples = st.lists(st.tuples(st.integers(0, 1), few_levels), min_size=1, max_size=12)


def f1_above(labels, scores, threshold):
    flags = scores > threshold
    hits = np.sum(flags & (labels == 1))
    return 2 * hits / (flags.sum() + labels.sum()) if hits else 0.0


def test_roc_auc_is_the_share_of_ordered_pairs():
    assert roc_auc(LABELS, SCORES) == 0.75
    assert roc_auc([0, 1], [0.5, 0.5]) == 0.5


def test_pr_auc_is_the_mean_precision_at_each_anomaly():
    assert pr_auc(LABELS, SCORES) == pytest.approx((1 / 1 + 2 / 3) / 2)


@given(samples)
def test_best_f1_is_the_best_of_all_thresholds(rows):
    labels, scores = map(np.array, zip(*rows, strict=True))
    f1, threshold = best_f1(labels, scores)
    everywhere = [f1_above(labels, scores, t) for t in [-np.inf, *scores]]
    assert f1 == pytest.approx(max(everywhere))
    assert f1_above(labels, scores, threshold) == pytest.approx(f1)


@given(samples)
def test_roc_auc_counts_pairs(rows):
    labels, scores = map(np.array, zip(*rows, strict=True))
    if len(set(labels)) < 2:
        return
    gaps = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    assert roc_auc(labels, scores) == pytest.approx(np.mean((gaps > 0) + 0.5 * (gaps == 0)))


def test_best_f1_may_flag_everything_in_the_precision_of_the_scores():
    scores = np.array([0.1, 0.2, 0.3], dtype=np.float32)
    f1, threshold = best_f1([1, 1, 1], scores)
    assert f1 == 1.0
    assert (scores > threshold).all()


def test_at_threshold_counts():
    # three flagged, two of them right, of four anomalies
    result = at_threshold([1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 1, 0])
    assert result == {"precision": 2 / 3, "recall": 0.5, "f1": pytest.approx(4 / 7)}
    assert at_threshold([0, 1], [0, 0]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_all_positive_f1_is_the_f1_of_flagging_everything():
    labels = np.array([0] * 10 + [1] * 90)
    assert all_positive_f1(labels) == pytest.approx(2 * 0.9 / 1.9)
    assert all_positive_f1(labels) == pytest.approx(at_threshold(labels, np.ones(100))["f1"])
    assert all_positive_f1([0, 0]) == 0.0


def test_summary_keeps_the_names_of_the_contract():
    assert summarize(LABELS, SCORES, threshold=0.35) == {
        "roc_auc": 0.75,
        "pr_auc": pytest.approx(5 / 6),
        "precision": 0.5,  # 0.4 and 0.8 are above, 0.35 is not
        "recall": 0.5,
        "f1": 0.5,
        "best_f1": pytest.approx(0.8),
        "threshold": 0.35,
        "anomaly_rate": 0.5,
    }


@pytest.mark.parametrize(("labels", "pr", "best"), [([0, 0, 0], math.nan, 0), ([1, 1, 1], 1, 1)])
def test_one_class_has_no_auc_but_keeps_the_rest(labels, pr, best):
    with pytest.warns(UserWarning, match="AUC is undefined: all 3 labels are"):
        result = summarize(labels, [1.0, 2.0, 3.0], threshold=2.0)
    assert math.isnan(result["roc_auc"])
    assert result["pr_auc"] == pytest.approx(pr, nan_ok=True)
    assert result["best_f1"] == best
    assert result["anomaly_rate"] == pytest.approx(1 / 3)


def test_a_warning_from_zoo_fails_a_test_that_does_not_expect_it():
    with pytest.raises(UserWarning, match="ROC-AUC is undefined"):
        summarize([0, 0], [1.0, 2.0], threshold=1.0)  # pyproject.toml makes it an error


@pytest.mark.parametrize("metric", [roc_auc, pr_auc, best_f1])
@pytest.mark.parametrize(
    ("labels", "scores", "complaint"),
    [
        ([0, 1, 1], [0.1, math.nan, math.inf], "2 of 3 scores are NaN or infinite"),
        ([0, 1], [0.1, 0.2, 0.3], r"scores have shape \(3,\) and labels \(2,\)"),
        ([0, 2], [0.1, 0.2], r"labels hold \[2\], expected only 0"),
        ([0, math.nan], [0.1, 0.2], r"labels hold \[nan\], expected only 0"),
        ([[0, 1]], [[0.1, 0.2]], r"labels have shape \(1, 2\), expected \(n,\)"),
        ([], [], r"labels have shape \(0,\)"),
    ],
)
def test_unusable_input_is_named(metric, labels, scores, complaint):
    with pytest.raises(ValueError, match=complaint):
        metric(labels, scores)


def test_a_threshold_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="the threshold is nan"):
        summarize(LABELS, SCORES, threshold=math.nan)
