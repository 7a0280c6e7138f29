"""Each subject in stock Keras: its own layers, `compile`, `fit` and `predict`, nothing of the zoo.

The row *stock Keras* says what the zoo's engine and layers add to Keras itself. Sizes, loss,
optimizer and initial weights are those of the other rows. Everything else is Keras' default:
`jit_compile="auto"`, one step per call, shuffled epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.bench.subjects import CENTER_MARGIN, EPSILON, Subject, order, sinusoids


def lenet(
    sample_shape: tuple[int, ...], filters: Sequence[int] = (8, 4), embedding: int = 32
) -> keras.Model:
    """Return 5×5 convolutions, batch normalization without affine terms, leaky ReLU, pooling."""
    image = x = keras.Input(sample_shape)
    for count in filters:
        x = layers.Conv2D(count, 5, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-4, center=False, scale=False)(x)
        x = layers.MaxPooling2D(2)(layers.LeakyReLU(0.01)(x))
    return keras.Model(image, layers.Dense(embedding, use_bias=False)(layers.Flatten()(x)))


def recurrent(
    sample_shape: tuple[int, ...], cell: str = "gru", units: Sequence[int] = (64,)
) -> keras.Model:
    """Return one or more recurrent layers; the last state is the embedding."""
    cells = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
    window = x = keras.Input(sample_shape)
    for depth, count in enumerate(units, start=1):
        x = cells[cell](count, return_sequences=depth < len(units))(x)
    return keras.Model(window, x)


def transformer(
    sample_shape: tuple[int, ...],
    blocks: int = 4,
    heads: int = 8,
    width: int = 128,
    feed_forward: int = 512,
    dropout: float = 0.0,
    embedding: int = 16,
) -> keras.Model:
    """Return attention blocks over an embedded window; the mean over time is mapped linearly."""
    window = keras.Input(sample_shape)
    x = layers.Dense(width)(window) + sinusoids(sample_shape[0], width)
    for _ in range(blocks):
        attended = layers.MultiHeadAttention(heads, width // heads, dropout=dropout)(x, x)
        x = layers.LayerNormalization(epsilon=1e-5)(x + layers.Dropout(dropout)(attended))
        hidden = layers.Dropout(dropout)(layers.Dense(feed_forward, "relu")(x))
        hidden = layers.Dropout(dropout)(layers.Dense(width)(hidden))
        x = layers.LayerNormalization(epsilon=1e-5)(x + hidden)
    return keras.Model(window, layers.Dense(embedding)(layers.GlobalAveragePooling1D()(x)))


def mlp_autoencoder(sample_shape: tuple[int, ...], units: Sequence[int] = (64, 32)) -> keras.Model:
    """Return dense layers with ReLU, down to a code and back."""
    row = x = keras.Input(sample_shape)
    for count in (*units, *units[-2::-1]):
        x = layers.Dense(count, "relu")(x)
    return keras.Model(row, layers.Dense(sample_shape[0])(x))


NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "lenet": lenet,
    "recurrent": recurrent,
    "transformer": transformer,
    "mlp_autoencoder": mlp_autoencoder,
}


class StockKeras:
    """A subject as a compiled `keras.Model` with the targets that it learns.

    A Deep SVDD is a network that learns the same target, the center, for every sample; an
    autoencoder learns its input.

    Args:
        subject: the network, its sizes and its data.
        weights: from `zoo.bench.subjects.network_weights`.
        x: `(n, *sample_shape)` float32 training data, which place the center.
    """

    def __init__(self, subject: Subject, weights: Sequence[np.ndarray], x: np.ndarray):
        self.subject = subject
        self.network = NETWORKS[subject.family](subject.sample_shape, **subject.settings)
        self.network.set_weights(weights)
        self.reconstructs = subject.family == "mlp_autoencoder"
        loss = "mean_squared_error" if self.reconstructs else squared_distance
        adam = keras.optimizers.Adam(subject.learning_rate, epsilon=EPSILON)
        self.network.compile(optimizer=adam, loss=loss)
        self.center = None if self.reconstructs else self._placed_center(x)
        self.targets = x if self.center is None else np.tile(self.center, (len(x), 1))
        self._first_epoch = True

    def fit(self, x: np.ndarray, epochs: int, callbacks: Sequence[Any] = ()) -> None:
        """Train; the very first epoch takes its samples in the order of the other rows.

        Scores after that epoch are then comparable. Later epochs are shuffled by Keras.
        """
        targets = self.targets
        if self._first_epoch:
            first = order(len(x), 0)
            x, targets = x[first], targets[first]
        self.network.fit(
            x,
            targets,
            batch_size=self.subject.batch_size,
            epochs=epochs,
            shuffle=not self._first_epoch,
            verbose=0,
            callbacks=list(callbacks),
        )
        self._first_epoch = False

    def predict(self, x: np.ndarray, batch_size: int | None = None) -> np.ndarray:
        """Return scores `(n,)` by `keras.Model.predict`; None takes its default batch size."""
        return self._scores(x, self.network.predict(x, batch_size=batch_size, verbose=0))

    def score_one(self, x: np.ndarray) -> np.ndarray:
        """Return the score `(1,)` of one sample `(1, ...)` by `predict_on_batch`."""
        return self._scores(x, self.network.predict_on_batch(x))

    def _scores(self, x: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        if self.center is None:
            return np.mean((outputs - x) ** 2, axis=1)
        return np.sum((outputs - self.center) ** 2, axis=1)

    def _placed_center(self, x: np.ndarray) -> np.ndarray:
        """Return the mean embedding, its coordinates kept away from zero."""
        center = self.network.predict(x, batch_size=1024, verbose=0).mean(axis=0, dtype=np.float64)
        away = np.where(center < 0, -CENTER_MARGIN, CENTER_MARGIN)
        return np.where(np.abs(center) < CENTER_MARGIN, away, center).astype("float32")


def squared_distance(targets: Any, outputs: Any) -> Any:
    """Return the squared distance `(n,)` of embeddings `(n, d)` to their targets."""
    return keras.ops.sum(keras.ops.square(outputs - targets), axis=-1)
