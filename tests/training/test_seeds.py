"""Draws depend on seed and epoch alone, and no seed soon repeats another's."""

import keras
import numpy as np

from zoo.training.seeds import Draws


def next_normal(draws):
    return np.array(keras.ops.convert_to_numpy(keras.random.normal((8,), seed=draws)))


def test_an_epoch_restarts_its_own_numbers():
    draws = Draws(seed=1)
    first = [next_normal(draws) for _ in range(3)]
    draws.begin_epoch(5)
    fifth = next_normal(draws)
    draws.begin_epoch(0)
    np.testing.assert_array_equal([next_normal(draws) for _ in range(3)], first)
    draws.begin_epoch(5)
    np.testing.assert_array_equal(next_normal(draws), fifth)


def test_all_seeds_epochs_and_steps_differ():
    found = []
    for seed in (0, 1):
        draws = Draws(seed)
        for epoch in (0, 1):
            draws.begin_epoch(epoch)
            found += [next_normal(draws) for _ in range(3)]
    assert len(np.unique(found, axis=0)) == 12
