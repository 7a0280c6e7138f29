"""Recurrent networks: a window of a series becomes one vector, and a vector a window."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.nn.initializers import drawn_by_numpy
from zoo.nn.layers import GRU, LSTM, Dense, SimpleRNN

CELLS = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}


@drawn_by_numpy()
def recurrent(input_shape, cell="gru", units=(256, 256), dropout=0.0, embedding=None, bias=True):
    """Stacked recurrent layers; the last state is the embedding.

    Args:
        input_shape: `(window, features)`.
        cell: `"rnn"`, `"lstm"` or `"gru"`.
        units: of each layer, first to last.
        dropout: share of each layer's output dropped between layers, in training.
        embedding: size of a final linear map without bias; None takes the last state as it is.
        bias: whether the cells have biases; without them the all-zero window maps to zero.

    Returns:
        Built functional `keras.Model`, `(n, window, features)` to `(n, units[-1])` or
        `(n, embedding)`.

    Raises:
        ValueError: an unknown cell.

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
    output_shape, cell="gru", units=(256, 256), dropout=0.0, embedding=None, bias=True
):
    """The other half of a sequence autoencoder: every step sees the code, and unrolls it.

    Srivastava et al., Unsupervised Learning of Video Representations using LSTMs, ICML 2015
    (the unconditioned decoder); as a detector: Malhotra et al., LSTM-based Encoder-Decoder for
    Multi-sensor Anomaly Detection, 2016.

    Args:
        output_shape: `(window, features)`.
        cell: `"rnn"`, `"lstm"` or `"gru"`.
        units: of each layer, first to last.
        dropout: share of each layer's output dropped between layers, in training.
        embedding: size of the code; None takes `units[0]`.
        bias: whether the cells and the linear map that ends each step have biases.

    Returns:
        Built functional `keras.Model`, `(n, embedding)` to `(n, window, features)`.

    Raises:
        ValueError: an unknown cell.

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


def _check(cell):
    if cell not in CELLS:
        raise InputError(f"cell {cell!r} is unknown; choose one of {tuple(CELLS)}.")
