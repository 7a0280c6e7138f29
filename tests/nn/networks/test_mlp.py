"""The network for tables, worked out by hand."""

import numpy as np

from zoo.nn.networks import mlp


def test_the_output_by_hand():
    network = mlp((2,), units=(2, 1), bias=False)
    network.set_weights([np.array([[1.0, -1.0], [0.0, 2.0]]), np.array([[3.0], [0.5]])])
    x = np.array([[1.0, 1.0], [-1.0, 4.0]], "float32")  # relu: (1, 1) and (0, 9)
    np.testing.assert_allclose(network.predict(x, verbose=0), [[3.5], [4.5]])


def test_biases_and_the_last_activation_are_a_choice():
    assert mlp((3,), units=(4, 2)).count_params() == 3 * 4 + 4 + 4 * 2 + 2
    assert mlp((3,), units=(4, 2), bias=False).count_params() == 3 * 4 + 4 * 2
    drawn = mlp((3,), units=(4, 2), last_activation="sigmoid").predict(np.ones((1, 3)), verbose=0)
    assert np.all((drawn > 0) & (drawn < 1))


def test_windows_are_flattened_and_reconstructed():
    network = mlp((2, 3), units=(6,), output_shape=(2, 3))
    network.set_weights([np.eye(6), np.zeros(6)])
    x = np.arange(12, dtype="float32").reshape(2, 2, 3)
    np.testing.assert_array_equal(network.predict(x, verbose=0), x)
