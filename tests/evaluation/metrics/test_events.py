"""Event-wise metrics, counted by hand."""

import numpy as np
import pytest

from zoo.evaluation.metrics import event_metrics
from zoo.evaluation.metrics.events import distinct_peaks

pytestmark = pytest.mark.once


def test_events_and_alarms_are_counted_not_rows():
    #                  event       event    event
    labels = np.array([1, 1, 1, 0, 1, 0, 0, 1, 1, 0])
    flags = np.array([0, 0, 1, 0, 0, 0, 1, 1, 0, 1])
    # Found: the first and the third event. Right: the alarms at 2 and at 6-7, not the one at 9.
    assert event_metrics(labels, flags) == pytest.approx(
        {"event_precision": 2 / 3, "event_recall": 2 / 3, "event_f1": 2 / 3}
    )


def test_one_alarm_may_find_several_events_and_several_one():
    assert event_metrics([1, 0, 1], [1, 1, 1])["event_recall"] == 1.0
    assert event_metrics([1, 1, 1], [1, 0, 1]) == {
        "event_precision": 1.0,
        "event_recall": 1.0,
        "event_f1": 1.0,
    }


def test_f1_is_the_harmonic_mean():
    # Both events found, one alarm of four right on each: precision 2/4, recall 1.
    found = event_metrics([1, 0, 0, 1, 0, 0, 0, 0], [1, 0, 0, 1, 0, 1, 0, 1])
    assert found["event_precision"] == 0.5
    assert found["event_recall"] == 1.0
    assert found["event_f1"] == pytest.approx(2 / 3)


def test_a_neighbouring_alarm_is_wrong():
    assert set(event_metrics([0, 1, 1, 0], [1, 0, 0, 1]).values()) == {0.0}


@pytest.mark.parametrize(("labels", "flags"), [([0, 0], [0, 1]), ([0, 1], [0, 0]), ([0], [0])])
def test_nothing_to_count_is_zero(labels, flags):
    assert set(event_metrics(labels, flags).values()) == {0.0}


def test_unusable_input_is_named():
    with pytest.raises(ValueError, match=r"flags hold \[0.5\]"):
        event_metrics([0, 1], [0, 0.5])
    with pytest.raises(ValueError, match=r"flags have shape \(3,\) and labels \(2,\)"):
        event_metrics([0, 1], [0, 1, 1])


def test_peaks_lie_apart_and_the_highest_come_first():
    scores = np.array([1.0, 9, 8, 2, 7, 0])
    assert distinct_peaks(scores, count=2, apart=3).tolist() == [1, 4]
    assert distinct_peaks(scores, count=9, apart=3).tolist() == [1, 4]
    assert distinct_peaks(scores, count=3).tolist() == [1, 2, 4]
