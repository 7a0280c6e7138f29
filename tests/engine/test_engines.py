"""The reference and the fast engine give the same numbers, under the compiler that users have."""

import logging
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from zoo import engine
from zoo.errors import InputError
from zoo.models import Autoencoder, Classifier, DeepSVDD, model_classes
from zoo.nn.networks import draw_weights, mlp, recurrent
from zoo.training.batches import Batches

BACKEND = keras.backend.backend()
X = np.random.default_rng(0).normal(size=(48, 5)).astype("float32")


def one_of_each_kind():
    """Yield the first example of each class, and of each kind of data and network."""
    seen = set()
    for cls in model_classes():
        for example in cls.examples():
            new = {cls.__name__, example.kind, example.name.split()[0]} - seen
            if cls.__name__ in new or example.kind in new:
                yield pytest.param(example, id=f"{cls.__name__}-{example.name}")
            seen |= new


@pytest.fixture(autouse=True)
def engine_afterwards():
    before = engine.in_use()
    yield
    engine.use(before)


@pytest.fixture
def users_compiler():
    """Let JAX optimise as it does for users; the other tests compile quickly instead."""
    if BACKEND != "jax":
        yield
        return
    import jax

    before = os.environ.get("JAX_DISABLE_MOST_OPTIMIZATIONS") == "1"  # tests/conftest.py
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


class Losses(keras.callbacks.Callback):
    """The running mean of the loss after every step."""

    def __init__(self):
        super().__init__()
        self.found = []

    def on_train_batch_end(self, batch, logs=None):
        self.found.append(float(logs["loss"]))


def trained(name, example):
    engine.use(name)
    model = example.make()
    model.compile(keras.optimizers.Adam(example.learning_rate))
    x, y = example.data.pair("train")
    losses = Losses()
    batches = Batches(x, 16, seed=0, y=y)
    history = model.fit(
        batches,
        epochs=2,
        verbose=0,
        callbacks=[losses],
        validation_data=example.data.pair("validation"),
    )
    assert len(losses.found) == 2 * len(batches)
    weights = [keras.ops.convert_to_numpy(v) for v in model.weights]
    scores = model.predict(example.data.anomalous)
    return losses.found, history.history, weights, scores


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("example", one_of_each_kind())
def test_both_engines_give_the_same_numbers(users_compiler, example):
    losses, history, weights, scores = trained("fast", example)
    same_losses, same_history, same_weights, same_scores = trained("reference", example)
    np.testing.assert_allclose(losses, same_losses, rtol=1e-4)
    assert list(history) == list(same_history)
    for name in history:
        np.testing.assert_allclose(history[name], same_history[name], rtol=1e-4)
    for one, other in zip(weights, same_weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores, same_scores, rtol=1e-4, atol=1e-6)


def autoencoder(**options):
    model = Autoencoder(
        draw_weights(mlp((5,), (4, 2)), 0), draw_weights(mlp((2,), (4, 5)), 1), noise=0.0
    )
    model.compile(keras.optimizers.Adam(1e-2), **options)
    return model


def counted(monkeypatch, model):
    """Count how often Python runs the two verbs of `model`."""
    calls = {"learn": 0, "score": 0}

    def count(name, verb):
        def run(*args, **kwargs):
            calls[name] += 1
            return verb(*args, **kwargs)

        return run

    for name in calls:
        object.__setattr__(model, name, count(name, getattr(model, name)))
    return calls


def test_run_eagerly_steps_through_both_verbs(monkeypatch):
    model = autoencoder(run_eagerly=True)
    calls = counted(monkeypatch, model)
    model.fit(Batches(X, 16, seed=0), epochs=2, verbose=0)
    assert calls["learn"] >= 6
    before = calls["score"]
    for _ in range(2):
        model.predict(X, batch_size=16)
    assert calls["score"] == before + 6


def test_the_switch_counts_from_the_next_fit_and_score_on():
    model = DeepSVDD(draw_weights(recurrent((6, 3), "gru", (4,)), 0))
    model.compile(keras.optimizers.SGD(1e-3))
    x = np.random.default_rng(0).normal(size=(32, 6, 3)).astype("float32")
    found = {}
    for name in ("reference", "fast", "reference"):
        engine.use(name)
        assert engine.in_use() == name and engine.fast() == (name == "fast")
        found[name] = model.predict(x)
        model.fit(x, epochs=1, verbose=0, shuffle=False)
    assert np.all(np.isfinite(found["fast"])) and len(model.history.history["loss"]) == 1


def test_an_unknown_engine_is_refused_and_both_are_listed():
    with pytest.raises(InputError, match="'quick' is unknown; choose one of reference, fast"):
        engine.use("quick")


@pytest.mark.parametrize(
    ("name", "line"), [("reference", "reference"), ("quick", "choose one of reference, fast")]
)
def test_the_environment_names_the_engine(name, line):
    command = [sys.executable, "-c", "import zoo.engine; print(zoo.engine.in_use())"]
    environment = {**os.environ, "ZOO_ENGINE": name}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert line in done.stdout + done.stderr
    assert bool(done.returncode) == (name == "quick")


def lines(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "zoo.engine"]


def test_whoever_leaves_the_fast_path_says_so_once(caplog):
    caplog.set_level(logging.INFO, "zoo.engine")
    model = autoencoder()
    for _ in range(2):
        model.fit(((X[:8],) for _ in range(4)), steps_per_epoch=2, epochs=2, verbose=0)
    (line,) = lines(caplog)
    assert line.startswith("Autoencoder: fit leaves the fast path: x is a generator")
    assert "give an array or" in line
    caplog.clear()
    model.fit(X, steps_per_epoch=2, epochs=1, verbose=0)
    model.predict(X, verbose=2)
    assert [line.split(";")[1].strip() for line in lines(caplog)] == [
        "leave steps_per_epoch out",
        "leave verbose, steps and callbacks out",
    ]
    caplog.clear()
    model.fit(X, epochs=1, verbose=0, validation_split=0.25)
    model.predict(X)
    engine.use("reference")  # the user's own choice needs no line
    model.fit(X, epochs=1, verbose=0)
    assert not lines(caplog)


@pytest.mark.skipif(BACKEND != "torch", reason="torch alone records steps")
def test_a_step_that_cannot_be_recorded_says_so(caplog):
    caplog.set_level(logging.INFO, "zoo.engine")
    networks = draw_weights(mlp((5,), (4,)), 0), draw_weights(mlp((4,), (5,)), 1)
    model = Autoencoder(*networks, noise=0.3)
    model.compile("adam")
    model.fit(Batches(X, 4, seed=0), epochs=1, verbose=0)
    (line,) = lines(caplog)
    assert "as seeded noise and SGD do" in line and "JAX or TensorFlow" in line


def test_a_changed_setting_counts_from_the_next_score_on():
    class Scaled(Autoencoder):
        def __init__(self, encoder, decoder, factor=1.0, **kwargs):
            super().__init__(encoder, decoder, **kwargs)
            self.factor = factor

        def score(self, x):
            return self.factor * super().score(x)

    model = Scaled(draw_weights(mlp((5,), (3,)), 0), draw_weights(mlp((3,), (5,)), 1))
    before = model.predict(X)
    model.factor = 3.0
    np.testing.assert_allclose(model.predict(X), 3 * before, rtol=1e-5)


def test_a_classifier_trains_alike_on_labels_by_both_engines():
    y = (X[:, 0] > 0).astype("float32")
    found = []
    for name in engine.ENGINES:
        engine.use(name)
        model = Classifier(draw_weights(mlp((5,), (3,)), 0), draw_weights(mlp((3,), (1,)), 1))
        model.compile(keras.optimizers.Adam(1e-2))
        weights = np.linspace(0, 2, len(X))
        model.fit(X, y, sample_weight=weights, shuffle=False, epochs=2, verbose=0)
        found.append(model.predict(X))
    np.testing.assert_allclose(*found, rtol=1e-4)
