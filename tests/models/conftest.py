"""Tiny instances of every model, all of which owe the contract of `test_contract.py`.

A new model is one line in MODELS: how to make it, untrained, and the data it is made for.
"""

import contextlib
import dataclasses
import io
from collections.abc import Callable

import keras
import numpy as np
import pytest

from zoo.models import (
    Autoencoder,
    Classifier,
    DeepSVDD,
    Forecaster,
    HybridDeepSVDD,
    TransformerGAN,
    VariationalAutoencoder,
)
from zoo.nn.networks import (
    draw_weights,
    lenet,
    lenet_decoder,
    mlp,
    recurrent,
    recurrent_decoder,
    transformer,
    transformer_decoder,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)


@dataclasses.dataclass(frozen=True)
class Data:
    """Normal samples to train and validate on, and strange ones far away; NumPy float32.

    For a model that learns from labels, `labels` holds them by the part's name, and the part to
    train on has strange samples among the normal ones.
    """

    train: np.ndarray
    validation: np.ndarray
    strange: np.ndarray
    labels: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def pair(self, part):
        """`(x, y)` of a part as `fit` and `evaluate` take it; y is None without labels."""
        return getattr(self, part), self.labels.get(part)


@dataclasses.dataclass(frozen=True)
class Case:
    """An untrained model, made anew (and with equal weights) by each call of `make`."""

    name: str
    make: Callable[[], keras.Model]
    data: Data

    def compiled(self, learning_rate=3e-3, **options):
        """A new model, ready to fit."""
        model = self.make()
        model.compile(keras.optimizers.Adam(learning_rate), **options)
        return model


def _split(normal, strange):
    normal = normal.astype("float32")
    return Data(normal[:-16], normal[-16:], strange.astype("float32"))


def table():
    """Six features on a line, with noise; strange rows are ten times as far out."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(64, 1)) * np.linspace(0.5, 1.0, 6) + rng.normal(size=(64, 6)) * 0.2
    return _split(1 + rows, 1 + rng.normal(size=(16, 6)) * 10)


def images():
    """Smooth 28×28 blobs; strange images are bright noise."""
    rng = np.random.default_rng(0)
    axis = np.linspace(-1, 1, 28)
    shift = rng.normal(size=(32, 2, 1, 1)) * 0.1
    squares = (axis[:, None] - shift[:, 0]) ** 2 + (axis - shift[:, 1]) ** 2
    return _split(np.exp(-4 * squares)[..., None], 3 * rng.uniform(size=(16, 28, 28, 1)))


def windows():
    """Sine waves of 6 steps in 3 channels; strange windows are large noise."""
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 1, size=(48, 1, 1))
    waves = np.sin(np.arange(6)[:, None] / 2 + np.arange(3) + phase)
    return _split(waves, rng.normal(size=(16, 6, 3)) * 5)


def labelled_windows():
    """The same waves; strange ones are lifted, and every other one to train on is."""
    plain = windows()
    mixed = np.stack([plain.train, plain.train + 5], axis=1).reshape(64, 6, 3)
    labels = {"train": np.tile([0, 1], 32), "validation": np.zeros(16), "strange": np.ones(16)}
    return Data(mixed, plain.validation, plain.validation + 5, labels)


def rows_in():
    return draw_weights(mlp((6,), units=(8, 3), activation="tanh", bias=False), 0)


def rows_out():
    return draw_weights(mlp((3,), units=(8, 6), activation="tanh"), 1)


def image_in():
    return draw_weights(lenet((28, 28, 1), embedding=16, filters=(2, 2)), 0)


def image_out():
    return draw_weights(lenet_decoder((28, 28, 1), embedding=16, filters=(2, 2)), 1)


def window_in():
    return draw_weights(recurrent((6, 3), "gru", units=(4,)), 0)


def window_out(cell="gru"):
    return draw_weights(recurrent_decoder((6, 3), cell, units=(4,)), 1)


def lstm_in():
    return draw_weights(recurrent((6, 3), "lstm", units=(4,)), 0)


def code_in():
    return draw_weights(mlp((6,), units=(8, 6), activation="tanh"), 0)


def judge():
    return draw_weights(mlp((4,), units=(4, 1), activation="tanh"), 1)


def forecast_in():
    return draw_weights(recurrent((5, 3), "lstm", units=(4,)), 0)


# Without dropout: Keras saves no state of its seeds, so that a resumed fit would drop others.
ATTENTION = {"blocks": 1, "heads": 2, "width": 8, "feed_forward": 8, "dropout": 0.0}


def attention_in():
    return draw_weights(transformer((6, 3), **ATTENTION, embedding=4), 0)


def attention_out():
    return draw_weights(transformer_decoder((6, 3), **ATTENTION, embedding=4), 1)


def redrawn(**options):
    return TransformerGAN(
        draw_weights(transformer_reconstructor((6, 3), **ATTENTION), 0), **options
    )


def with_gan(**options):
    return redrawn(
        generator=draw_weights(window_generator((6, 3), latent=4, units=(8,), width=4), 1),
        discriminator=draw_weights(window_discriminator((6, 3), units=(8,), dropout=0.0), 2),
        **options,
    )


SOFT = {"objective": "soft-boundary", "nu": 0.2, "warmup_epochs": 1}

MODELS = {
    "autoencoder": (lambda: Autoencoder(rows_in(), rows_out()), table),
    "autoencoder_denoising": (
        lambda: Autoencoder(rows_in(), rows_out(), noise=0.3, mask=0.1, sparsity=0.01),
        table,
    ),
    "autoencoder_gru": (lambda: Autoencoder(window_in(), window_out(), 1e-4), windows),
    "autoencoder_lstm": (lambda: Autoencoder(lstm_in(), window_out("lstm"), noise=0.1), windows),
    "autoencoder_transformer": (lambda: Autoencoder(attention_in(), attention_out()), windows),
    "variational": (
        lambda: VariationalAutoencoder(
            code_in(), rows_out(), beta=0.5, scale=0.5, weight_decay=1e-4
        ),
        table,
    ),
    "variational_error": (
        lambda: VariationalAutoencoder(code_in(), rows_out(), score_by="reconstruction_error"),
        table,
    ),
    "variational_elbo": (
        lambda: VariationalAutoencoder(
            code_in(), draw_weights(mlp((3,), units=(8, 12)), 1), scale=None, score_by="elbo"
        ),
        table,
    ),
    "svdd": (lambda: DeepSVDD(rows_in(), weight_decay=1e-4), table),
    "svdd_moving": (lambda: DeepSVDD(rows_in(), center_rate=0.01), table),
    "svdd_soft_moving_gru": (lambda: DeepSVDD(window_in(), center_rate=0.01, **SOFT), windows),
    "hybrid": (lambda: HybridDeepSVDD(rows_in(), rows_out(), weight_decay=1e-4), table),
    "hybrid_compactness": (
        lambda: HybridDeepSVDD(rows_in(), rows_out(), score_by="compactness", center_rate=0.01),
        table,
    ),
    "hybrid_reconstruction": (
        lambda: HybridDeepSVDD(rows_in(), rows_out(), score_by="reconstruction"),
        table,
    ),
    "hybrid_soft_lenet": (lambda: HybridDeepSVDD(image_in(), image_out(), **SOFT), images),
    "classifier": (
        lambda: Classifier(window_in(), judge(), "focal", positive_weight=2.0, weight_decay=1e-4),
        labelled_windows,
    ),
    "forecaster": (
        lambda: Forecaster(forecast_in(), draw_weights(mlp((4,), units=(3,)), 1)),
        windows,
    ),
    "transformer_contrast": (
        lambda: redrawn(mask=0.3, jitter=0.1, normalize="reversible"),
        windows,
    ),
    "transformer_gan": (lambda: with_gan(), windows),
    "transformer_gan_joint": (lambda: with_gan(coupling="joint", normalize="center"), windows),
}


# One worker of pytest-xdist (--dist loadgroup) trains a model once for all of its tests.
@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in MODELS],
)
def case(request):
    make, data = MODELS[request.param]
    return Case(request.param, make, data())


@dataclasses.dataclass(frozen=True)
class Trained:
    """A model after a fit with every common callback; what stands on disk and screen."""

    model: keras.Model
    history: dict
    screen: str
    folder: object


@pytest.fixture(scope="session")
def trained(case, tmp_path_factory):
    return train(case, tmp_path_factory.mktemp(case.name))


def train(case, folder):
    """A fit of a case with every common callback, which leave their files in `folder`."""
    model, screen = case.compiled(), io.StringIO()
    callbacks = [
        keras.callbacks.EarlyStopping("val_loss", patience=99, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=1e6),
        keras.callbacks.ModelCheckpoint(folder / "best.keras", "val_loss", save_best_only=True),
        keras.callbacks.CSVLogger(folder / "history.csv"),
        keras.callbacks.TerminateOnNaN(),
    ]
    with contextlib.redirect_stdout(screen):
        history = model.fit(
            *case.data.pair("train"),
            validation_data=case.data.pair("validation"),
            batch_size=16,
            epochs=6,
            shuffle=False,
            callbacks=callbacks,
        )
    return Trained(model, history.history, screen.getvalue(), folder)
