"""Recurrent networks: encoder of a window to one vector, and the decoder back."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from zoo.errors import InputError
from zoo.nn.initializers import drawn_by_numpy
from zoo.nn.layers import GRU, LSTM, Dense, SimpleRNN

CELLS: dict[str, type[keras.layers.Layer]] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}


@drawn_by_numpy()
def recurrent(
    input_shape: tuple[int | None, ...],
    cell: str = "gru",
    units: Sequence[int] = (256, 256),
    dropout: float = 0.0,
    embedding: int | None = None,
    bias: bool = True,
) -> keras.Model:
    """Return stacked recurrent layers whose last state is the embedding.

    Args:
        input_shape: `(window, features)`; a window of None accepts any length.
        cell: `"rnn"`, `"lstm"` or `"gru"`.
        units: of each layer, first to last.
        dropout: share of each layer's output dropped between layers, in training.
        embedding: units of a final linear map without bias; None for no such map.
        bias: whether the cells have biases; without, a window of zeros maps to zero.

    Returns:
        Built functional `keras.Model`, `(n, window, features)` to `(n, units[-1])` or
        `(n, embedding)`.

    Raises:
        InputError: an unknown cell.

    Example:
        >>> recurrent((30, 5), "gru", units=(16, 8)).output_shape
        (None, 8)
    """
    _check(cell)
    window = x = keras.Input(input_shape)
    for depth, count in enumerate(units):
        last = depth == len(units) - 1
        x = CELLS[cell](count, return_sequences=not last, use_bias=bias)(x)
        if dropout and not last:
            x = layers.Dropout(dropout)(x)
    if embedding is not None:
        x = layers.Dense(embedding, use_bias=False)(x)
    return keras.Model(window, x, name=cell)


@drawn_by_numpy()
def recurrent_decoder(
    output_shape: tuple[int, ...],
    cell: str = "gru",
    units: Sequence[int] = (256, 256),
    dropout: float = 0.0,
    embedding: int | None = None,
    bias: bool = True,
) -> keras.Model:
    """Return the decoder of a sequence autoencoder; every time step gets the code as input.

    Args:
        output_shape: `(window, features)`.
        cell: `"rnn"`, `"lstm"` or `"gru"`.
        units: of each layer, first to last.
        dropout: share of each layer's output dropped between layers, in training.
        embedding: size of the code; None takes `units[0]`.
        bias: whether the cells and the linear map after each step have biases.

    Returns:
        Built functional `keras.Model`, `(n, embedding)` to `(n, window, features)`.

    Raises:
        InputError: an unknown cell.

    References:
        Srivastava et al., Unsupervised Learning of Video Representations using LSTMs, ICML 2015
        (the unconditioned decoder). For anomaly detection: Malhotra et al., LSTM-based
        Encoder-Decoder for Multi-sensor Anomaly Detection, 2016.

    Example:
        >>> recurrent_decoder((30, 5), "gru", units=(8,)).output_shape
        (None, 30, 5)
    """
    _check(cell)
    time, features = output_shape
    code = keras.Input((units[0] if embedding is None else embedding,))
    x = layers.RepeatVector(time)(code)
    for depth, count in enumerate(units):
        x = CELLS[cell](count, return_sequences=True, use_bias=bias)(x)
        if dropout and depth < len(units) - 1:
            x = layers.Dropout(dropout)(x)
    each_step = Dense(features, use_bias=bias)(x)
    return keras.Model(code, each_step, name=f"{cell}_decoder")


def _check(cell: str) -> None:
    if cell not in CELLS:
        raise InputError(f"cell {cell!r} is unknown; choose one of {tuple(CELLS)}.")
