"""Recurrent classifiers of rare anomalies: three cells, three scalings, pretraining, balancing.

Source: RNN anomaly detection (SimpleRNN, LSTM, GRU and a self-supervised LSTM on CSV series)
Data: generated series (embedded), the Numenta Anomaly Benchmark (nab), or a folder of CSV files
Shows: what scaling, pretraining and balancing buy, and whether any of it beats a Z-score
Time: embedded 2 minutes, the benchmark 10 minutes a seed, on two cores
Run: zoo run recurrent-classifiers --data nab --seed 0

Each series is split by time: its first rows train, the next choose the threshold, the last judge.
The windows of all series together train one classifier, which says of a window how likely its last
row (or any of its rows) is an anomaly. Every window lies in one part of its series.

- *input*: values as they are; brought to -1 … 1 by the smallest and largest training value of
  their series; or each window divided by its L2 norm. Each is trained anew.
- *pretrained*: an LSTM first learns to predict the next value, without labels. Its last layer goes,
  two dense layers come, which learn alone at first and then with it. The same network from random
  weights is the row `lstm` with the same input. What it predicted wrong is a score in itself.
- *imbalance*: anomalies weigh as much as all normals together (weights), hard samples weigh more
  (focal), normals are left out until both are as many (downsampling), or nothing is done (none).

A Z-score, of a series' training rows or of the rows just before, costs a second and no labels but
those for its threshold. Every other row is to be read against it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import keras
import numpy as np
import pandas as pd

from recipes.common import (
    Amount,
    Contestant,
    Count,
    NonEmpty,
    check,
    facts,
    headline,
    scores_of,
    train,
)
from recipes.recurrent_classifiers.notes import notes
from recipes.recurrent_classifiers.pictures import pictures, score_table, top_table
from recipes.recurrent_classifiers.rows import (
    FORECAST,
    OWN_METRICS,
    PRETRAINED,
    Row,
    compare,
    judge,
    median_event,
)
from recipes.recurrent_classifiers.z_scores import rolling_z_score, z_score
from zoo import engine
from zoo.data.arrays.imbalance import balancing_weight, downsample
from zoo.data.series.labelled import Series, read_series_folder, split_series
from zoo.data.series.nab import load_nab
from zoo.data.series.pooled_windows import PooledWindows
from zoo.data.series.synthetic import generate_series
from zoo.detectors.settings import Bounds, SettingError
from zoo.errors import InputError
from zoo.models import Classifier, Forecaster
from zoo.nn.networks import draw_weights, mlp, recurrent
from zoo.report.config import DataSetting
from zoo.report.result import Result
from zoo.training.batches import Batches

Cell = Literal["rnn", "lstm", "gru"]
Input = Literal["raw", "minmax", "l2"]
Cure = Literal["none", "weights", "focal", "downsampling"]
AtLeastTwo = Annotated[int, Bounds(2)]

MANY = 20_000  # training windows, where neighbours need not all be taken
AT_ONCE = 4096  # windows to score; each other number costs JAX a compilation
EPSILON = 1e-4  # Adam's; a smaller one makes full steps of the rounding errors of saturated units

PUBLISHED = {
    "cells": ("rnn", "lstm", "gru"),
    "inputs": ("raw", "minmax", "l2"),
    "imbalance": "none",
    "cures": ("downsampling",),
    "self_supervised": True,
    "epochs": 30,
    "pretraining_epochs": 30,
}
"""Settings of the source, as far as they are known. Its epochs are not: 30 let every classifier
settle. Sizes, too, are the recipe's own."""


@dataclass(frozen=True)
class Config:
    """Every setting of the recipe."""

    data: DataSetting[str] = (
        "generated"  # generated, nab, or a folder of CSV files: timestamp,value,...,label
    )
    data_dir: Path | None = None  # where nab lies; None: $ZOO_DATA
    missing: Literal["error", "drop", "interpolate"] = "error"  # what to do about NaN and infinity
    cells: NonEmpty[tuple[Cell, ...]] = ("rnn", "lstm", "gru")  # recurrent layers to compare
    inputs: NonEmpty[tuple[Input, ...]] = ("raw", "minmax", "l2")  # scalings to compare
    imbalance: Cure = "weights"  # what every row does about rare anomalies
    cures: tuple[Cure, ...] = ("none", "focal", "downsampling")  # tried on the GRU beside it
    self_supervised: bool = True  # add the LSTM that first learns to predict the next value
    label: DataSetting[Literal["point", "window"]] = (
        "point"  # of a window: its last row's, or any row's
    )
    window: DataSetting[AtLeastTwo] = 12  # rows a window
    stride: DataSetting[Count | None] = (
        None  # rows between training windows; None: about 20,000 windows
    )
    train: DataSetting[float] = 0.6  # first part of each series
    validation: DataSetting[float] = 0.2  # next part of each series; the rest is the test
    layers: Count = 1  # recurrent layers
    units: Count = 32  # of each recurrent layer
    head: Count = 32  # units of the first of the two dense layers
    batch_size: Count = 64  # windows a step
    learning_rate: Amount = 3e-3  # of Adam, with gradients clipped to norm 1
    epochs: Count = 8  # passes over the training windows
    frozen_epochs: Annotated[int, Bounds(0)] = (
        2  # of them, those in which the pretrained LSTM is frozen
    )
    pretraining_epochs: Count = 8  # passes in which it learns to predict
    gamma: Amount = 2.0  # γ of the focal loss
    rolling: AtLeastTwo = 48  # rows the rolling Z-score looks back on
    buffer: Count | None = None  # rows of VUS-PR's largest margin; None: an event's median length
    seed: int = 0  # of the generated series, weights, order and charted series


def run(config: Config) -> Result:
    """Train every classifier on the first part of each series and judge it on the last.

    Raises:
        InputError: Settings or series that cannot be used, with what to change.
        FileNotFoundError: A file or folder that is not where it should be.
    """
    check(config)
    if config.self_supervised and config.frozen_epochs > config.epochs:
        raise SettingError(
            "frozen_epochs",
            f"is {config.frozen_epochs}, more than the {config.epochs} epochs that they are part "
            f"of; give {config.epochs} or less",
        )
    engine.seed_everything(config.seed)

    # Data: labelled series, each split by time, and the windows of all of them together.
    series = load(config)
    splits = [split_series(each, config.train, config.validation) for each in series]
    stride = config.stride or max(1, sum(len(split[0]) for split in splits) // MANY)
    windows = PooledWindows(splits, config.window, stride, config.label)
    require_both_kinds(windows.y["training"])
    training = Training(windows, config)

    # Classifiers: every cell on every input, from random weights.
    rows = [
        training.classifier(cell, input, config.imbalance)
        for cell in config.cells
        for input in config.inputs
    ]

    # Pretraining: the LSTM that predicts, as a score and as the start of a classifier.
    scaled = "minmax" if "minmax" in config.inputs else config.inputs[0]
    if config.self_supervised:
        forecast = training.forecaster(scaled)
        rows += [training.pretrained(forecast), forecast]

    # Imbalance: the GRU again, with each other cure.
    cures = [cure for cure in config.cures if cure != config.imbalance or "gru" not in config.cells]
    rows += [training.classifier("gru", scaled, cure) for cure in cures]

    # Baselines: a second each, one series at a time.
    rows += [z_score(windows), rolling_z_score(windows, config.rolling)]

    # Numbers: the validation part chooses thresholds and the row on top, the test part judges.
    buffer = config.buffer or median_event(series)
    judged = {row.name: judge(row, windows, buffer) for row in rows}
    n_train, n_test = len(windows.y["training"]), len(windows.y["test"])
    shared = facts(n_train, n_test, config.epochs, config.seed)
    comparison = compare(rows, judged, windows, shared)
    models = [row for row in rows if row.contestant.model is not None]
    main = max(models, key=lambda row: judged[row.name].on_validation)
    scores, history = score_table(windows, judged, main), training.history()

    return Result(
        recipe="recurrent_classifiers",
        summary=(
            f"{len(models)} recurrent detectors learned {n_train:,} windows of {config.window} "
            f"rows from the first {config.train:.0%} of {len(series)} series and judged "
            f"{n_test:,} from the end; the figures at the top are those of {main.name}, which did "
            f"best on validation."
        ),
        config=config,
        metrics=headline(judged[main.name], shared),
        comparison=comparison,
        history=history,
        scores=scores,
        top=top_table(scores, windows, main),
        model=main.contestant.model,
        own_metrics=OWN_METRICS,
        **pictures(config, series, windows, comparison, judged, main, history),
        notes=notes(config, series, windows, comparison, rows, buffer),
    )


def load(config: Config) -> list[Series]:
    """Return the labelled series to work on."""
    if config.data == "generated":
        return generate_series(seed=config.seed)
    if config.data == "nab":
        return load_nab(config.data_dir)
    series = read_series_folder(config.data, config.missing)
    bare = [each.name for each in series if each.labels is None]
    if bare:
        raise InputError(
            f"series '{bare[0]}' in '{config.data}' has no column 'label' ({len(bare)} of "
            f"{len(series)} have none); a classifier learns from labels: add a column of 0 and 1"
        )
    return series


def require_both_kinds(labels: np.ndarray) -> None:
    """Refuse training windows of one kind."""
    found = int(labels.sum())
    if found in (0, len(labels)):
        raise InputError(
            f"{found} of the {len(labels)} training windows are anomalies; a classifier learns "
            f"from anomalies and normals: give more series, or a larger share to train on"
        )


class Training:
    """Maker and trainer of the networks of one run; keeps their histories."""

    def __init__(self, windows: PooledWindows, config: Config):
        self.windows = windows
        self.config = config
        self.labels = windows.y["training"]
        self.features = windows.splits[0][0].values.shape[1]
        self.histories = []

    def classifier(self, cell: Cell, input: Input, cure: Cure) -> Row:
        """Return the row of a classifier from random weights."""
        row = {"variant": cell, "input": input, "imbalance": cure}
        model = self._classifier(self._encoder(cell), cure)
        seconds = self._fit(model, row, self.config.epochs)
        return self._row(row, model, seconds)

    def forecaster(self, input: Input) -> Row:
        """Return the row of an LSTM that predicts the last row of each window from those before."""
        row = {"variant": FORECAST, "input": input, "imbalance": ""}
        head = draw_weights(mlp((self.config.units,), (self.features,)), self.config.seed + 1)
        model = Forecaster(self._encoder("lstm"), head)
        seconds = self._fit(model, row, self.config.pretraining_epochs)
        return self._row(row, model, seconds)

    def pretrained(self, forecast: Row) -> Row:
        """Return the row of a classifier on a forecaster's encoder, which is frozen at first."""
        cure, frozen = self.config.imbalance, self.config.frozen_epochs
        row = {"variant": PRETRAINED, "input": forecast.input, "imbalance": cure}
        encoder = self._encoder("lstm")
        encoder.set_weights(forecast.contestant.model.encoder.get_weights())
        model = self._classifier(encoder, cure)
        encoder.trainable = False
        seconds = self._fit(model, row, frozen, phase="frozen")
        encoder.trainable = True
        seconds += self._fit(model, row, self.config.epochs, frozen, phase="unfrozen")
        return self._row(row, model, seconds + forecast.contestant.fit_seconds)

    def history(self) -> pd.DataFrame:
        """Return all epochs of all rows in one table."""
        return pd.concat(self.histories, ignore_index=True)

    def _encoder(self, cell):
        units = (self.config.units,) * self.config.layers
        return draw_weights(recurrent((None, self.features), cell, units), self.config.seed)

    def _classifier(self, encoder, cure):
        head = mlp((self.config.units,), (self.config.head, 1), activation="gelu")
        return Classifier(
            encoder,
            draw_weights(head, self.config.seed + 1),
            objective="focal" if cure == "focal" else "cross-entropy",
            positive_weight=balancing_weight(self.labels) if cure == "weights" else 1.0,
            gamma=self.config.gamma,
        )

    def _fit(self, model, row, epochs, epochs_before=0, phase=""):
        """Train, keep the history, return the seconds."""
        if epochs <= epochs_before:
            return 0.0
        print(f"{', '.join(filter(None, [*row.values(), phase]))}: {epochs - epochs_before} epochs")
        x, y = self.windows.x("training", row["input"]), self.labels
        held_out = self.windows.x("validation", row["input"]), self.windows.y["validation"]
        if row["imbalance"] == "downsampling":  # repeated, so that an epoch has as many steps
            kept = np.resize(downsample(y, seed=self.config.seed), len(y))
            x, y = x[kept], y[kept]
        if not model.needs_labels:
            y, held_out = None, (held_out[0], None)
        rate = self.config.learning_rate
        model.compile(keras.optimizers.Adam(rate, epsilon=EPSILON, global_clipnorm=1.0))
        history, seconds = train(
            model,
            Batches(x, self.config.batch_size, self.config.seed, y=y),
            epochs,
            initial_epoch=epochs_before,
            validation_data=held_out,
            validation_batch_size=AT_ONCE,
        )
        self.histories.append(history.assign(**row, phase=phase))
        return seconds

    def _row(self, row, model, seconds):
        def score(part):
            return scores_of(model, AT_ONCE)(self.windows.x(part, row["input"]))

        return Row(**row, contestant=Contestant("model", score, seconds, model))
