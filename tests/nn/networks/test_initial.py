"""Weights drawn by NumPy: the same on every backend, and by each layer's own law."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.nn.networks import (
    draw_weights,
    lenet,
    lenet_decoder,
    mlp,
    recurrent,
    transformer,
    window_generator,
)


def dense(initializer, shape=(300, 200)):
    network = keras.Sequential(
        [
            keras.Input((shape[0],)),
            layers.Dense(shape[1], kernel_initializer=initializer, use_bias=False),
        ]
    )
    return draw_weights(network, 0).get_weights()[0]


def test_the_first_weights_are_those_of_this_seed():
    """A number for every backend; another means that every recorded result is another."""
    kernel = draw_weights(mlp((2,), units=(3,)), seed=7).get_weights()[0]
    rng = np.random.default_rng(7)
    expected = (rng.uniform(-1, 1, (2, 3)) * np.sqrt(6 / 5)).astype("float32")  # Glorot: 2 + 3
    np.testing.assert_array_equal(kernel, expected)
    assert kernel[0, 0] == pytest.approx(0.2740704, rel=1e-6)


@pytest.mark.parametrize(
    "build",
    [
        lambda: mlp((5,), units=(4, 3)),
        lambda: lenet((28, 28, 1), filters=(2, 2)),
        lambda: lenet_decoder((28, 28, 1), filters=(2, 2)),
        lambda: recurrent((4, 3), "rnn", units=(5, 4)),
        lambda: recurrent((4, 3), "lstm", units=(5, 4), embedding=3),
        lambda: recurrent((4, 3), "gru", units=(5, 4), dropout=0.1),
        lambda: transformer((4, 3), blocks=2, heads=2, width=4, feed_forward=5),
        lambda: window_generator((4, 3), units=(5,)),
    ],
)
def test_a_seed_fixes_every_weight(build):
    first, same, other = (draw_weights(build(), seed) for seed in (0, 0, 1))
    for a, b, c, variable in zip(
        first.get_weights(), same.get_weights(), other.get_weights(), first.weights, strict=True
    ):
        np.testing.assert_array_equal(a, b, err_msg=variable.path)
        fixed = variable.name.startswith(("bias", "moving", "gamma", "beta"))
        assert np.array_equal(a, c) == fixed, variable.path


def test_the_forget_gate_keeps_its_one():
    bias = draw_weights(recurrent((4, 3), "lstm", units=(2,)), 0).get_weights()[2]
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("initializer", "variance"),
    [
        ("glorot_uniform", 2 / 500),
        ("glorot_normal", 2 / 500),
        ("he_uniform", 2 / 300),
        ("he_normal", 2 / 300),
        ("lecun_normal", 1 / 300),
    ],
)
def test_the_spread_is_the_initializers(initializer, variance):
    kernel = dense(initializer)
    assert np.mean(kernel) == pytest.approx(0, abs=3 * np.sqrt(variance / kernel.size))
    assert np.var(kernel) == pytest.approx(variance, rel=0.02)
    if "uniform" in initializer:
        assert np.abs(kernel).max() <= np.sqrt(3 * variance)
    else:  # cut at two standard deviations before it was scaled up
        assert np.abs(kernel).max() <= 2 * np.sqrt(variance) / 0.8796


def test_the_fan_of_a_convolution_counts_its_window():
    network = keras.Sequential([keras.Input((8, 8, 16)), layers.Conv2D(32, 5, use_bias=False)])
    kernel = draw_weights(network, 0).get_weights()[0]
    assert np.var(kernel) == pytest.approx(2 / (25 * (16 + 32)), rel=0.02)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30)])
def test_orthogonal_means_orthogonal(shape):
    kernel = dense(keras.initializers.Orthogonal(gain=2.0), shape)
    gram = kernel.T @ kernel if shape[0] > shape[1] else kernel @ kernel.T
    np.testing.assert_allclose(gram, 4 * np.eye(20), atol=1e-5)


def test_recurrent_kernels_are_orthogonal():
    kernel = draw_weights(recurrent((4, 3), "gru", units=(5,)), 0).get_weights()[1]
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(5), atol=1e-6)


def test_an_unknown_initializer_is_refused():
    with pytest.raises(ValueError, match="draw_weights cannot draw for a RandomUniform"):
        dense("random_uniform")


def test_every_map_of_attention_is_drawn_by_its_own_law():
    window = keras.Input((4, 32))
    network = keras.Model(window, layers.MultiHeadAttention(4, 64)(window, window))
    weights = draw_weights(network, 0).get_weights()
    kernels = [weight for weight in weights if weight.ndim == 3]
    assert [kernel.shape for kernel in kernels] == 3 * [(32, 4, 64)] + [(4, 64, 32)]
    for i, kernel in enumerate(kernels):
        # Glorot as Keras counts: the first axis is taken for the window of a convolution.
        variance = 2 / (kernel.shape[0] * (kernel.shape[1] + kernel.shape[2]))
        assert np.var(kernel) == pytest.approx(variance, rel=0.05)
        assert not any(np.array_equal(kernel, other) for other in kernels[:i])
    assert all(np.all(weight == 0) for weight in weights if weight.ndim < 3)


def test_a_weight_out_of_reach_is_refused():
    window = keras.Input((4, 3))
    network = keras.Model(window, layers.TimeDistributed(layers.Dense(2))(window))
    with pytest.raises(ValueError, match="draw_weights does not reach .*kernel"):
        draw_weights(network, 0)
