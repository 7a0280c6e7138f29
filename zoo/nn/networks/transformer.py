"""Transformers for windows of a series. Vaswani et al., Attention Is All You Need, NeurIPS 2017.

Blocks normalise after each residual sum, as the paper and `torch.nn.TransformerEncoderLayer` do.
"""

from __future__ import annotations

import keras
from keras import layers

from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.nn.initializers import drawn_by_numpy
from zoo.nn.layers import Dense, MultiHeadAttention, SinusoidalPositions


@drawn_by_numpy()
def transformer(
    input_shape: tuple[int, ...],
    blocks: int = 4,
    heads: int = 8,
    width: int = 128,
    feed_forward: int = 512,
    dropout: float = 0.1,
    embedding: int = 16,
) -> keras.Model:
    """Return an encoder, `(n, window, features)` to `(n, embedding)`.

    The embedding is a linear map of the mean state over time.

    Args:
        input_shape: `(window, features)`.
        blocks: attention blocks.
        heads: attention heads of a block; they divide `width`.
        width: size of the state of a time step.
        feed_forward: units of each block's hidden layer.
        dropout: share dropped in training, of attention weights and of each block's outputs.
        embedding: size of the code.

    Returns:
        Built functional `keras.Model`.

    Raises:
        InputError: heads that do not divide the width.

    Example:
        >>> transformer((20, 3), blocks=1, heads=2, width=8, feed_forward=16).output_shape
        (None, 16)
    """
    window = keras.Input(input_shape)
    states = _blocks(_embed(window, width, dropout), blocks, heads, feed_forward, dropout)
    code = layers.Dense(embedding)(layers.GlobalAveragePooling1D()(states))
    return keras.Model(window, code, name="transformer")


@drawn_by_numpy()
def transformer_decoder(
    output_shape: tuple[int, ...],
    blocks: int = 2,
    heads: int = 8,
    width: int = 128,
    feed_forward: int = 512,
    dropout: float = 0.1,
    embedding: int = 16,
) -> keras.Model:
    """Return a decoder, `(n, embedding)` to `(n, window, features)`.

    Every time step starts from the code and its own position.

    Args:
        output_shape: `(window, features)`.
        blocks: as in `transformer`.
        heads: as in `transformer`.
        width: as in `transformer`.
        feed_forward: as in `transformer`.
        dropout: as in `transformer`.
        embedding: size of the code.

    Returns:
        Built functional `keras.Model`.

    Raises:
        InputError: heads that do not divide the width.

    Example:
        >>> transformer_decoder((20, 3), blocks=1, heads=2, width=8, feed_forward=16).output_shape
        (None, 20, 3)
    """
    time, features = output_shape
    code = keras.Input((embedding,))
    x = _embed(layers.RepeatVector(time)(code), width, dropout)
    states = _blocks(x, blocks, heads, feed_forward, dropout)
    return keras.Model(code, Dense(features)(states), name="transformer_decoder")


@drawn_by_numpy()
def transformer_reconstructor(
    input_shape: tuple[int, ...],
    blocks: int = 4,
    heads: int = 8,
    width: int = 128,
    feed_forward: int = 512,
    dropout: float = 0.1,
    bottleneck: int | None = None,
) -> keras.Model:
    """Return a network that reconstructs a window and embeds it.

    Without a bottleneck every time step is reconstructed from its own state, which can copy it.
    With one, all states are mapped to a code of that size, and the window is reconstructed from it.

    Args:
        input_shape: `(window, features)`.
        blocks: as in `transformer`.
        heads: as in `transformer`.
        width: as in `transformer`.
        feed_forward: as in `transformer`.
        dropout: as in `transformer`.
        bottleneck: size of the code; None for none.

    Returns:
        Built functional `keras.Model`, `(n, window, features)` to the list of the reconstruction
        `(n, window, features)` and the embedding: the mean state over time `(n, width)`, or the
        code `(n, bottleneck)`.

    Raises:
        InputError: heads that do not divide the width.

    Example:
        >>> small = {"blocks": 1, "heads": 2, "width": 8, "feed_forward": 16}
        >>> network = transformer_reconstructor((20, 3), **small)
        >>> network.output_shape
        [(None, 20, 3), (None, 8)]
    """
    window = keras.Input(input_shape)
    states = _blocks(_embed(window, width, dropout), blocks, heads, feed_forward, dropout)
    if bottleneck is None:
        embedding = layers.GlobalAveragePooling1D()(states)
        reconstruction = Dense(input_shape[-1])(states)
    else:
        embedding = layers.Dense(bottleneck)(layers.Flatten()(states))
        values = layers.Dense(input_shape[0] * input_shape[1])(embedding)
        reconstruction = layers.Reshape(input_shape)(values)
    return keras.Model(window, [reconstruction, embedding], name="transformer_reconstructor")


def _embed(x: Tensor, width: int, dropout: float) -> Tensor:
    return layers.Dropout(dropout)(SinusoidalPositions()(Dense(width)(x)))


def _blocks(x: Tensor, blocks: int, heads: int, feed_forward: int, dropout: float) -> Tensor:
    width = x.shape[-1]
    if width % heads:
        raise InputError(f"{heads} attention heads do not divide a width of {width}.")
    for _ in range(blocks):
        attended = MultiHeadAttention(heads, width // heads, dropout=dropout)(x, x)
        x = layers.LayerNormalization(epsilon=1e-5)(x + layers.Dropout(dropout)(attended))
        hidden = layers.Dropout(dropout)(Dense(feed_forward, "relu")(x))
        hidden = layers.Dropout(dropout)(Dense(width)(hidden))
        x = layers.LayerNormalization(epsilon=1e-5)(x + hidden)
    return x
