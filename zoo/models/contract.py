"""The promises that every model keeps, as functions, and `check`, which runs them on a class.

    from zoo.models import contract
    contract.check(MyModel)  # ContractError names the first promise that is broken

A model brings its own examples (`AnomalyModel.examples`), so a method from another distribution is
checked as the zoo's own are.
"""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.models.base import AnomalyModel, arguments, weighs_samples
from zoo.models.examples import Example, ExampleData
from zoo.models.promises import (
    ContractError,
    Promise,
    promise_of,
    require,
    require_distinct_names,
    require_refused,
    require_same,
)
from zoo.training.batches import Batches

__all__ = [
    "PROMISES",
    "ContractError",
    "Promise",
    "Subject",
    "check",
    "subjects",
]

EPOCHS = 6
BATCH_SIZE = 16


@dataclass(frozen=True)
class Trained:
    """A model after a fit with every common callback.

    Attributes:
        model: the fitted model.
        history: name of a log to its value per epoch.
        screen: what `fit` printed.
        folder: holds `best.keras` and `history.csv`, which callbacks wrote.
    """

    model: AnomalyModel
    history: dict[str, list[float]]
    screen: str
    folder: Path


class Subject:
    """One example of a model class, to be held to the promises; trained once for all of them.

    Args:
        cls: the class.
        example: one of its examples.
    """

    def __init__(self, cls: type[AnomalyModel], example: Example) -> None:
        self.cls = cls
        self.example = example
        self._folder = tempfile.TemporaryDirectory()

    @property
    def name(self) -> str:
        """Name of class and example, for messages and file names."""
        return f"{self.cls.__name__}-{self.example.name.replace(' ', '-')}"

    @property
    def data(self) -> ExampleData:
        """Samples of the kind that the example takes."""
        return self.example.data

    def new_folder(self) -> Path:
        """Return an empty folder that goes with the subject."""
        return Path(tempfile.mkdtemp(dir=self._folder.name))

    @cached_property
    def trained(self) -> Trained:
        """The example after a fit with validation data and every common callback."""
        model, screen, folder = self.example.compiled(), io.StringIO(), self.new_folder()
        callbacks = [
            keras.callbacks.EarlyStopping("val_loss", patience=99, restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=1e6),
            keras.callbacks.ModelCheckpoint(folder / "best.keras", "val_loss", save_best_only=True),
            keras.callbacks.CSVLogger(folder / "history.csv"),
            keras.callbacks.TerminateOnNaN(),
        ]
        with contextlib.redirect_stdout(screen):
            history = model.fit(
                *self.data.pair("train"),
                validation_data=self.data.pair("validation"),
                batch_size=BATCH_SIZE,
                epochs=EPOCHS,
                shuffle=False,
                callbacks=callbacks,
            )
        return Trained(model, history.history, screen.getvalue(), folder)


PROMISES: list[Promise] = []
_promise = partial(promise_of, PROMISES)


def check(cls: type[AnomalyModel]) -> None:
    """Hold the examples of a model class to every promise.

    Args:
        cls: a concrete `AnomalyModel` with `examples`.

    Raises:
        ContractError: the class has no examples, or one of them breaks a promise.

    Example:
        >>> check(AnomalyModel)
        Traceback (most recent call last):
        zoo.models.promises.ContractError: AnomalyModel has no examples; ...
    """
    for subject in subjects(cls):
        for promise in PROMISES:
            promise(subject)


def subjects(cls: type[AnomalyModel]) -> list[Subject]:
    """Return the examples of a model class as subjects of the promises.

    Raises:
        ContractError: it is no model class, it has no examples, or two of them share a name.
    """
    if not (isinstance(cls, type) and issubclass(cls, AnomalyModel)):
        raise ContractError(f"{cls!r} is no subclass of zoo.models.base.AnomalyModel.")
    found = [Subject(cls, example) for example in cls.examples()]
    if not found:
        raise ContractError(
            f"{cls.__name__} has no examples; give it a classmethod `examples` that yields "
            f"zoo.models.examples.Example."
        )
    require_distinct_names(cls, found)
    return found


@_promise("make() returns an instance of its class, untrained, with the same weights every time.")
def make_repeats(subject: Subject) -> None:
    first, second = subject.example.make(), subject.example.make()
    require(type(first) is subject.cls, f"an instance of {type(first).__name__}")
    require(first is not second, "one model for two calls")
    require_same(_values(first.weights), _values(second.weights), "weights")


@_promise("Networks are arguments of __init__, and every argument is kept under its own name.")
def networks_are_arguments(subject: Subject) -> None:
    model = subject.example.make()
    for name in arguments(model):
        require(hasattr(model, name), f"no attribute {name!r}")
    given = [id(getattr(model, name)) for name in arguments(model)]
    for layer in model.layers:
        own = isinstance(layer, keras.Model) and id(layer) not in given
        require(not own, f"the network {layer.name!r}, which is no argument")


@_promise("The model is built by __init__ and knows the shape of a sample.")
def is_born_built(subject: Subject) -> None:
    model = subject.example.make()
    require(model.built, "a model that is not built: end __init__ with self.build(input_shape)")
    shape = subject.data.train.shape[1:]
    fits = len(shape) == len(model.sample_shape) and all(
        size in (None, known) for size, known in zip(model.sample_shape, shape, strict=True)
    )
    require(fits, f"sample_shape {model.sample_shape} for samples {shape}")


@_promise("The same configuration gives the same model.")
def config_round_trip(subject: Subject) -> None:
    model = subject.example.make()
    config = model.get_config()
    rebuilt = type(model).from_config(config)
    require(model.get_config() == config, "a configuration that changes when it is read")
    for name in config | rebuilt.get_config():
        ours, theirs = config.get(name), rebuilt.get_config().get(name)
        require(ours == theirs, f"{name}={theirs!r} after a round trip, {ours!r} before")
    shapes = [[tuple(v.shape) for v in each.variables] for each in (model, rebuilt)]
    require(shapes[0] == shapes[1], "variables of other shapes")


@_promise("Labels that are not needed are refused, and labels that are needed are demanded.")
def labels_fit(subject: Subject) -> None:
    x, y = subject.data.pair("train")
    needs = subject.cls.needs_labels
    require(needs == (y is not None), f"needs_labels={needs} and data of kind "
             f"{subject.example.kind!r}")  # fmt: skip
    wrong = np.zeros(len(x)) if y is None else None
    model = subject.example.compiled()
    require_refused(lambda: model.fit(x, wrong), "without labels" if y is None else "from labels")


@_promise("Fitting before compile is refused with a ValueError that names compile.")
def fit_needs_compile(subject: Subject) -> None:
    model = subject.example.make()
    require_refused(lambda: model.fit(*subject.data.pair("train")), "compile")


@_promise("fit lowers the loss, reports it with the validation loss, and does not collapse.")
def fit_lowers_the_loss(subject: Subject) -> None:
    history, screen = subject.trained.history, subject.trained.screen
    for name in ("loss", "val_loss"):
        require(name in history, f"no {name!r} in the history")
        require(f"{name}: " in screen, f"no {name!r} in what fit printed")
    for name, each in history.items():
        require(bool(np.all(np.isfinite(each))), f"{name} {each}")
    first, last = history["loss"][0], history["loss"][-1]
    require(last < first, f"a loss of {first:.6g} in the first epoch and {last:.6g} in the last")
    verdict = subject.trained.model.verdict
    require(verdict is not None and not verdict.collapsed, str(verdict))


@_promise("Scores are one finite float32 per sample, and larger far away from normal data.")
def scores_rank(subject: Subject) -> None:
    normal, anomalous = (
        subject.trained.model.predict(getattr(subject.data, part), verbose=0)
        for part in ("validation", "anomalous")
    )
    for scores in (normal, anomalous):
        require(scores.shape == (16,), f"shape {scores.shape} for 16 samples")
        require(scores.dtype == np.float32, f"scores of dtype {scores.dtype}")
        require(bool(np.all(np.isfinite(scores))), f"{np.sum(~np.isfinite(scores))} not finite")
    middle, most = np.median(anomalous), np.max(normal)
    require(
        middle > most,
        f"a median of {middle:.6g} for anomalous samples, {most:.6g} for a normal one",
    )


@_promise("predict gives what score gives, whatever the batch size.")
def predict_is_score(subject: Subject) -> None:
    model, x = subject.trained.model, subject.data.anomalous
    scores = model.predict(x, verbose=0)
    by_hand = ops.convert_to_numpy(model.score(ops.convert_to_tensor(x)))
    require_same([scores], [by_hand], "predict and score", rtol=1e-5)
    in_parts = model.predict(x, batch_size=5, verbose=0)
    require_same([in_parts], [scores], "batches of 5 and all at once", rtol=1e-5)


@_promise("Evaluating and scoring change no weight and no state.")
def evaluation_changes_nothing(subject: Subject) -> None:
    model, data = subject.trained.model, subject.data.pair("anomalous")
    before = _values(model.weights)
    first = model.evaluate(*data, batch_size=8, verbose=0, return_dict=True)
    model.predict(data[0], verbose=0)
    require_same(_values(model.weights), before, "weights")
    again = model.evaluate(*data, batch_size=8, verbose=0, return_dict=True)
    require(first == again, f"{again} the second time, {first} the first")


@_promise("Callbacks find what they ask for: losses, the learning rate, and weights to restore.")
def callbacks_work(subject: Subject) -> None:
    trained, data = subject.trained, subject.data
    best = int(np.argmin(trained.history["val_loss"]))
    restored = trained.model.evaluate(
        *data.pair("validation"), batch_size=BATCH_SIZE, verbose=0, return_dict=True
    )
    of_best = [trained.history["val_loss"][best]]
    require_same([restored["loss"]], of_best, "restored and best validation loss", rtol=1e-5)

    with open(trained.folder / "history.csv", newline="") as file:
        logged = [float(row["val_loss"]) for row in csv.DictReader(file)]
    require_same([logged], [trained.history["val_loss"]], "logged and returned losses", rtol=1e-5)

    rates = subject.example.learning_rate * 0.5 ** np.array([0, 0, 1, 2, 3, 4])
    require_same([trained.history["learning_rate"]], [rates], "learning rates", rtol=1e-5)

    checkpoint = keras.saving.load_model(trained.folder / "best.keras")
    scores = [each.predict(data.anomalous, verbose=0) for each in (checkpoint, trained.model)]
    require_same([scores[0]], [scores[1]], "scores of the checkpoint and the model", rtol=1e-5)


@_promise("A saved model scores the same and trains on, its optimizer with it.")
def saving_keeps_everything(subject: Subject) -> None:
    model, path = subject.trained.model, subject.new_folder() / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    require_same(_values(loaded.weights), _values(model.weights), "weights")
    found, expected = (_values(each.optimizer.variables) for each in (loaded, model))
    require_same(found, expected, "the optimizer's variables")
    scores = [each.predict(subject.data.anomalous, verbose=0) for each in (loaded, model)]
    require_same([scores[0]], [scores[1]], "scores", rtol=1e-6)  # torch rounds in another order

    before = _values(loaded.trainable_variables)
    steps = int(ops.convert_to_numpy(loaded.optimizer.iterations))
    history = loaded.fit(*subject.data.pair("train"), batch_size=24, epochs=1, verbose=0).history
    require(bool(np.isfinite(history["loss"][0])), f"a loss of {history['loss'][0]} afterwards")
    taken = int(ops.convert_to_numpy(loaded.optimizer.iterations)) - steps
    require(taken > 0, "no step of the loaded optimizer")
    for variable, old in zip(loaded.trainable_variables, before, strict=True):
        moved = bool(np.any(ops.convert_to_numpy(variable) != old))
        require(moved, f"{variable.path} did not move in the next fit")


@_promise("A fit that was killed resumes to the same weights.")
def a_killed_fit_resumes(subject: Subject) -> None:
    folder = subject.new_folder()

    def fit(backup: Path, *callbacks: keras.callbacks.Callback) -> AnomalyModel:
        model = subject.example.compiled()
        x, y = subject.data.pair("train")
        batches = Batches(x, batch_size=BATCH_SIZE, seed=0, y=y)  # as a new process makes them
        callbacks = (keras.callbacks.BackupAndRestore(backup), *callbacks)
        model.fit(batches, epochs=3, verbose=0, callbacks=list(callbacks))
        return model

    def keep(epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch == 1:
            shutil.copytree(folder / "whole", folder / "killed")

    whole = fit(folder / "whole", keras.callbacks.LambdaCallback(on_epoch_begin=keep))
    resumed = fit(folder / "killed")
    require(resumed.history.epoch == [1, 2], f"epochs {resumed.history.epoch} after resuming")
    require_same(_values(resumed.weights), _values(whole.weights), "weights", rtol=0, atol=1e-6)


@_promise("Sample weights given to fit reach learn, or are refused by a model that takes none.")
def fit_takes_weights(subject: Subject) -> None:
    model, (x, y) = subject.example.compiled(), subject.data.pair("train")
    ones = np.ones(len(x), "float32")
    if not weighs_samples(model):
        require_refused(lambda: model.fit(x, y, sample_weight=ones, verbose=0), "sample_weight")
        return
    options: dict[str, Any] = {"batch_size": BATCH_SIZE, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, sample_weight=ones, epochs=1, **options).history
    expected = subject.trained.history["loss"][:1]
    require_same(
        [history["loss"]], [expected], "the losses of an epoch with weights and without", 1e-4
    )


@_promise("Sample weights of 1 change nothing.")
def unit_weights_change_nothing(subject: Subject) -> None:
    for model, batch in _weighable(subject):
        without = _validate(model, batch)
        with_ones = _validate(model, batch, ops.ones(len(batch[0]), dtype="float32"))
        require(without.keys() == with_ones.keys(), f"the terms {sorted(with_ones)}")
        names = sorted(without)
        found, expected = (_values([logs[each] for each in names]) for logs in (with_ones, without))
        require_same(found, expected, f"the terms {names} with and without weights", rtol=1e-5)


@_promise("A sample of weight 0 does not count in the loss, and one of weight 2 counts twice.")
def weights_count(subject: Subject) -> None:
    for model, batch in _weighable(subject):
        x, n = ops.convert_to_numpy(batch[0]), len(batch[0])
        weights = np.ones(n, "float32")
        weights[-1] = 0
        replaced = np.concatenate([x[:-1], x[:1]])

        def loss(x: np.ndarray, weights: np.ndarray, batch: Any = batch, model: Any = model) -> Any:
            given = (ops.convert_to_tensor(x), *batch[1:])
            return _values([_validate(model, given, ops.convert_to_tensor(weights))["loss"]])

        require_same(
            loss(replaced, weights), loss(x, weights), "losses of two samples of weight 0",
            rtol=1e-5,
        )  # fmt: skip
        base, single = loss(x, 0 * weights)[0], loss(x, np.eye(n, dtype="float32")[0])[0]
        double = loss(x, 2 * np.eye(n, dtype="float32")[0])[0]
        require_same(
            [double - base], [2 * (single - base)], "weights of 2 and 1", rtol=1e-3, atol=1e-5
        )


def _weighable(subject: Subject) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield the trained model and a batch for it, where it takes sample weights."""
    if weighs_samples(subject.trained.model):
        x, y = subject.data.pair("train")
        batch = (x[:8],) if y is None else (x[:8], y[:8].astype("float32"))
        yield subject.trained.model, tuple(map(ops.convert_to_tensor, batch))


def _validate(model: Any, batch: tuple[Any, ...], sample_weight: Any = None) -> dict[str, Any]:
    """Return the terms of a validation step; what it assigns to is thrown away."""
    weighted = {} if sample_weight is None else {"sample_weight": sample_weight}
    with keras.StatelessScope([(v, v.value) for v in model.variables], initialize_variables=False):
        return model.learn(*batch, training=False, **weighted)


def _values(variables: Sequence[Any]) -> list[np.ndarray]:
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]
