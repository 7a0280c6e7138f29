"""Point adjustment, by hand, and how it flatters."""

import numpy as np
import pytest

from zoo.evaluation.metrics import best_f1, point_adjusted_f1

pytestmark = pytest.mark.once


def test_one_row_finds_its_whole_event_but_not_the_next():
    # Above 0.6, row 1 finds the event of three; the event at 5 is lost among normals at 0.5.
    labels = [0, 1, 1, 1, 0, 1, 0]
    scores = [0.5, 0.9, 0.1, 0.1, 0.6, 0.2, 0.5]
    # 3 of 4 rows found, none falsely: F1 = 6/7. All seven rows for all four: 8/11.
    assert point_adjusted_f1(labels, scores) == pytest.approx(6 / 7)


def test_events_of_one_row_leave_nothing_to_adjust():
    scores = np.random.default_rng(0).random(60)
    labels = np.arange(60) % 5 == 2
    assert point_adjusted_f1(labels, scores) == best_f1(labels, scores)[0]


def test_random_scores_look_excellent_where_events_are_long():
    labels = np.zeros(20_000, dtype=int)
    for start in range(1_000, 20_000, 2_000):
        labels[start : start + 400] = 1  # 20 % of the rows, as in the usual server data
    scores = np.random.default_rng(0).random(20_000)
    assert best_f1(labels, scores)[0] < 0.35
    assert point_adjusted_f1(labels, scores) > 0.9


def test_the_scores_of_the_caller_are_left_alone():
    scores = np.array([0.0, 1.0, 0.5])
    point_adjusted_f1([0, 1, 1], scores)
    assert scores.tolist() == [0.0, 1.0, 0.5]


def test_without_any_event_there_is_nothing_to_find():
    assert point_adjusted_f1([0, 0], [0.1, 0.2]) == 0.0


def test_unusable_input_is_named():
    with pytest.raises(ValueError, match="1 of 2 scores are NaN or infinite"):
        point_adjusted_f1([0, 1], [0.1, np.nan])
