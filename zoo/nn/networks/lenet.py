"""The LeNet of Deep SVDD, without biases, and the decoder that mirrors it.

Ruff et al., ICML 2018: modules of a 5×5 convolution, batch normalisation without affine terms,
leaky ReLU and 2×2 max-pooling. With a bias or an affine shift the network could output the center
for any input.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from zoo.errors import InputError
from zoo.nn.initializers import drawn_by_numpy
from zoo.nn.layers import Conv2D, NormalizedMaxPooling2D

NORM = {"epsilon": 1e-4, "momentum": 0.9}
FILTERS = {28: (8, 4), 32: (32, 64, 128)}
EMBEDDING = {28: 32, 32: 128}


@drawn_by_numpy()
def lenet(
    input_shape: tuple[int, ...],
    embedding: int | None = None,
    filters: Sequence[int] | None = None,
) -> keras.Model:
    """Return an encoder, `(n, height, width, channels)` to `(n, embedding)`.

    Args:
        input_shape: `(28, 28, channels)` or `(32, 32, channels)`.
        embedding: size of the output; 32 for 28×28, 128 for 32×32.
        filters: of each module; (8, 4) for 28×28, (32, 64, 128) for 32×32.

    Returns:
        Built functional `keras.Model`.

    Raises:
        InputError: another image size.

    Example:
        >>> lenet((28, 28, 1)).output_shape
        (None, 32)
    """
    size = _size(input_shape)
    image = x = keras.Input(input_shape)
    for count in filters or FILTERS[size]:
        x = Conv2D(count, 5, padding="same", use_bias=False)(x)
        # Leaky ReLU is monotonic, so it may follow the maximum.
        x = layers.LeakyReLU(0.01)(NormalizedMaxPooling2D(**NORM)(x))
    x = layers.Flatten()(x)
    code = layers.Dense(embedding or EMBEDDING[size], use_bias=False)(x)
    return keras.Model(image, code, name="lenet")


@drawn_by_numpy()
def lenet_decoder(
    output_shape: tuple[int, ...],
    embedding: int | None = None,
    filters: Sequence[int] | None = None,
) -> keras.Model:
    """Return the mirror of `lenet`, `(n, embedding)` to images with values in [0, 1].

    Args:
        output_shape: `(28, 28, channels)` or `(32, 32, channels)`.
        embedding: size of the code, a multiple of 16.
        filters: of the encoder's modules.

    Returns:
        Built functional `keras.Model`.

    Raises:
        InputError: another image size, or an embedding that is no multiple of 16.

    Example:
        >>> lenet_decoder((28, 28, 1)).output_shape
        (None, 28, 28, 1)
    """
    size = _size(output_shape)
    embedding = embedding or EMBEDDING[size]
    if embedding % 16:
        raise InputError(f"the decoder starts from a 4×4 map: {embedding} is no multiple of 16.")
    code = keras.Input((embedding,))
    x = layers.Reshape((4, 4, embedding // 16))(code)
    x = layers.LeakyReLU(0.01)(x)
    if size == 28:  # one doubling more: the encoder has two modules, 28 to 7
        x = layers.UpSampling2D(2)(x)
    for count in reversed(filters or FILTERS[size]):
        x = layers.BatchNormalization(center=False, scale=False, **NORM)(
            Conv2D(count, 5, padding="same", use_bias=False)(x)
        )
        if size == 28 and x.shape[1] == 16:
            x = layers.Cropping2D(1)(x)
        x = layers.UpSampling2D(2)(layers.LeakyReLU(0.01)(x))
    x = Conv2D(output_shape[-1], 5, padding="same", use_bias=False)(x)
    return keras.Model(code, layers.Activation("sigmoid")(x), name="lenet_decoder")


def _size(shape: tuple[int, ...]) -> int:
    if len(shape) != 3 or shape[0] != shape[1] or shape[0] not in FILTERS:
        raise InputError(
            f"LeNet takes images of 28×28 or 32×32 pixels with channels last, got {shape}; resize "
            f"or pad them."
        )
    return shape[0]
