"""Tiny examples of models: what a model's `examples()` returns, and the data and networks for them.

Tests discover the examples of every model, so a new method appears in the contract, in the parity
of the backends, in the artefacts and in the explanations without a line anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import layers

from zoo.errors import InputError
from zoo.nn.networks import (
    draw_weights,
    lenet,
    lenet_decoder,
    mlp,
    recurrent,
    recurrent_decoder,
    transformer,
    transformer_decoder,
)

WINDOW = (6, 3)  # time steps and features of the windows
ROW = (6,)  # features of the table
IMAGE = (28, 28, 1)
# Without dropout, whose seeds Keras does not save: a resumed fit would drop other values.
ATTENTION: dict[str, Any] = {"blocks": 1, "heads": 2, "width": 8, "feed_forward": 8, "dropout": 0.0}


@dataclass(frozen=True)
class ExampleData:
    """Normal samples to train and validate on, and anomalous ones far away; NumPy float32.

    Attributes:
        train: `(n, ...)`; of a labelled kind every other sample is anomalous.
        validation: `(16, ...)`, normal.
        anomalous: `(16, ...)`.
        labels: name of each part to its labels, 1 = anomaly; empty for a kind without labels.
    """

    train: np.ndarray
    validation: np.ndarray
    anomalous: np.ndarray
    labels: dict[str, np.ndarray] = field(default_factory=dict)

    def pair(self, part: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Return `(x, y)` of a part, as `fit` and `evaluate` take it; y is None without labels."""
        return getattr(self, part), self.labels.get(part)


@dataclass(frozen=True)
class Example:
    """A tiny instance of a model and the kind of data it takes.

    Attributes:
        name: tells the examples of a class apart, in the names of tests and in errors.
        make: function that returns a new untrained `AnomalyModel`, with equal weights at each call.
        kind: `"table"` `(n, 6)`, `"windows"` or `"labelled windows"` `(n, 6, 3)`, or `"images"`
            `(n, 28, 28, 1)`.
        learning_rate: of Adam.
        parity_steps: training steps over which the backends give the same losses. A network with
            maximum pooling or leaky ReLU has fewer: where two candidates differ by less than the
            rounding of a float, backends choose differently, and the difference grows.

    Raises:
        InputError: an unknown kind of data.

    Example:
        >>> from zoo.models import Autoencoder
        >>> example = next(iter(Autoencoder.examples()))
        >>> example.make().predict(example.data.anomalous, verbose=0).shape
        (16,)
    """

    name: str
    make: Callable[[], keras.Model]
    kind: str
    learning_rate: float = 3e-3
    parity_steps: int = 50

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind is {self.kind!r}; choose one of {', '.join(KINDS)}")

    @property
    def data(self) -> ExampleData:
        """The arrays of this kind, made once."""
        return KINDS[self.kind]()

    def compiled(self, **options: Any) -> keras.Model:
        """Return a new model, ready to fit.

        Args:
            **options: of `compile`, besides the optimizer.
        """
        model = self.make()
        model.compile(keras.optimizers.Adam(self.learning_rate), **options)
        return model


@cache
def table() -> ExampleData:
    """Return rows of six features near a line; anomalous rows are ten times as far out."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(64, 1)) * np.linspace(0.5, 1.0, 6) + rng.normal(size=(64, 6)) * 0.2
    return _split(1 + rows, 1 + rng.normal(size=(16, 6)) * 10)


@cache
def images() -> ExampleData:
    """Return smooth 28×28 blobs; anomalous images are bright noise."""
    rng = np.random.default_rng(0)
    axis = np.linspace(-1, 1, 28)
    shift = rng.normal(size=(32, 2, 1, 1)) * 0.1
    squares = (axis[:, None] - shift[:, 0]) ** 2 + (axis - shift[:, 1]) ** 2
    return _split(np.exp(-4 * squares)[..., None], 3 * rng.uniform(size=(16, *IMAGE)))


@cache
def windows() -> ExampleData:
    """Return sine waves of 6 steps in 3 features; anomalous windows are large noise."""
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 1, size=(48, 1, 1))
    waves = np.sin(np.arange(6)[:, None] / 2 + np.arange(3) + phase)
    return _split(waves, rng.normal(size=(16, *WINDOW)) * 5)


@cache
def labelled_windows() -> ExampleData:
    """Return the same waves; anomalous ones are lifted, and every other one to train on is."""
    plain = windows()
    mixed = np.stack([plain.train, plain.train + 5], axis=1).reshape(64, *WINDOW)
    labels = {"train": np.tile([0, 1], 32), "validation": np.zeros(16), "anomalous": np.ones(16)}
    return ExampleData(mixed, plain.validation, plain.validation + 5, labels)


KINDS: dict[str, Callable[[], ExampleData]] = {
    "table": table,
    "windows": windows,
    "labelled windows": labelled_windows,
    "images": images,
}


def row_encoder(outputs: int = 3, seed: int = 0) -> keras.Model:
    """Return an encoder of a table's rows, `(n, 6)` to `(n, outputs)`, without biases."""
    return draw_weights(mlp(ROW, (8, outputs), "tanh", bias=False), seed)


def row_decoder(outputs: int = 6, seed: int = 1) -> keras.Model:
    """Return a decoder of the code of `row_encoder`, `(n, 3)` to `(n, outputs)`."""
    return draw_weights(mlp((3,), (8, outputs), "tanh", name="decoder"), seed)


def window_encoder(
    cell: str = "gru", window: tuple[Any, ...] = WINDOW, seed: int = 0
) -> keras.Model:
    """Return an encoder of windows, `(n, 6, 3)` to `(n, 4)`.

    Args:
        cell: `"rnn"`, `"lstm"`, `"gru"`, or `"transformer"`.
        window: `(time, features)`, another shape of the input.
        seed: of the weights.
    """
    if cell == "transformer":
        return draw_weights(transformer(window, **ATTENTION, embedding=4), seed)
    return draw_weights(recurrent(window, cell, units=(4,)), seed)


def window_decoder(cell: str = "gru", seed: int = 1) -> keras.Model:
    """Return the decoder that mirrors `window_encoder`, `(n, 4)` to `(n, 6, 3)`."""
    if cell == "transformer":
        return draw_weights(transformer_decoder(WINDOW, **ATTENTION, embedding=4), seed)
    return draw_weights(recurrent_decoder(WINDOW, cell, units=(4,)), seed)


def window_head(outputs: int, seed: int = 1) -> keras.Model:
    """Return a head on the code of `window_encoder`, `(n, 4)` to `(n, outputs)`."""
    return draw_weights(mlp((4,), (4, outputs), "tanh", name="head"), seed)


def image_encoder(seed: int = 0) -> keras.Model:
    """Return a small LeNet, `(n, 28, 28, 1)` to `(n, 16)`."""
    return draw_weights(lenet(IMAGE, embedding=16, filters=(2, 2)), seed)


def image_decoder(seed: int = 1) -> keras.Model:
    """Return the decoder that mirrors `image_encoder`, `(n, 16)` to `(n, 28, 28, 1)`."""
    return draw_weights(lenet_decoder(IMAGE, embedding=16, filters=(2, 2)), seed)


def smooth_image_encoder(seed: int = 0) -> keras.Model:
    """Return LeNet's shape with tanh and average pooling: equal on every backend for 50 steps."""
    image = x = keras.Input(IMAGE)
    for filters in (4, 2):
        x = layers.Conv2D(filters, 5, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(center=False, scale=False)(x)
        x = layers.AveragePooling2D(2)(layers.Activation("tanh")(x))
    code = layers.Dense(16, use_bias=False)(layers.Flatten()(x))
    return draw_weights(keras.Model(image, code), seed)


def smooth_image_decoder(seed: int = 1) -> keras.Model:
    """Return the decoder that mirrors `smooth_image_encoder`, `(n, 16)` to `(n, 28, 28, 1)`."""
    code = keras.Input((16,))
    x = layers.Reshape((7, 7, 2))(layers.Dense(98, use_bias=False)(code))
    for filters in (2, 4):
        x = layers.Conv2D(filters, 5, padding="same", use_bias=False)(layers.UpSampling2D(2)(x))
        x = layers.Activation("tanh")(layers.BatchNormalization(center=False, scale=False)(x))
    x = layers.Conv2D(1, 5, padding="same", use_bias=False, activation="sigmoid")(x)
    return draw_weights(keras.Model(code, x), seed)


def _split(normal: np.ndarray, anomalous: np.ndarray) -> ExampleData:
    normal = normal.astype("float32")
    return ExampleData(normal[:-16], normal[-16:], anomalous.astype("float32"))
