"""Isolation forest: what the seed does."""

import numpy as np
import pytest

from zoo.evaluation.baselines import IsolationForestBaseline

pytestmark = pytest.mark.once


def test_the_seed_draws_the_forest():
    samples = np.random.default_rng(0).normal(size=(200, 8))
    one, other = (IsolationForestBaseline(s).fit(samples).score(samples[:9]) for s in (0, 1))
    assert not np.array_equal(one, other)
