"""Local outlier factor: density against density, by hand and beside a plain distance."""

import numpy as np
import pytest

from zoo.evaluation.baselines import LocalOutlierFactorBaseline, NearestNeighbors

pytestmark = pytest.mark.once


def test_inside_an_even_grid_the_factor_is_one():
    grid = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    inside, outside = LocalOutlierFactorBaseline(k=4).fit(grid).score([[9.5, 9.5], [40.0, 9.5]])
    assert inside == pytest.approx(1.0, abs=0.1)
    assert outside > 10


def test_a_factor_by_hand():
    # With one neighbour each, 0 and 1 reach each other at 1: density 1. The sample at 4 reaches 1
    # at 3: density 1/3, a third of its neighbour's.
    assert LocalOutlierFactorBaseline(k=1).fit([[0.0], [1.0]]).score([[4.0]]) == pytest.approx([3])


def test_it_sees_what_is_near_a_dense_group_and_far_for_it():
    draw = np.random.default_rng(0)
    dense, sparse = draw.normal(0, 0.01, (200, 2)), draw.normal(10, 2.0, (200, 2))
    normals = np.concatenate([dense, sparse])
    strange, usual = [0.2, 0.2], [10.0, 11.0]
    factors = LocalOutlierFactorBaseline().fit(normals).score([strange, usual])
    distances = NearestNeighbors().fit(normals).score([strange, usual])
    assert factors[0] > 3 * factors[1]
    assert distances[0] < distances[1]


def test_one_sample_has_no_neighbours():
    with pytest.raises(ValueError, match="1 samples have no neighbours, expected 2 or more"):
        LocalOutlierFactorBaseline().fit([[1.0, 2.0]])
