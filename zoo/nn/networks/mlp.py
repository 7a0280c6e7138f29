"""Dense layers, the network for tables, and for windows taken as one long row."""

import keras
from keras import layers

from zoo.nn.initializers import drawn_by_numpy


@drawn_by_numpy()
def mlp(
    input_shape,
    units=(64, 32),
    activation="relu",
    last_activation=None,
    bias=True,
    output_shape=None,
    name="mlp",
):
    """Fully connected network `(n, features)` to `(n, units[-1])`.

    Args:
        input_shape: `(features,)`, or a longer shape, which is flattened.
        units: of each layer, the output's last.
        activation: between layers.
        last_activation: of the output; None is linear.
        bias: whether layers have biases; Deep SVDD wants none.
        output_shape: what the `units[-1]` numbers of the output are reshaped to; None leaves them.
        name: of the network; two in one graph need different ones.

    Returns:
        Built functional `keras.Model`.

    Example:
        >>> mlp((6,), units=(16, 2), bias=False).output_shape
        (None, 2)
        >>> mlp((2,), units=(16, 12), output_shape=(4, 3)).output_shape
        (None, 4, 3)
    """
    row = x = keras.Input(input_shape)
    if len(input_shape) > 1:
        x = layers.Flatten()(x)
    for depth, count in enumerate(units):
        last = depth == len(units) - 1
        x = layers.Dense(count, last_activation if last else activation, use_bias=bias)(x)
    if output_shape is not None:
        x = layers.Reshape(output_shape)(x)
    return keras.Model(row, x, name=name)
