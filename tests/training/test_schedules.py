"""Learning rates over the epochs: milestones as torch has them, and half a cosine."""

import keras
import numpy as np
import pytest

from zoo.models import Autoencoder
from zoo.nn.networks import mlp
from zoo.training.schedules import cosine, milestones


def test_the_rate_falls_at_each_milestone():
    schedule = milestones(0.1, epochs=(2, 4), factor=0.1).schedule
    rates = [schedule(epoch, None) for epoch in range(6)]
    np.testing.assert_allclose(rates, [1e-1, 1e-1, 1e-2, 1e-2, 1e-3, 1e-3])


def test_a_milestone_at_zero_acts_at_once():
    assert milestones(1e-3, epochs=(0,)).schedule(0, None) == pytest.approx(1e-4)


def test_fit_takes_the_rates():
    model = Autoencoder(mlp((3,), (2,)), mlp((2,), (3,)))
    model.compile(keras.optimizers.SGD(0.5))
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    callback = milestones(0.1, epochs=(1,), factor=0.5)
    history = model.fit(x, epochs=2, verbose=0, callbacks=[callback]).history
    np.testing.assert_allclose(history["learning_rate"], [0.1, 0.05], rtol=1e-6)


def test_a_cosine_falls_from_the_rate_towards_zero():
    schedule = cosine(2.0, epochs=4).schedule
    rates = [schedule(epoch, None) for epoch in range(5)]
    assert rates == pytest.approx([2, 1 + 0.5**0.5, 1, 1 - 0.5**0.5, 0])
