"""Gradients through time, where they can be worked out by hand."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo.bench import gradient_through_time
from zoo.nn.networks import draw_weights, recurrent


def test_a_linear_cell_multiplies_by_its_weight_at_every_step():
    window = keras.Input((6, 1))
    cell = layers.SimpleRNN(1, activation="linear", use_bias=False)
    network = keras.Model(window, cell(window))
    cell.set_weights([np.array([[2.0]]), np.array([[0.5]])])
    found = gradient_through_time(network, np.random.default_rng(0).normal(size=(3, 6, 1)))
    np.testing.assert_allclose(found, 2 * 0.5 ** np.arange(5, -1, -1), rtol=1e-5)


def test_of_many_outputs_it_is_the_root_mean_square():
    window = keras.Input((1, 2))
    dense = layers.Dense(2, use_bias=False)
    network = keras.Model(window, dense(layers.Flatten()(window)))
    dense.set_weights([np.array([[1.0, 2.0], [3.0, -1.0]])])
    found = gradient_through_time(network, np.zeros((50, 1, 2)), draws=40)
    # ‖W‖² / 2 = 7.5; the two outputs are not orthogonal, so signs give it on average only.
    assert found[0] ** 2 == pytest.approx(7.5, rel=0.05)


def test_what_the_network_does_not_look_at_has_none():
    window = keras.Input((4, 3))
    network = keras.Model(window, ops.sum(window[:, 2:], axis=1))
    found = gradient_through_time(network, np.ones((2, 4, 3)))
    np.testing.assert_allclose(found, [0, 0, 1, 1], atol=1e-6)


def test_leaves_the_network_as_it_was():
    network = draw_weights(recurrent((5, 2), "lstm", (4,)), 0)
    before = [weight.copy() for weight in network.get_weights()]
    found = gradient_through_time(network, np.ones((3, 5, 2)))
    assert found.shape == (5,) and np.all(found > 0)
    np.testing.assert_array_equal(found, gradient_through_time(network, np.ones((3, 5, 2))))
    for weight, old in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_refuses_what_is_no_window():
    network = recurrent((5, 2), "gru", (4,))
    with pytest.raises(ValueError, match=r"expected \(n, window, features\)"):
        gradient_through_time(network, np.ones((5, 2)))
