"""Recurrent encoders: a window of a series becomes one vector."""

import keras
from keras import layers

CELLS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}


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
    """
    if cell not in CELLS:
        raise ValueError(f"cell {cell!r} is unknown; choose one of {tuple(CELLS)}.")
    window = x = keras.Input(input_shape)
    for depth, count in enumerate(units):
        last = depth == len(units) - 1
        x = CELLS[cell](count, return_sequences=not last, use_bias=bias)(x)
        if dropout and not last:
            x = layers.Dropout(dropout)(x)
    if embedding is not None:
        x = layers.Dense(embedding, use_bias=False)(x)
    return keras.Model(window, x, name=cell)
