"""Multilayer perceptron: for tables, and for windows as one long row."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from zoo.nn.initializers import drawn_by_numpy


@drawn_by_numpy()
def mlp(
    input_shape: tuple[int, ...],
    units: Sequence[int] = (64, 32),
    activation: str | None = "relu",
    last_activation: str | None = None,
    bias: bool = True,
    output_shape: tuple[int, ...] | None = None,
    name: str = "mlp",
) -> keras.Model:
    """Return a fully connected network, `(n, features)` to `(n, units[-1])`.

    Args:
        input_shape: `(features,)`, or a longer shape, which is flattened.
        units: of each layer; the last is the size of the output.
        activation: of the hidden layers.
        last_activation: of the output; None is linear.
        bias: whether layers have biases; Deep SVDD needs an encoder without.
        output_shape: shape of an output sample, of `units[-1]` values; None leaves it flat.
        name: of the network; two networks in one graph need different names.

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
