"""Sinusoidal positions by hand, of any width, in any precision."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from zoo.nn.layers import SinusoidalPositions, sinusoids


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


def test_the_pattern_by_hand():
    table = sinusoids(3, 4)
    expected = [
        [math.sin(t), math.cos(t), math.sin(t / 100), math.cos(t / 100)] for t in range(3)
    ]  # 10000^(2/4) = 100
    np.testing.assert_allclose(table, expected, atol=1e-6)
    assert table.dtype == "float32"


def test_an_odd_width_ends_with_a_sine():
    table = sinusoids(5, 3)
    slow = np.arange(5) / 10000 ** (2 / 3)
    np.testing.assert_allclose(table[:, 2], np.sin(slow), atol=1e-7)
    np.testing.assert_allclose(table[:, 1], np.cos(np.arange(5)), atol=1e-6)
    np.testing.assert_allclose(sinusoids(4, 1)[:, 0], np.sin(np.arange(4)), atol=1e-6)


def test_steps_as_far_apart_look_as_unlike():
    """The product of two positions depends on their distance alone: Σ cos(ω · distance)."""
    table = sinusoids(30, 8).astype("float64")
    products = table @ table.T
    for distance in (0, 1, 7):
        np.testing.assert_allclose(
            np.diag(products, distance), products[0, distance], rtol=1e-5, atol=1e-5
        )


def test_it_is_added_to_every_window_and_learns_nothing():
    layer = SinusoidalPositions()
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(numpy(layer(x)), x + sinusoids(5, 3), rtol=1e-6)
    assert layer.weights == []


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_it_keeps_the_precision_of_its_layer(dtype):
    output = SinusoidalPositions(dtype=f"mixed_{dtype}")(np.zeros((1, 5, 4), "float32"))
    assert keras.backend.standardize_dtype(output.dtype) == dtype
    np.testing.assert_allclose(numpy(ops.cast(output, "float32"))[0], sinusoids(5, 4), atol=4e-3)


def test_a_window_of_unknown_length_is_refused():
    with pytest.raises(ValueError, match=r"added to \(None, None, 4\); expected a known window"):
        SinusoidalPositions()(keras.Input((None, 4)))


def test_a_file_brings_it_back(tmp_path):
    window = keras.Input((5, 3))
    network = keras.Model(window, SinusoidalPositions()(window))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    zeros = np.zeros((1, 5, 3), "float32")
    np.testing.assert_array_equal(loaded.predict(zeros, verbose=0)[0], sinusoids(5, 3))
