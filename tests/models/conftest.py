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

from zoo.models import Autoencoder, DeepSVDD, HybridDeepSVDD
from zoo.networks import draw_weights, lenet, lenet_decoder, mlp, recurrent


@dataclasses.dataclass(frozen=True)
class Data:
    """Normal samples to train and validate on, and strange ones far away; NumPy float32."""

    train: np.ndarray
    validation: np.ndarray
    strange: np.ndarray


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


SOFT = {"objective": "soft-boundary", "nu": 0.2, "warmup_epochs": 1}

MODELS = {
    "autoencoder": (lambda: Autoencoder(rows_in(), rows_out()), table),
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
    folder = tmp_path_factory.mktemp(case.name)
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
            case.data.train,
            validation_data=(case.data.validation, None),
            batch_size=16,
            epochs=6,
            shuffle=False,
            callbacks=callbacks,
        )
    return Trained(model, history.history, screen.getvalue(), folder)
