"""The part that all detectors share: scikit-learn's outlier interface around an anomaly model."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, Self

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from zoo.data.arrays.windows import sliding_windows
from zoo.detectors import fitting, inputs, settings
from zoo.detectors.calibration import Calibration
from zoo.detectors.chunks import HELD_OUT, ChunkedBatches, ChunkReader, Chunks
from zoo.detectors.preparation import Preparation
from zoo.detectors.settings import Bounds, Positive, Size
from zoo.errors import InputError
from zoo.models.base import AnomalyModel
from zoo.nn.networks import seed_dropout, undrawn
from zoo.training.batches import Batches

KINDS = {2: "table", 3: "windows", 4: "images"}  # dimensions of X to its kind, without a window


@dataclass(kw_only=True, eq=False, repr=False)
class OutlierDetector(OutlierMixin, BaseEstimator):
    """Fit a model to mostly normal data, score and decide; base of `zoo.detectors.Detector`.

    The settings and what is learned are documented there.
    """

    window: Size | None = None
    contamination: Annotated[float | Literal["auto"], Bounds(0, below=0.5)] = "auto"
    false_alarm_rate: Annotated[float, Bounds(above=0, below=1)] = 0.01
    scaling: Literal["standard", "minmax", "robust", "none"] = "standard"
    missing: Literal["error", "mean", "forward"] = "error"
    epochs: Size = 50
    batch_size: Size = 128
    learning_rate: Positive = 1e-3
    validation_fraction: Annotated[float, Bounds(0, below=1)] = 0.1
    patience: Size = 5
    checkpoint: str | None = None
    random_state: Annotated[int | None, Bounds(0, 2**32 - 1, also=(np.random.RandomState,))] = None
    verbose: Annotated[int, Bounds(0, 2)] = 0

    axes: ClassVar[tuple[int, ...]] = (2, 3, 4)  # supported numbers of dimensions of X

    def make(self, shape: tuple[int, ...], seed: int) -> AnomalyModel:
        """Return the untrained model for samples of `shape`; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must say which model it fits")

    def compile(self, model: AnomalyModel) -> None:
        """Choose the optimizer, Adam, or one for each part of the model."""
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
        settings.check(type(self), self.get_params(deep=False))
        self._draw_seed()
        if isinstance(X, keras.utils.PyDataset):
            return self._fit_chunks(lambda: (X[index] for index in range(len(X))))
        if callable(X):
            return self._fit_chunks(X)
        given = inputs.read(X, self.missing != "error", least=2, detector=self)
        self._remember(given.values.shape, given.names)
        raw_train, raw_valid = self._hold_out(given.values)
        images = self.kind_ == "images"
        self.preparation_ = Preparation(
            "minmax" if images and self.scaling != "none" else self.scaling, self.missing, images
        ).fit(raw_train)
        x_train = self._samples(self.preparation_.transform(raw_train))
        x_valid = None
        if raw_valid is not None:
            x_valid = self._samples(self.preparation_.transform(raw_valid))
        del raw_train, raw_valid  # copies, for a table
        size = min(self.batch_size, len(x_train))
        batches = Batches(x_train, size, self.seed_, drop_last=True)
        self._train(x_train.shape[1:], batches, x_valid, given.values if self.checkpoint else None)

        held_out = None if x_valid is None else self._scores(x_valid)
        if self.kind_ == "series":  # windows across the split, and the warm-up, count too
            del x_train, x_valid, batches  # the whole series is scaled once more
            every = self._score_values(given.values)
        else:
            every = np.concatenate([self._scores(x_train), [] if held_out is None else held_out])
        return self._calibrate(held_out, every)

    def anomaly_score(self, X: Any) -> np.ndarray | pd.Series:
        """Return the anomaly score of each sample or row, `(n,)` float32; larger = more anomalous.

        For a pandas frame, a pandas series with its index.
        """
        given = self._read(X)
        return _as_given(self._score_values(given.values), given.index, "anomaly_score")

    def anomaly_probability(self, X: Any) -> np.ndarray | pd.Series:
        """Return the share of normal data that scores lower, `(n,)` float64, between 0 and 1.

        Calibrated on the scores of normal data: one normal sample in twenty is above 0.95.
        """
        given = self._read(X)
        found = self.calibration_.probability(self._score_values(given.values))
        return _as_given(found, given.index, "anomaly_probability")

    def score_samples(self, X: Any) -> np.ndarray:
        """Return the negative of `anomaly_score`, `(n,)`, as scikit-learn has it."""
        return -self._score_values(self._read(X).values).astype(np.float64)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return `score_samples` less `offset_`, `(n,)`: negative for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Return -1 for outliers and 1 for the rest, `(n,)`."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """Fit, and return `predict` of the same data, `(n,)`."""
        return self.fit(X).predict(X)

    def detect(self, X: Any) -> pd.DataFrame:
        """Return a table of what is known of each sample or row, with the index of `X`.

        Returns:
            Columns `score`, `probability`, `anomaly` (0 or 1); of a series also `warm_up`, True
            for the first rows, whose score is the first whole window's.
        """
        given = self._read(X)
        table = self.decisions(self._score_values(given.values), given.index)
        if self.kind_ == "series":
            table["warm_up"] = np.arange(len(table)) < self._window_length - 1
        return table

    def decisions(self, scores: np.ndarray, index: pd.Index | None = None) -> pd.DataFrame:
        """Return `score`, `probability` and `anomaly` for scores `(n,)` of this detector."""
        return pd.DataFrame(
            {
                "score": scores,
                "probability": self.calibration_.probability(scores),
                "anomaly": (scores > self.calibration_.limit).astype(int),
            },
            index=index,
        )

    def window_scores(self, X: Any) -> np.ndarray:
        """Return the score of each window of a series, `(n - window + 1,)` float32, in time order.

        Raises:
            ValueError: the detector was not fitted on a series.
        """
        if self.kind_ != "series":
            raise InputError(
                f"window_scores is for a series; this detector was fitted on {self.kind_}"
            )
        return self._score_values(self._read(X).values)[self._window_length - 1 :]

    def set_threshold(
        self,
        contamination: float | str | None = None,
        false_alarm_rate: float | None = None,
        limit: float | None = None,
    ) -> Self:
        """Change the threshold without training again.

        Args:
            contamination: as in the class; needs the scores of the training data, so the detector
                must have been fitted in this process, not loaded.
            false_alarm_rate: as in the class.
            limit: the highest score that is still normal; the other two are ignored then.

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
            settings.check(type(self), {"contamination": contamination, "false_alarm_rate": rate})
            scores = getattr(self, "_training_scores", None)
            self.calibration_.choose(contamination, rate, scores)
        self.offset_ = -self.calibration_.limit
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.three_d_array = 3 in self.axes
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with weights as arrays: a Keras model would be pickled with code."""
        state = {k: v for k, v in super().__getstate__().items() if k != "model_"}
        if hasattr(self, "model_"):
            state["_weights"] = fitting.values_of(self.model_.weights)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        weights = state.pop("_weights", None)
        super().__setstate__(state)
        if weights is not None:
            self._restore(weights)

    def untrained(self) -> AnomalyModel:
        """Return a new model of the fitted shape, for weights to be loaded into."""
        with undrawn():
            return self.make(self.sample_shape_, self.seed_)

    def _restore(self, weights: list[np.ndarray]) -> None:
        """Make the model again and assign `weights`."""
        self.model_ = self.untrained()
        fitting.assign(self.model_.weights, weights)

    def _draw_seed(self) -> None:
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        self.seed_ = int(seed)

    def _fit_chunks(self, chunks: Chunks) -> Self:
        """Fit to the chunks that a function returns; the last rows are held out."""
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

    def _train(
        self,
        shape: tuple[int, ...],
        batches: Batches | ChunkedBatches,
        x_valid: np.ndarray | None,
        data: np.ndarray | None,
    ) -> None:
        """Make the model and train it; `data` distinguishes this training from others."""
        self.sample_shape_ = tuple(int(size) for size in shape)
        self.model_ = seed_dropout(self.make(self.sample_shape_, self.seed_), self.seed_)
        self.compile(self.model_)
        if isinstance(batches, ChunkedBatches) and x_valid is not None:
            self.model_.before_fit(x_valid)  # places a center without a pass over all chunks
        held_out = None
        if x_valid is not None:
            held_out = Batches(x_valid, batches.batch_size, self.seed_)
        self.history_ = fitting.train(
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
        """Set the threshold from the scores of held-out and of all training data."""
        normal = every if held_out is None or len(held_out) < 100 else held_out
        self.calibration_ = Calibration(normal)
        self._training_scores = every
        return self.set_threshold(self.contamination, self.false_alarm_rate)

    def _remember(self, shape: tuple[int, ...], names: tuple[str, ...] | None) -> None:
        """Set the kind of data and its features."""
        window, axes = self.window, len(shape)
        self.kind_: str = "series" if window is not None and axes == 2 else KINDS[axes]
        if axes not in self.axes:
            raise InputError(
                f"{type(self).__name__} takes X of {' or '.join(map(str, self.axes))} dimensions, "
                f"got {axes}: {shape}"
            )
        if window is not None and axes == 3 and shape[1] != window:
            raise InputError(
                f"X has windows of {shape[1]} rows, but window is {window}; give window={shape[1]}"
            )
        self.n_features_in_: int = shape[-1]
        if names is not None:
            self.feature_names_in_: NDArray[Any] = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _hold_out(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Split into training and held-out part: the end of a series, else a random draw."""
        count = round(self.validation_fraction * len(values))
        if self.kind_ == "series":
            window = self._window_length
            if len(values) < window:
                raise InputError(
                    f"X has {len(values)} rows, fewer than the window of {window}; give "
                    f"more rows, or window={max(1, len(values) // 2)} or less"
                )
            if count < window or len(values) - count < window:
                return values, None  # no whole window to hold out
            return values[:-count], values[-count:]
        if not 0 < count < len(values):
            return values, None
        order = np.random.default_rng(self.seed_).permutation(len(values))
        return values[np.sort(order[count:])], values[np.sort(order[:count])]

    def _samples(self, scaled: np.ndarray) -> np.ndarray:
        """Return the network's input: the windows of a series, else the data as they are."""
        if self.kind_ != "series":
            return scaled
        return sliding_windows(scaled, self._window_length)

    def _read(self, X: Any) -> inputs.Given:
        check_is_fitted(self, "calibration_")
        given = inputs.read(X, self.missing != "error", detector=self)
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
        """Return one score for each sample or row."""
        if self.kind_ != "series":
            return self._scores(self.preparation_.transform(values))
        self._require_window(len(values))
        scores = self._scores(self._samples(self.preparation_.transform(values)))
        return np.concatenate([np.full(self._window_length - 1, scores[0]), scores])

    def _require_window(self, rows: int) -> None:
        if rows < self._window_length:
            raise InputError(
                f"X has {rows} rows, fewer than the window of {self.window} that the detector was "
                f"fitted with; give at least {self.window}"
            )

    def _scores(self, samples: np.ndarray) -> np.ndarray:
        """Return scores `(n,)` float32 of the network's input."""
        found = self.model_.predict(samples)
        if not np.isfinite(found).all():
            raise InputError(
                f"{int((~np.isfinite(found)).sum())} of {len(found)} scores are not finite; the "
                f"training diverged: give a smaller learning_rate"
            )
        return found

    def _fingerprint(self, values: np.ndarray) -> str:
        """Return a text that distinguishes this training from any other."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        given |= {"checkpoint": None, "verbose": None, "random_state": self.seed_}
        backend = keras.backend.backend()
        told = json.dumps([type(self).__name__, backend, given, values.shape], default=str)
        data = hashlib.sha256()
        for start in range(0, len(values), 4096):
            data.update(np.ascontiguousarray(values[start : start + 4096], np.float64).tobytes())
        return f"{hashlib.sha256(told.encode()).hexdigest()} {data.hexdigest()}"

    @property
    def _window_length(self) -> int:
        """Rows per sample: the window of a series, 1 for everything else."""
        return self.window if self.kind_ == "series" and self.window is not None else 1

    @property
    def collapsed_(self) -> bool | None:
        """Whether the model collapsed in training; None for a loaded detector."""
        verdict = self.model_.verdict
        return None if verdict is None else verdict.collapsed


def _as_given(values: np.ndarray, index: pd.Index | None, name: str) -> np.ndarray | pd.Series:
    return values if index is None else pd.Series(values, index=index, name=name)
