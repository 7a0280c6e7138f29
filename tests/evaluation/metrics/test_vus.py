"""VUS: the published code's values, and laws worked by hand."""

import time
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.evaluation.metrics import pr_auc, roc_auc, vus

pytestmark = pytest.mark.once


# TSB-AD's 'opt' version with 250 thresholds, for 32 pairs of labels and scores.
REFERENCE = Path(__file__).parents[4] / "shared" / "data" / "vus_reference.npz"

one_event = st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 8))


def test_vus_is_that_of_the_published_code():
    if not REFERENCE.exists():
        pytest.skip(f"no {REFERENCE}: values of the published code are needed")
    with np.load(REFERENCE) as cases:
        for case in range(int(cases["n_cases"])):
            label, score, window, roc, pr = (
                cases[f"{name}_{case:02d}"].tolist()
                for name in ("label", "score", "window", "vus_roc", "vus_pr")
            )
            found = vus(label, score, window)
            assert found == pytest.approx({"vus_roc": roc, "vus_pr": pr}, abs=1e-9), case


@given(one_event, st.integers(0, 99))
def test_without_a_buffer_one_event_gives_the_plain_areas(lengths, seed):
    labels = np.repeat([0, 1, 0], lengths)
    scores = np.random.default_rng(seed).integers(0, 5, size=len(labels))
    found = vus(labels, scores, window=0)
    assert found["vus_roc"] == pytest.approx(roc_auc(labels, scores))
    assert found["vus_pr"] == pytest.approx(pr_auc(labels, scores))


def test_an_alarm_one_row_early_earns_a_part_of_a_hit():
    # Only row 1 scores, the event is row 2. Buffers 0 and 1 reach no row beside it, so the first
    # threshold gives recall 0 and false alarms 1/4, the second 1 and 1. Buffer 2 reaches one row on
    # each side with weight part: the first threshold has `part` of a hit among 1 + part/2.
    part = sqrt(1 / 2)
    recall, precision, false_alarms = part / (1 + part / 2), part, (1 - part) / (4 - part / 2)
    last_false_alarms, last_precision = (5 - 1 - 2 * part) / (5 - 1 - part), (1 + 2 * part) / 5
    roc = (
        false_alarms * recall / 2
        + (last_false_alarms - false_alarms) * (recall + 1) / 2
        + (1 - last_false_alarms)
    )
    pr = recall * precision + (1 - recall) * last_precision
    found = vus([0, 0, 1, 0, 0], [0.0, 1.0, 0.0, 0.0, 0.0], window=2)
    assert found["vus_roc"] == pytest.approx((2 * 0.375 + roc) / 3)
    assert found["vus_pr"] == pytest.approx((2 * 0.2 + pr) / 3)


def test_recall_counts_only_the_events_that_were_touched():
    # Two of four anomalous rows are flagged first. In one event: recall 1/2 of 1 of 2 events = 1/4;
    # spread over both: recall 1/2. Then everything is flagged at precision 1/2.
    labels = [1, 1, 0, 0, 0, 1, 1, 0]
    together = vus(labels, [1, 1, 0, 0, 0, 0, 0, 0], window=0)["vus_pr"]
    spread = vus(labels, [1, 0, 0, 0, 0, 1, 0, 0], window=0)["vus_pr"]
    assert together == pytest.approx(1 / 4 + 3 / 4 * 1 / 2)
    assert spread == pytest.approx(1 / 2 + 1 / 2 * 1 / 2)


def test_events_whose_buffers_meet_are_one():
    # Row 3 is flagged first. Buffers 0 and 1: recall 1/2 of 1 of 2 events, then all at 2/9. Buffer
    # 2 joins the events at row 4, whose two half labels make a whole one: recall 1/2 of the only
    # event, then all, where 3 + 2 * sqrt(1/2) of 9 rows are hits.
    found = vus([0, 0, 0, 1, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0, 0, 0], window=2)
    apart = 1 / 4 + 3 / 4 * 2 / 9
    joined = 1 / 2 + 1 / 2 * (3 + sqrt(2)) / 9
    assert found["vus_pr"] == pytest.approx((2 * apart + joined) / 3)


@pytest.mark.parametrize("seed", range(3))
def test_only_the_order_of_scores_and_not_the_direction_of_time_matters(seed):
    draw = np.random.default_rng(seed)
    labels, scores = draw.random(120) < 0.2, draw.random(120)
    found = vus(labels, scores, window=9)
    assert vus(labels, np.exp(3 * scores), window=9) == pytest.approx(found)
    assert vus(labels[::-1], scores[::-1], window=9) == pytest.approx(found)


def test_a_late_alarm_is_worth_more_the_wider_the_buffer():
    labels = np.zeros(400, dtype=int)
    labels[200:220] = 1
    scores = np.roll(labels, 10).astype(float)  # half of it is late
    narrow, wide = vus(labels, scores, window=5), vus(labels, scores, window=40)
    assert wide["vus_roc"] > narrow["vus_roc"]
    assert wide["vus_pr"] > narrow["vus_pr"]


def test_guessing_is_worth_half_in_roc_and_the_share_of_anomalies_in_pr():
    labels = np.zeros(20_000, dtype=int)
    labels[5_000:7_000] = 1
    found = vus(labels, np.random.default_rng(0).random(20_000), window=20)
    assert found["vus_roc"] == pytest.approx(0.5, abs=0.02)
    assert found["vus_pr"] == pytest.approx(0.1, abs=0.02)


def test_a_long_series_takes_no_longer_than_a_glance():
    draw = np.random.default_rng(0)
    labels, scores = np.zeros(25_000, dtype=int), draw.random(25_000)
    for start in draw.integers(0, 24_900, size=30):
        labels[start : start + 80] = 1
    began = time.perf_counter()
    vus(labels, scores, window=100)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_no_volume(label):
    with pytest.warns(UserWarning, match="VUS is undefined: all 3 labels are"):
        found = vus([label] * 3, [1.0, 2.0, 3.0], window=2)
    assert list(found) == ["vus_roc", "vus_pr"]
    assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize(
    ("scores", "window", "complaint"),
    [
        ([0.1, np.nan], 2, "1 of 2 scores are NaN or infinite"),
        ([0.1, 0.2, 0.3], 2, r"scores have shape \(3,\) and labels \(2,\)"),
        ([0.1, 0.2], -1, "the window is -1, expected a whole number"),
        ([0.1, 0.2], 1.5, "the window is 1.5, expected a whole number"),
    ],
)
def test_unusable_input_is_named(scores, window, complaint):
    with pytest.raises(ValueError, match=complaint):
        vus([0, 1], scores, window)
