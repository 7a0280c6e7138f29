"""Shared parts of recipes: bounds of settings, contestants and their numbers, facts of a run.

A recipe's `run` fits contestants (models and one-second baselines), lets each judge the test
samples, and puts a row for each into one table. Data, networks and thresholds are its own.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Annotated, Any, Literal, TypeVar

import keras
import numpy as np
import pandas as pd

from zoo import backend
from zoo.detectors.settings import Bounds, SettingError
from zoo.evaluation import metrics
from zoo.evaluation.baselines import Baseline
from zoo.models.base import AnomalyModel
from zoo.training.batches import Batches

T = TypeVar("T")


class NotEmpty:
    """Mark of a tuple that needs an item."""


Count = Annotated[int, Bounds(1)]
Amount = Annotated[float, Bounds(0)]
Share = Annotated[float, Bounds(above=0, below=1)]
NonEmpty = Annotated[T, NotEmpty()]


def check(config: Any) -> None:
    """Refuse a config with a setting outside of the bounds on its field.

    Bounds hold for each item of a tuple and for the fields of a nested config; None stands for a
    default and passes.

    Args:
        config: A dataclass instance.

    Raises:
        SettingError: Names the setting, its value and what to give instead.

    Example:
        >>> @dataclass
        ... class Config:
        ...     epochs: Count = 8
        >>> check(Config(epochs=0))
        Traceback (most recent call last):
        zoo.detectors.settings.SettingError: epochs is 0; give 1 or more
    """
    _check_fields(config, "")


def _check_fields(config: Any, prefix: str) -> None:
    kinds = typing.get_type_hints(type(config), include_extras=True)
    for field in dataclasses.fields(config):
        name = f"{prefix}{field.name}"
        _check_value(kinds[field.name], getattr(config, field.name), name)


def _check_value(kind: Any, value: Any, name: str) -> None:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if value is None:
        return
    if dataclasses.is_dataclass(value):
        _check_fields(value, f"{name}.")
    elif origin is Annotated:
        for mark in arguments[1:]:
            if isinstance(mark, Bounds) and value not in mark:
                raise SettingError(name, f"is {value}; give {mark}")
            if isinstance(mark, NotEmpty) and not value:
                raise SettingError(name, "is empty; give one or more")
        _check_value(arguments[0], value, name)
    elif origin in (typing.Union, types.UnionType):
        for choice in arguments:
            _check_value(choice, value, name)
    elif origin is tuple:
        for item in value:
            _check_value(arguments[0], item, name)


@dataclass(frozen=True)
class Contestant:
    """A fitted detector, which becomes a row of the comparison.

    Attributes:
        kind: Whether it is a model or a one-second baseline.
        score: Map samples, as the recipe has them, to scores `(n,)`; larger is more anomalous.
        fit_seconds: Wall-clock time of its training.
        model: The Keras model; None for a baseline.
    """

    kind: Literal["model", "baseline"]
    score: Callable[[Any], Any]
    fit_seconds: float
    model: AnomalyModel | None = None


@dataclass(frozen=True)
class Judged:
    """The outcome of a contestant on the test samples.

    Attributes:
        contestant: Who scored.
        scores: `(n,)` scores of the test samples.
        numbers: Name to value of the metrics on detection.
        seconds: Wall-clock time of the scoring.
    """

    contestant: Contestant
    scores: np.ndarray
    numbers: dict[str, Any]
    seconds: float

    @property
    def row(self) -> dict[str, Any]:
        """Kind, numbers on detection, and what fitting and scoring cost."""
        model = self.contestant.model
        return {
            "kind": self.contestant.kind,
            **self.numbers,
            "parameters": model.count_params() if model else None,
            "fit_seconds": self.contestant.fit_seconds,
            "score_seconds": self.seconds,
            "collapsed": model.verdict.collapsed if model else None,
        }


def timed(work: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    """Return what `work(*arguments)` returns, and the seconds it took."""
    start = perf_counter()
    done = work(*arguments)
    return done, perf_counter() - start


def train(
    model: AnomalyModel, batches: Batches, epochs: int, **options: Any
) -> tuple[pd.DataFrame, float]:
    """Fit a compiled model quietly.

    Args:
        model: The model.
        batches: Training samples.
        epochs: Number of the last epoch.
        **options: For `fit`, such as `callbacks`.

    Returns:
        One row per epoch with a column per loss, and the seconds.
    """
    start = perf_counter()
    history = model.fit(batches, epochs=epochs, verbose=0, **options)
    seconds = perf_counter() - start
    table = pd.DataFrame(history.history).drop(columns="learning_rate", errors="ignore")
    table.insert(0, "epoch", np.array(history.epoch) + 1)
    return table, seconds


def scores_of(model: AnomalyModel, batch_size: int | None = None) -> Callable:
    """Return the function from samples to their scores under `model`."""
    return lambda x: model.predict(x, batch_size=batch_size, verbose=0)


def fit_baselines(baselines: Mapping[str, Baseline], x: np.ndarray) -> dict[str, Contestant]:
    """Fit each baseline to the training samples `x (n, ...)`; a contestant by name."""
    fitted = {}
    for name, baseline in baselines.items():
        _, seconds = timed(baseline.fit, x)
        fitted[name] = Contestant("baseline", baseline.score, seconds)
    return fitted


def judge(
    contestant: Contestant,
    x_valid: np.ndarray,
    x_test: np.ndarray,
    labels: np.ndarray,
    threshold: Callable[[np.ndarray], float],
) -> Judged:
    """Let a contestant score the test samples, and measure how well it tells them apart.

    Args:
        contestant: Who scores.
        x_valid: Held-out normal samples `(k, ...)`, which the threshold is fitted to.
        x_test: Test samples `(n, ...)`.
        labels: `(n,)`, 1 = anomaly.
        threshold: Map the scores of held-out normals `(k,)` to the score above which to flag.
    """
    limit = threshold(contestant.score(x_valid))
    scores, seconds = timed(contestant.score, x_test)
    return Judged(contestant, scores, metrics.summarize(labels, scores, limit), seconds)


def facts(n_train: int, n_test: int, epochs: int, seed: int) -> dict[str, Any]:
    """Return what holds for every row of a run: sample counts, epochs, backend, device, seed."""
    return {
        "n_train": n_train,
        "n_test": n_test,
        "epochs": epochs,
        "backend": keras.backend.backend(),
        "device": backend.describe()["device"],
        "seed": seed,
    }


def compare(
    judged: Mapping[str, Judged], shared: Mapping[str, Any], *more: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the comparison: a row per contestant and `more` rows, `shared` in each."""
    rows = [{"variant": name, **each.row} for name, each in judged.items()]
    return pd.DataFrame([{**row, **shared} for row in (*rows, *more)])


def headline(judged: Judged, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of a run, which are those of one contestant."""
    return {name: value for name, value in judged.row.items() if name != "kind"} | dict(shared)


def flag_everything(labels: np.ndarray) -> dict[str, Any]:
    """Return the row of a detector that flags every sample."""
    flagged = metrics.at_threshold(labels, np.ones_like(labels))
    return {"variant": "flag everything", "kind": "trivial", **flagged}


def collapse_notes(contestants: Mapping[str, Contestant]) -> Sequence[str]:
    """Return a sentence for each contestant whose model collapsed."""
    models = {name: each.model for name, each in contestants.items() if each.model is not None}
    return [
        f"{name} collapsed: {model.verdict}."
        for name, model in models.items()
        if model.verdict.collapsed
    ]
