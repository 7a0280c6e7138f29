"""Positional encoding of the rows of a window by sines and cosines. Vaswani et al., 2017."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.backend import Tensor
from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class SinusoidalPositions(keras.layers.Layer):
    """Add fixed waves of different lengths to `(n, time, width)`; no weights.

    PE(t, 2i) = sin(t / 10000^(2i / width)), PE(t, 2i + 1) = cos(t / 10000^(2i / width)).

    Raises:
        InputError: a window length or width that is not known when the layer is built.

    Example:
        >>> layer = SinusoidalPositions()
        >>> ops.convert_to_numpy(layer(np.zeros((1, 2, 2), "float32")))[0, 0].tolist()
        [0.0, 1.0]
    """

    def build(self, input_shape: tuple[Any, ...]) -> None:
        if None in input_shape[1:]:
            raise InputError(
                f"positions are added to {tuple(input_shape)}; expected a known window length and "
                f"width: give them in the network's input shape."
            )
        _, time, width = input_shape
        self.table = sinusoids(time, width)

    def call(self, x: Tensor) -> Tensor:
        return x + ops.cast(self.table, x.dtype)


def sinusoids(time: int, width: int) -> np.ndarray:
    """Return the positional encoding, `(time, width)` float32 NumPy."""
    angles = np.arange(time)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    table = np.zeros((time, width), "float32")
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : width // 2])
    return table
