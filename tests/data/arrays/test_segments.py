"""Stretches keep their distance, add up, and become labels."""

import numpy as np
import pandas as pd
import pytest

from zoo.data.arrays.segments import draw_segments, event_labels, place_segments

pytestmark = pytest.mark.once


@pytest.mark.parametrize("seed", range(5))
def test_segments_add_up_and_keep_their_distance(seed):
    rng = np.random.default_rng(seed)
    segments = draw_segments(5000, 500, (60, 140), ["a", "b", "c"], 50, rng)
    sizes = segments["stop"] - segments["start"]
    assert sizes.sum() == 500 and len(segments) == 5
    gaps = segments["start"].to_numpy()[1:] - segments["stop"].to_numpy()[:-1]
    assert min(gaps.min(), segments["start"].min(), 5000 - segments["stop"].max()) >= 50
    assert sorted(segments["kind"].value_counts()) == [1, 2, 2]


def test_chance_decides_and_nothing_asked_for_is_nothing():
    def draw(seed):
        return draw_segments(999, 90, (10, 20), ["a"], 9, np.random.default_rng(seed))

    pd.testing.assert_frame_equal(draw(1), draw(1))
    assert not draw(1).equals(draw(2))
    assert draw_segments(100, 0, (10, 20), ["a"], 9, np.random.default_rng()).empty


def test_segments_that_just_fit_have_only_one_place():
    starts = place_segments(np.array([3, 2]), 11, 2, np.random.default_rng())
    assert starts.tolist() == [2, 7]
    with pytest.raises(
        ValueError, match="2 anomalies of 5 rows, .* need 11 rows, but there are 10"
    ):
        place_segments(np.array([3, 2]), 10, 2, np.random.default_rng())


def test_event_labels_by_hand():
    events = pd.DataFrame({"kind": ["a", "b"], "start": [1, 4], "stop": [2, 6]})
    assert event_labels(events, 6).tolist() == [0, 1, 0, 0, 1, 1]
    with pytest.raises(ValueError, match=r"event 4\.\.6 does not lie within the 5 rows"):
        event_labels(events, 5)
