"""Dense layers, the network for tables."""

import keras
from keras import layers


def mlp(input_shape, units=(64, 32), activation="relu", last_activation=None, bias=True):
    """Fully connected network `(n, features)` to `(n, units[-1])`.

    Args:
        input_shape: `(features,)`.
        units: of each layer, the output's last.
        activation: between layers.
        last_activation: of the output; None is linear.
        bias: whether layers have biases; Deep SVDD wants none.

    Returns:
        Built functional `keras.Model`.
    """
    row = x = keras.Input(input_shape)
    for depth, count in enumerate(units):
        last = depth == len(units) - 1
        x = layers.Dense(count, last_activation if last else activation, use_bias=bias)(x)
    return keras.Model(row, x, name="mlp")
