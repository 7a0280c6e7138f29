"""What all estimators share: scikit-learn's outlier interface around a detector of `zoo.models`."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import keras
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from zoo.data.arrays.windows import sliding_windows
from zoo.detectors import fitting as training
from zoo.detectors import inputs
from zoo.detectors.calibration import Calibration
from zoo.detectors.chunks import HELD_OUT, ChunkedBatches, ChunkReader, Chunks
from zoo.detectors.preparation import Preparation
from zoo.errors import InputError
from zoo.explain import Explanation
from zoo.models.base import AnomalyModel
from zoo.nn.networks import seed_dropout, undrawn
from zoo.training.batches import Batches

KINDS = {2: "table", 3: "windows", 4: "images"}  # axes of X to what it is, where no window is set


@dataclass(kw_only=True, eq=False, repr=False)
class Detector(OutlierMixin, BaseEstimator):
    """Base of the estimators: data in, scores, decisions and probabilities out.

    What `X` is follows from its axes: `(n, features)` a table, or with `window` a series whose rows
    are in order of time; `(n, window, features)` windows; `(n, height, width, channels)` images.

    `fit` learns what is normal from data that are mostly normal; labels are ignored. Part of the
    data is held out, the last part of a series: it decides when training stops, and its scores make
    the threshold. Scores, thresholds and scaling are the same whichever backend runs.

    Of a series every row gets the score of the window that *ends* at it, so that a stream scores as
    a whole series does. The first `window - 1` rows, the warm-up, take the first window's score.

    Args:
        contamination: share of the training data that is anomalous, below ½: the threshold flags
            so many of them. 0: nothing in training is flagged. `"auto"`: the threshold is the
            score that normal data exceed with a probability of `false_alarm_rate`.
        false_alarm_rate: share of normal data that may be flagged, for `contamination="auto"`.
        scaling: `"standard"`, `"minmax"`, `"robust"` or `"none"`; images always take their range.
        missing: what to do about NaN: `"error"`, `"mean"` (of the feature in training) or
            `"forward"` (the row before, for series).
        epochs: most passes over the training data.
        batch_size: samples a step.
        learning_rate: of Adam.
        validation_fraction: share of the data held out, 0 for none.
        patience: epochs without a lower held-out loss before training stops.
        checkpoint: file written after every epoch, from which the same `fit` resumes after it was
            killed; None writes none.
        random_state: seed of weights, split, order and noise; a run repeats bit for bit on one
            backend. None draws one.
        verbose: as in Keras: 0 silent, 1 a progress bar, 2 a line an epoch.

    Attributes:
        model_: the trained `zoo.models.base.AnomalyModel`.
        preparation_: what was fitted to scale and fill.
        calibration_: scores of normal data, and the threshold.
        offset_: the threshold as scikit-learn has it: `score_samples` below it is an outlier.
        history_: log name to its values, one an epoch.
        n_features_in_: as in scikit-learn.
        feature_names_in_: as in scikit-learn, of a DataFrame.
    """

    contamination: float | Literal["auto"] = "auto"
    false_alarm_rate: float = 0.01
    scaling: str = "standard"
    missing: str = "error"
    epochs: int = 50
    batch_size: int = 128
    learning_rate: float = 1e-3
    validation_fraction: float = 0.1
    patience: int = 5
    checkpoint: str | None = None
    random_state: int | None = None
    verbose: int = 0

    axes: ClassVar[tuple[int, ...]] = (2, 3, 4)  # of X that the method can do with

    def make(self, shape: tuple[int, ...], seed: int) -> AnomalyModel:
        """The untrained detector for samples of `shape`; subclasses give it."""
        raise NotImplementedError

    def compile(self, model: AnomalyModel) -> None:
        """Choose optimizers."""
        model.compile(keras.optimizers.Adam(self.learning_rate))

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is normal.

        Args:
            X: training data, mostly normal; see the class. For data larger than memory, a function
                of no arguments that returns their chunks, arrays or frames of rows, from the start
                each time it is called: `lambda: pd.read_csv("big.csv", chunksize=50_000)`; or a
                `keras.utils.PyDataset` of batches of rows. Then the last rows are held out, 20,000
                at most.
            y: ignored.

        Raises:
            ValueError: data or settings that cannot be used, or a training that diverged.
            TypeError: a sparse matrix.
        """
        del y
        self._check_settings()
        self._draw_seed()
        if isinstance(X, keras.utils.PyDataset):
            return self._fit_chunks(lambda: (X[index] for index in range(len(X))))
        if callable(X):
            return self._fit_chunks(X)
        given = inputs.read(X, self.missing != "error", least=2, estimator=self)
        self._remember(given.values.shape, given.names)
        raw_train, raw_valid = self._hold_out(given.values)
        images = self.kind_ == "images"
        self.preparation_ = Preparation(
            "minmax" if images and self.scaling != "none" else self.scaling, self.missing, images
        ).fit(raw_train)
        x_train, x_valid = (
            None if part is None else self._samples(self.preparation_.transform(part))
            for part in (raw_train, raw_valid)
        )
        del raw_train, raw_valid  # of a table they are copies
        size = min(self.batch_size, len(x_train))
        batches = Batches(x_train, size, self.seed_, drop_last=True)
        self._train(x_train.shape[1:], batches, x_valid, given.values if self.checkpoint else None)

        held_out = None if x_valid is None else self._scores(x_valid)
        if self.kind_ == "series":  # windows across the seam, and the warm-up, count too
            del x_train, x_valid, batches  # or they would lie beside the whole, scaled once more
            every = self._score_values(given.values)
        else:
            every = np.concatenate([self._scores(x_train), [] if held_out is None else held_out])
        return self._calibrate(held_out, every)

    def anomaly_score(self, X: Any) -> np.ndarray | pd.Series:
        """How strange each sample or row is, `(n,)` float32; larger = stranger.

        A pandas frame gets a pandas series with its index.
        """
        given = self._read(X)
        return _as_given(self._score_values(given.values), given.index, "anomaly_score")

    def anomaly_probability(self, X: Any) -> np.ndarray | pd.Series:
        """Share of normal data that is less strange, `(n,)` float64, between 0 and 1.

        Calibrated on the scores of normal data: of normal samples, one in twenty is above 0.95.
        """
        given = self._read(X)
        found = self.calibration_.probability(self._score_values(given.values))
        return _as_given(found, given.index, "anomaly_probability")

    def score_samples(self, X: Any) -> np.ndarray:
        """The negative of `anomaly_score`, `(n,)`, as scikit-learn has it: smaller = stranger."""
        return -self._score_values(self._read(X).values).astype(np.float64)

    def decision_function(self, X: Any) -> np.ndarray:
        """`score_samples` less `offset_`, `(n,)`: negative for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """-1 for outliers, 1 for the rest, `(n,)`."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """`predict` of what was fitted, `(n,)`."""
        return self.fit(X).predict(X)

    def detect(self, X: Any) -> pd.DataFrame:
        """Everything about each sample or row in one table, with the index of `X`.

        Returns:
            Columns `score`, `probability`, `anomaly` (0 or 1); of a series also `warm_up`, True
            for the first rows, whose score is the first whole window's.
        """
        given = self._read(X)
        table = self.judged(self._score_values(given.values), given.index)
        if self.kind_ == "series":
            table["warm_up"] = np.arange(len(table)) < self.window - 1
        return table

    def judged(self, scores: np.ndarray, index: pd.Index | None = None) -> pd.DataFrame:
        """`score`, `probability` and `anomaly` of scores `(n,)` that this detector gave."""
        return pd.DataFrame(
            {
                "score": scores,
                "probability": self.calibration_.probability(scores),
                "anomaly": (scores > self.calibration_.limit).astype(int),
            },
            index=index,
        )

    def window_scores(self, X: Any) -> np.ndarray:
        """Score of each window of a series, `(n - window + 1,)` float32, in order of time.

        Raises:
            ValueError: the detector judges no series.
        """
        if self.kind_ != "series":
            raise InputError("this detector was fitted without window and judges no series")
        return self._score_values(self._read(X).values)[self.window - 1 :]

    def explain(
        self, X: Any, rows: Any = None, count: int = 5, method: str = "auto"
    ) -> Explanation:
        """What made samples strange: which features, and of a series which steps.

        Args:
            X: data as for `predict`.
            rows: positions of the samples to explain, `[17, 3]`; None: the `count` strangest, of a
                series those whose windows do not overlap.
            count: how many, where `rows` is None.
            method: `"error"`: what could not be redrawn or predicted; `"integrated_gradients"`:
                what the score gains on the way from the mean of training; `"occlusion"`: what it
                loses where a feature is set to that mean. `"auto"`: the first where the score is
                such an error and nothing else; else the last for tables, and the second for
                windows and images.

        Returns:
            `zoo.explain.Explanation`: contributions on the original scale and by name, `table()`.

        Raises:
            ValueError: data, rows or a method that cannot be used.
        """
        from zoo.detectors.explaining import explanation

        return explanation(self, self._read(X), rows, count, method)

    def set_threshold(
        self,
        contamination: float | str | None = None,
        false_alarm_rate: float | None = None,
        limit: float | None = None,
    ) -> Self:
        """Change the threshold without training again.

        Args:
            contamination: as in the class; needs the scores of training, so it is for an estimator
                that was fitted here, not loaded.
            false_alarm_rate: as in the class.
            limit: the highest score that is still normal; the others are ignored then.

        Raises:
            ValueError: a value out of range.
        """
        check_is_fitted(self, "calibration_")
        if limit is not None:
            if not np.isfinite(limit):
                raise InputError(f"limit is {limit}; expected a finite score")
            self.calibration_.limit, self.calibration_.rule = float(limit), "set by hand"
        else:
            contamination = "auto" if contamination is None else contamination
            rate = self.false_alarm_rate if false_alarm_rate is None else false_alarm_rate
            _check_shares(contamination, rate)
            scores = getattr(self, "_training_scores", None)
            if scores is None and contamination not in ("auto", 0):
                raise InputError(
                    "a contamination needs the scores of all training data, which a loaded "
                    "detector has not; give false_alarm_rate or limit"
                )
            self.calibration_.choose(contamination, rate, scores)
        self.offset_ = -self.calibration_.limit
        return self

    def save(self, path: str | Path) -> Path:
        """Write one file that `zoo.load` reads under any backend: `zoo.detectors.artifact.save`."""
        from zoo.detectors import artifact

        return artifact.save(self, path)

    def export(self, path: str | Path, format: str = "onnx"):
        """Write a graph for another runtime, threshold inside: `zoo.detectors.export.export`."""
        from zoo.detectors import export

        return export.export(self, path, format)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.three_d_array = 3 in self.axes
        return tags

    def __getstate__(self):
        """Weights as arrays in place of the Keras model, which pickles itself with code."""
        state = {k: v for k, v in super().__getstate__().items() if k != "model_"}
        if hasattr(self, "model_"):
            state["_weights"] = training.values_of(self.model_.weights)
        return state

    def __setstate__(self, state):
        weights = state.pop("_weights", None)
        super().__setstate__(state)
        if weights is not None:
            self._restore(weights)

    def untrained(self) -> AnomalyModel:
        """The model of a fitted estimator once more, for weights to be loaded into."""
        with undrawn():
            return self.make(self.sample_shape_, self.seed_)

    def _restore(self, weights: list[np.ndarray]) -> None:
        """Make the model again and give it `weights`."""
        self.model_ = self.untrained()
        training.assign(self.model_.weights, weights)

    def _check_settings(self) -> None:
        _check_shares(self.contamination, self.false_alarm_rate)
        for name in ("epochs", "batch_size", "patience"):
            if not getattr(self, name) >= 1:
                raise InputError(f"{name} is {getattr(self, name)}; give 1 or more")
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate is {self.learning_rate}; give a number above 0")
        if not 0 <= self.validation_fraction < 1:
            raise InputError(
                f"validation_fraction is {self.validation_fraction}; give 0 or more, below 1"
            )

    def _draw_seed(self) -> None:
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        self.seed_ = int(seed)

    def _fit_chunks(self, chunks: Chunks) -> Self:
        """`fit` of what a function returns a chunk at a time; the last rows are held out."""
        reader = ChunkReader(chunks, self.missing != "error")
        self._remember((reader.rows, reader.features), reader.names)
        window = self.window if self.kind_ == "series" else None
        count = min(round(self.validation_fraction * reader.rows), HELD_OUT)
        count = 0 if count < (window or 1) else count
        if reader.rows - count < (window or 1):
            raise InputError(
                f"the chunks hold {reader.rows} rows in all, fewer than the window of {window}; "
                f"give more rows, or a smaller window"
            )
        self.preparation_ = reader.prepare(self.scaling, self.missing)
        first = reader.rows - count
        batches = ChunkedBatches(
            reader, self.preparation_, window, first, self.batch_size, self.seed_
        )
        x_valid = np.concatenate(list(batches.samples(first, reader.rows))) if count else None
        self._train(
            (window, reader.features) if window else (reader.features,),
            batches,
            x_valid,
            np.array([reader.rows, *reader.mean, *reader.deviation]) if self.checkpoint else None,
        )
        every = np.concatenate([self._scores(x) for x in batches.samples(0, reader.rows)])
        if window:
            every = np.concatenate([np.full(window - 1, every[0]), every])
        return self._calibrate(None if x_valid is None else self._scores(x_valid), every)

    def _train(self, shape, batches, x_valid, data) -> None:
        """Make the model and train it; `data` tells this training from others."""
        self.sample_shape_ = tuple(int(size) for size in shape)
        self.model_ = seed_dropout(self.make(self.sample_shape_, self.seed_), self.seed_)
        self.compile(self.model_)
        if isinstance(batches, ChunkedBatches) and x_valid is not None:
            self.model_.before_fit(x_valid)  # a center, without a pass over everything
        held_out = None
        if x_valid is not None:
            held_out = Batches(x_valid, batches.batch_size, self.seed_)
        self.history_ = training.train(
            self.model_,
            batches,
            held_out,
            epochs=self.epochs,
            patience=self.patience,
            checkpoint=self.checkpoint,
            fingerprint="" if data is None else self._fingerprint(data),
            verbose=self.verbose,
        )

    def _calibrate(self, held_out: np.ndarray | None, every: np.ndarray) -> Self:
        """Set the threshold by scores of held-out and of all training data."""
        enough = held_out is not None and len(held_out) >= 100
        self.calibration_ = Calibration(held_out if enough else every)
        self._training_scores = every
        return self.set_threshold(self.contamination, self.false_alarm_rate)

    def _remember(self, shape: tuple[int, ...], names: tuple[str, ...] | None) -> None:
        """Take note of what kind of data this is, and of its features."""
        window = getattr(self, "window", None)
        axes = len(shape)
        self.kind_ = "series" if window is not None and axes == 2 else KINDS[axes]
        if axes not in self.axes:
            raise InputError(
                f"{type(self).__name__} takes X of {' or '.join(map(str, self.axes))} axes, got "
                f"{axes}: {shape}"
            )
        if window is not None and axes == 3 and shape[1] != window:
            raise InputError(
                f"X has windows of {shape[1]} rows, but window is {window}; give window={shape[1]}"
            )
        self.n_features_in_ = shape[-1]
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _hold_out(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Training and held-out part: the end of a series, else drawn."""
        count = round(self.validation_fraction * len(values))
        if self.kind_ == "series":
            if len(values) < self.window:
                raise InputError(
                    f"X has {len(values)} rows, fewer than the window of {self.window}; give "
                    f"more rows, or window={max(1, len(values) // 2)} or less"
                )
            if count < self.window or len(values) - count < self.window:
                return values, None  # no whole window to hold out
            return values[:-count], values[-count:]
        if not 0 < count < len(values):
            return values, None
        order = np.random.default_rng(self.seed_).permutation(len(values))
        return values[np.sort(order[count:])], values[np.sort(order[:count])]

    def _samples(self, scaled: np.ndarray) -> np.ndarray:
        """What the network takes, one a sample: windows of a series, else the data as they are."""
        return sliding_windows(scaled, self.window) if self.kind_ == "series" else scaled

    def _read(self, X: Any) -> inputs.Given:
        check_is_fitted(self, "calibration_")
        given = inputs.read(X, self.missing != "error", estimator=self)
        axes = 2 if self.kind_ == "series" else {v: k for k, v in KINDS.items()}[self.kind_]
        if given.values.ndim != axes or (axes > 2 and given.values.shape[1:] != self.sample_shape_):
            raise InputError(
                f"X has shape {given.values.shape}; the detector was fitted on {self.kind_} of "
                f"{self.n_features_in_} features, samples of shape {self.sample_shape_}"
            )
        names = getattr(self, "feature_names_in_", None)
        if names is not None and given.names is None and axes == 2:
            warnings.warn(
                f"X does not have valid feature names, but {type(self).__name__} was fitted with "
                f"feature names",
                UserWarning,
                stacklevel=3,
            )
        elif names is None and given.names is not None and axes == 2:
            warnings.warn(
                f"X has feature names, but {type(self).__name__} was fitted without feature names",
                UserWarning,
                stacklevel=3,
            )
        return inputs.in_order(given, names, self.n_features_in_, type(self).__name__)

    def _score_values(self, values: np.ndarray) -> np.ndarray:
        """One score a sample or row."""
        if self.kind_ != "series":
            return self._scores(self.preparation_.transform(values))
        self._require_window(len(values))
        scores = self._scores(self._samples(self.preparation_.transform(values)))
        return np.concatenate([np.full(self.window - 1, scores[0]), scores])

    def _require_window(self, rows: int) -> None:
        if rows < self.window:
            raise InputError(
                f"X has {rows} rows, fewer than the window of {self.window} rows that the "
                f"detector judges; give at least {self.window}"
            )

    def _scores(self, samples: np.ndarray) -> np.ndarray:
        """Scores `(n,)` float32 of what the network takes."""
        found = self.model_.scores(samples)
        if not np.isfinite(found).all():
            raise InputError(
                f"{int((~np.isfinite(found)).sum())} of {len(found)} scores are not finite; the "
                f"training diverged: give a smaller learning_rate"
            )
        return found

    def _fingerprint(self, values: np.ndarray) -> str:
        """Tells this training from any other."""
        settings = {item.name: getattr(self, item.name) for item in fields(self)}
        settings |= {"checkpoint": None, "verbose": None, "random_state": self.seed_}
        backend = keras.backend.backend()
        told = json.dumps([type(self).__name__, backend, settings, values.shape], default=str)
        data = hashlib.sha256()
        for start in range(0, len(values), 4096):
            data.update(np.ascontiguousarray(values[start : start + 4096], np.float64))
        return f"{hashlib.sha256(told.encode()).hexdigest()} {data.hexdigest()}"

    @property
    def collapsed_(self) -> bool | None:
        """Whether the training left a model that tells nothing apart; None for a loaded one."""
        verdict = self.model_.verdict
        return None if verdict is None else verdict.collapsed


def _check_shares(contamination: Any, rate: float) -> None:
    if contamination != "auto":
        number = isinstance(contamination, (int, float, np.number))
        if not number or isinstance(contamination, bool) or not 0 <= contamination < 0.5:
            raise InputError(
                f"contamination is {contamination!r}; give 'auto', or a share of 0 or more and "
                f"below 0.5"
            )
    if not 0 < rate < 1:
        raise InputError(f"false_alarm_rate is {rate}; give a share between 0 and 1")


def _as_given(values: np.ndarray, index: pd.Index | None, name: str) -> np.ndarray | pd.Series:
    return values if index is None else pd.Series(values, index=index, name=name)
