"""The promises that every detector keeps, as functions, and `check`, which runs them on a class.

    from zoo.detectors import contract
    contract.check(MyDetector)  # ContractError names the first promise that is broken

A detector brings its own examples (`Detector.examples`), so a method from another distribution is
checked as the zoo's own are. The class must be registered, or be an entry point: see
`zoo.detectors.registry`.
"""

from __future__ import annotations

import importlib.util
import inspect
import pickle
import tempfile
import warnings
from dataclasses import fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from zoo.detectors import artifact, registry, settings
from zoo.detectors.base import Detector
from zoo.detectors.examples import Example, ExampleData
from zoo.detectors.export import FORMATS
from zoo.detectors.stream import StreamScorer
from zoo.models.collapse import CollapseWarning
from zoo.models.promises import (
    BrokenError,
    ContractError,
    Promise,
    promise_of,
    require,
    require_distinct_names,
    require_refused,
    require_same,
)

__all__ = ["PROMISES", "ContractError", "Promise", "Subject", "check", "subjects"]

EXPORTED = "onnx"


class Subject:
    """One example of a detector class, to be held to the promises; fitted once for all of them.

    Args:
        cls: the class.
        example: one of its examples.
    """

    def __init__(self, cls: type[Detector], example: Example) -> None:
        self.cls = cls
        self.example = example

    @property
    def name(self) -> str:
        """Name of class and example, for messages and file names."""
        return f"{self.cls.__name__}-{self.example.name.replace(' ', '-')}"

    @property
    def data(self) -> ExampleData:
        """Data of the kind that the example takes."""
        return self.example.data

    @property
    def has_rows(self) -> bool:
        """Whether `X` is a frame of rows: a table or a series."""
        return self.example.kind in ("table", "series")

    def new(self, **changes: Any) -> Any:
        """Return the detector of the example, not fitted, with other settings."""
        return clone(self.example.detector).set_params(**changes)

    @cached_property
    def fitted(self) -> Any:
        """The detector of the example, fitted to its training data."""
        detector = self.new()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CollapseWarning)
            found = detector.fit(self.data.train)
        require(found is detector, f"fit returned {type(found).__name__}")
        return detector

    @cached_property
    def scores(self) -> np.ndarray:
        """Anomaly scores of the test data, `(n,)`."""
        return np.asarray(self.fitted.anomaly_score(self.data.test))


PROMISES: list[Promise] = []
_promise = partial(promise_of, PROMISES)


def check(cls: type[Detector]) -> None:
    """Hold the examples of a detector class to every promise.

    Args:
        cls: a registered subclass of `zoo.detectors.Detector`.

    Raises:
        ContractError: it is no detector class, it has no examples, or one breaks a promise.

    Example:
        >>> check(int)
        Traceback (most recent call last):
        zoo.models.promises.ContractError: <class 'int'> is no subclass of zoo.detectors.Detector.
    """
    for subject in subjects(cls):
        for promise in PROMISES:
            promise(subject)


def subjects(cls: type[Detector]) -> list[Subject]:
    """Return the examples of a detector class as subjects of the promises.

    Raises:
        ContractError: it is no detector class, it has no examples, or two share a name.
    """
    if not (isinstance(cls, type) and issubclass(cls, Detector)):
        raise ContractError(f"{cls!r} is no subclass of zoo.detectors.Detector.")
    found = [Subject(cls, example) for example in cls.examples()]
    if not found:
        raise ContractError(
            f"{cls.__name__} has no examples; give it a classmethod `examples` that yields "
            f"zoo.detectors.examples.Example, or leave the inherited one."
        )
    require_distinct_names(cls, found)
    return found


@_promise("The constructor only stores its arguments, which are its settings.")
def constructor_only_stores(subject: Subject) -> None:
    detector = subject.example.detector
    require(type(detector) is subject.cls, f"an instance of {type(detector).__name__}")
    names = {item.name for item in fields(subject.cls)}
    taken = set(inspect.signature(subject.cls).parameters)
    require(
        names == taken,
        f"the settings {sorted(names ^ taken)} in one of fields and constructor; decorate the "
        f"class with @dataclass(kw_only=True, eq=False, repr=False)",
    )
    given = detector.get_params(deep=False)
    again = subject.cls(**given)
    for name, value in given.items():
        require(getattr(again, name) is value, f"{name}={getattr(again, name)!r}, given {value!r}")
    require(set(vars(again)) == names, f"the attributes {sorted(set(vars(again)) - names)}")


@_promise("Defaults lie within the bounds on their fields, and fit refuses the rest.")
def bounds_are_kept(subject: Subject) -> None:
    hints = settings.hints(subject.cls)
    for item in fields(subject.cls):
        settings.check(subject.cls, {item.name: item.default})
        outside = settings.outside(hints[item.name])
        if outside is None:
            continue
        fit = subject.new(**{item.name: outside}).fit
        require_refused(partial(fit, subject.data.train), f"{item.name} is {outside!r}")


@_promise("A clone has the same settings, and fitting changes none of them.")
def settings_stay(subject: Subject) -> None:
    before = subject.example.detector.get_params(deep=False)
    require(subject.new().get_params(deep=False) == before, "a clone with other settings")
    after = subject.fitted.get_params(deep=False)
    changed = [name for name in before if after[name] != before[name]]
    require(not changed, f"{', '.join(changed)} changed by fit")


@_promise("fit returns the detector, and does not collapse.")
def fit_returns_self(subject: Subject) -> None:
    require(subject.fitted.collapsed_ is False, "a model that collapsed")
    history = subject.fitted.history_
    require("loss" in history, f"a history of {sorted(history)}")
    require(bool(np.isfinite(history["loss"]).all()), f"losses {history['loss']}")


@_promise("Scores are one finite float32 per sample or row, larger for anomalies.")
def scores_rank(subject: Subject) -> None:
    scores, labels = subject.scores, subject.data.labels
    require(scores.shape == labels.shape, f"shape {scores.shape} for {len(labels)} samples")
    require(scores.dtype == np.float32, f"scores of dtype {scores.dtype}")
    require(bool(np.isfinite(scores).all()), f"{np.sum(~np.isfinite(scores))} not finite")
    middle, high = np.median(scores[labels == 1]), np.quantile(scores[labels == 0], 0.95)
    require(
        middle > high,
        f"a median of {middle:.6g} for anomalies, and {high:.6g} at the 95th percentile of normals",
    )


@_promise("predict gives -1 above the threshold and 1 below, as scikit-learn has it.")
def predict_decides(subject: Subject) -> None:
    detector, x, scores = subject.fitted, subject.data.test, subject.scores
    limit = detector.calibration_.limit
    require(bool(np.isfinite(limit)), f"a threshold of {limit}")
    require(detector.offset_ == -limit, f"offset_ {detector.offset_} for the threshold {limit}")
    require_same([detector.score_samples(x)], [-scores], "score_samples and scores", rtol=1e-6)
    margins = detector.decision_function(x)
    require_same([margins], [detector.score_samples(x) + limit], "margins", rtol=1e-9, atol=1e-12)
    decided = detector.predict(x)
    require_same([decided], [np.where(margins < 0, -1, 1)], "predict and decision_function")
    require(
        np.mean(decided[subject.data.labels == 1] == -1) > 0.5,
        f"{np.mean(decided[subject.data.labels == 1] == -1):.0%} of the anomalies flagged",
    )
    alarms = np.mean(detector.predict(subject.data.train) == -1)
    require(alarms < 0.1, f"{alarms:.0%} of the training data flagged")


@_promise("detect has columns of score, probability and anomaly, and the index of X.")
def detect_tells(subject: Subject) -> None:
    x = subject.data.test
    table = subject.fitted.detect(x)
    series = subject.example.kind == "series"
    columns = ["score", "probability", "anomaly"] + ["warm_up"] * series
    require(list(table.columns) == columns, f"the columns {list(table.columns)}")
    if isinstance(x, pd.DataFrame):
        require(table.index.equals(x.index), "another index")
    require(bool(table["probability"].between(0, 1).all()), "probabilities outside 0 to 1")
    ordered = table.sort_values("score")["probability"]
    require(ordered.is_monotonic_increasing, "a higher score with a lower probability")
    flagged = subject.fitted.predict(x) == -1
    require_same([table["anomaly"]], [flagged.astype(int)], "anomaly and predict")
    if series:
        warm_up = subject.fitted.window - 1
        require(table["warm_up"].sum() == warm_up, f"{table['warm_up'].sum()} rows of warm-up")


@_promise("The same seed gives the same scores, bit for bit.")
def same_seed_same_scores(subject: Subject) -> None:
    again = subject.new().fit(subject.data.train)
    require_same([again.anomaly_score(subject.data.test)], [subject.scores], "two fits")


@_promise("The threshold changes without another fit, and the scores do not.")
def threshold_changes(subject: Subject) -> None:
    detector = pickle.loads(pickle.dumps(subject.fitted))
    median = float(np.median(subject.scores))
    require(detector.set_threshold(limit=median) is detector, "set_threshold returns another")
    flagged = int(np.sum(detector.predict(subject.data.test) == -1))
    expected = int(np.sum(subject.scores > median))
    require(flagged == expected, f"{flagged} flagged above the median, {expected} scores are")
    require_same([detector.anomaly_score(subject.data.test)], [subject.scores], "scores", rtol=1e-5)


@_promise("Pickling stores weights as arrays, without code of Keras, and keeps scores.")
def pickle_keeps_scores(subject: Subject) -> None:
    state = subject.fitted.__getstate__()
    models = [name for name, value in state.items() if isinstance(value, keras.Model)]
    require(not models, f"the Keras models {models} in the state")
    again = pickle.loads(pickle.dumps(subject.fitted))
    require_same([again.anomaly_score(subject.data.test)], [subject.scores], "scores", rtol=1e-5)


@_promise("A saved detector has the same settings, threshold and scores when loaded.")
def saving_keeps_everything(subject: Subject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = subject.fitted.save(Path(folder) / "model.zoo")
        again = artifact.load(path)
        manifest, _ = artifact.read(path)
    require(type(again) is subject.cls, f"an instance of {type(again).__name__}")
    method = registry.name_of(subject.cls)
    require(manifest["method"] == method, f"the method {manifest['method']!r}, not {method!r}")
    before, after = subject.fitted.get_params(deep=False), again.get_params(deep=False)
    require(after == before, f"the settings {after}, saved {before}")
    require(again.offset_ == subject.fitted.offset_, "another threshold")
    require_same([again.anomaly_score(subject.data.test)], [subject.scores], "scores", rtol=1e-5)


@_promise("A stream of rows gets the scores of the whole, NaN in the warm-up.")
def stream_equals_whole(subject: Subject) -> None:
    if not subject.has_rows:
        require_refused(lambda: StreamScorer(subject.fitted), "a stream has rows")
        return
    stream, x = StreamScorer(subject.fitted), subject.data.test
    found = pd.concat([stream.push(x.iloc[a:b]) for a, b in ((0, 1), (1, 3), (3, len(x)))])
    warm_up = subject.fitted.window - 1 if subject.example.kind == "series" else 0
    require(bool(found["score"].head(warm_up).isna().all()), "scores in the warm-up")
    whole = subject.scores[warm_up:]
    require_same([found["score"][warm_up:]], [whole], "scores", rtol=1e-4, atol=1e-7)


@_promise("explain attributes scores to the features by name.")
def explains_by_name(subject: Subject) -> None:
    found = subject.fitted.explain(subject.data.test, count=2)
    require(found.contributions.shape == found.values.shape, f"{found.contributions.shape}")
    require(bool(np.isfinite(found.contributions).all()), "contributions that are not finite")
    require_same([found.scores], [subject.scores[found.rows]], "scores", rtol=1e-4)
    highest = subject.data.labels[found.rows]
    require(bool(highest.all()), f"the normal samples {found.rows[highest == 0]} as most anomalous")
    if subject.has_rows:
        names = set(found.table()["feature"])
        require(names <= set(subject.data.test.columns), f"the features {sorted(names)}")


@_promise("Data that cannot be used are refused with an error that says why.")
def bad_data_are_refused(subject: Subject) -> None:
    try:
        subject.new().predict(subject.data.test)
    except NotFittedError:
        pass
    else:
        raise BrokenError("a prediction before fit")
    holed = np.array(subject.data.test, dtype=float)
    holed.flat[0] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that names are missing
        require_refused(lambda: subject.new().fit(holed), "NaN")
        require_refused(lambda: subject.fitted.predict(holed), "NaN")
        wider = np.zeros((*holed.shape[:-1], holed.shape[-1] + 1))
        require_refused(lambda: subject.fitted.predict(wider), "features")


@_promise("An exported graph gives the same scores and decisions.")
def export_equals_detector(subject: Subject) -> None:
    backend, packages = FORMATS[EXPORTED]
    if any(importlib.util.find_spec(package) is None for package in (backend, *packages)):
        return
    if keras.backend.backend() != backend and registry.registered_here(subject.cls):
        return  # the other backend's process does not know the class
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporters
        found = subject.fitted.export(Path(folder) / "model.onnx", EXPORTED)
    require(found.difference < 1e-4, f"a difference of {found.difference:.2g} of the score")
