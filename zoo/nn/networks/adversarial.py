"""Generator and discriminator of windows, for adversarial training.

Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from zoo.nn.initializers import drawn_by_numpy


@drawn_by_numpy()
def window_generator(
    output_shape: tuple[int, ...],
    latent: int = 64,
    units: Sequence[int] = (256, 512),
    width: int = 128,
) -> keras.Model:
    """Return a generator, noise `(n, latent)` to `(n, window, features)`.

    Args:
        output_shape: `(window, features)`.
        latent: size of the noise.
        units: of the hidden layers, each with batch normalisation and ReLU.
        width: values of a time step, each between -1 and 1, before the linear map to features.

    Returns:
        Built functional `keras.Model`.

    Example:
        >>> window_generator((20, 3), latent=8, units=(16,), width=8).output_shape
        (None, 20, 3)
    """
    time, features = output_shape
    noise = x = keras.Input((latent,))
    for count in units:
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(layers.Dense(count)(x))
        x = layers.ReLU()(x)
    x = layers.Reshape((time, width))(layers.Dense(time * width, "tanh")(x))
    return keras.Model(noise, layers.Dense(features)(x), name="window_generator")


@drawn_by_numpy()
def window_discriminator(
    input_shape: tuple[int, ...], units: Sequence[int] = (512, 256, 128), dropout: float = 0.3
) -> keras.Model:
    """Return a discriminator, `(n, window, features)` to logits `(n, 1)` that a window is real.

    Args:
        input_shape: `(window, features)`.
        units: of the hidden layers, each with leaky ReLU (0.2) and dropout.
        dropout: share dropped in training.

    Returns:
        Built functional `keras.Model`.

    Example:
        >>> window_discriminator((20, 3), units=(16,)).output_shape
        (None, 1)
    """
    window = keras.Input(input_shape)
    x = layers.Flatten()(window)
    for count in units:
        x = layers.Dropout(dropout)(layers.LeakyReLU(0.2)(layers.Dense(count)(x)))
    return keras.Model(window, layers.Dense(1)(x), name="window_discriminator")
