"""Nearest neighbours: distances by hand."""

import pytest

from zoo.evaluation.baselines import NearestNeighbors

pytestmark = pytest.mark.once


def test_neighbors_score_the_mean_of_the_k_smallest_distances():
    neighbors = NearestNeighbors(k=2).fit([[0.0, 0.0], [3.0, 4.0], [100.0, 0.0]])
    assert neighbors.score([[0.0, 0.0]]) == pytest.approx([2.5])  # itself at 0, the next at 5
