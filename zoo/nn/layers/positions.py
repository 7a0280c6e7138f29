"""Where in a window a row stands, as sines and cosines added to it. Vaswani et al., 2017."""

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class SinusoidalPositions(keras.layers.Layer):
    """Add a fixed pattern of wave lengths to `(n, time, width)`; nothing is learned.

    PE(t, 2i) = sin(t / 10000^(2i / width)), PE(t, 2i + 1) = cos(the same).

    Raises:
        ValueError: a window length that is not known when the layer is built.

    Example:
        >>> layer = SinusoidalPositions()
        >>> ops.convert_to_numpy(layer(np.zeros((1, 2, 2), "float32")))[0, 0].tolist()
        [0.0, 1.0]
    """

    def build(self, input_shape):
        if None in input_shape[1:]:
            raise InputError(
                f"positions are added to {tuple(input_shape)}; expected a known window length and "
                f"width: give them in the network's input shape."
            )
        self.table = sinusoids(*input_shape[1:])

    def call(self, x):
        return x + ops.cast(self.table, x.dtype)


def sinusoids(time, width):
    """The pattern itself, `(time, width)` float32 NumPy."""
    angles = np.arange(time)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    table = np.zeros((time, width), "float32")
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : width // 2])
    return table
