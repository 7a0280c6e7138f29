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

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Literal

import keras
import numpy as np
import pandas as pd
import tyro

from zoo import backend, engine, explain
from zoo.data.arrays.checks import require_at_least
from zoo.data.arrays.imbalance import balancing_weight, downsample
from zoo.data.series.nab import load_nab
from zoo.data.series.pooled_windows import PARTS, PooledWindows
from zoo.data.series.series import Series, read_series_folder, split_series
from zoo.data.series.synthetic import generate_series
from zoo.errors import InputError
from zoo.evaluation import metrics
from zoo.evaluation.baselines import RollingZScore, ZScore
from zoo.evaluation.metrics.events import event_bounds
from zoo.models import Classifier, Forecaster
from zoo.models.base import AnomalyModel
from zoo.nn.networks import draw_weights, mlp, recurrent
from zoo.report import figures
from zoo.report.result import Result
from zoo.report.table import row_names
from zoo.training.batches import Batches

Cell = Literal["rnn", "lstm", "gru"]
Input = Literal["raw", "minmax", "l2"]
Cure = Literal["none", "weights", "focal", "downsampling"]

MANY = 20_000  # training windows, where neighbours need not all be taken
AT_ONCE = 4096  # windows to score; each other number costs JAX a compilation
EPSILON = 1e-4  # Adam's; a smaller one makes full steps of the rounding errors of saturated units

CHARTED = 5  # series
PRETRAINED = "pretrained lstm"
FORECAST = "lstm forecast error"
JUDGED_BY = ("pr_auc", "roc_auc", "f1", "vus_pr")

PUBLISHED = {
    "cells": ("rnn", "lstm", "gru"),
    "inputs": ("raw", "minmax", "l2"),
    "imbalance": "none",
    "cures": ("downsampling",),
    "self_supervised": True,
    "epochs": 30,
    "pretraining_epochs": 30,
}
"""What is known of the source. Its epochs are not: 30 let every classifier settle. Sizes, too, are
the recipe's own."""


@dataclass(frozen=True)
class Config:
    """Every setting of the recipe."""

    data: str = "generated"  # generated, nab, or a folder of CSV files: timestamp,value,...,label
    data_dir: Path | None = None  # where nab lies; None: $ZOO_DATA
    missing: Literal["error", "drop", "interpolate"] = "error"  # what to do about NaN and infinity
    cells: tuple[Cell, ...] = ("rnn", "lstm", "gru")  # recurrent layers to compare
    inputs: tuple[Input, ...] = ("raw", "minmax", "l2")  # scalings to compare
    imbalance: Cure = "weights"  # what every row does about rare anomalies
    cures: tuple[Cure, ...] = ("none", "focal", "downsampling")  # tried on the GRU beside it
    self_supervised: bool = True  # add the LSTM that first learns to predict the next value
    label: Literal["point", "window"] = "point"  # of a window: its last row's, or any row's
    window: int = 12  # rows a window
    stride: int | None = None  # rows between training windows; None: about 20,000 windows
    train: float = 0.6  # first part of each series
    validation: float = 0.2  # next part of each series; the rest is the test
    layers: int = 1  # recurrent layers
    units: int = 32  # of each recurrent layer
    head: int = 32  # units of the first of the two dense layers
    batch_size: int = 64  # windows a step
    learning_rate: float = 3e-3  # of Adam, with gradients clipped to norm 1
    epochs: int = 8  # passes over the training windows
    frozen_epochs: int = 2  # of them, those in which the pretrained LSTM is frozen
    pretraining_epochs: int = 8  # passes in which it learns to predict
    gamma: float = 2.0  # γ of the focal loss
    rolling: int = 48  # rows the rolling Z-score looks back on
    buffer: int | None = None  # rows of VUS-PR's largest margin; None: an event's median length
    seed: int = 0  # of the generated series, weights, order and charted series


@dataclass(frozen=True)
class Row:
    """One row of the comparison: what it is, and how it scores the windows of a part."""

    variant: str
    input: str
    imbalance: str
    score: Callable[[str], np.ndarray]
    fit_seconds: float
    model: AnomalyModel | None = None

    @property
    def name(self):
        """Variant, input and imbalance in one."""
        return ", ".join(word for word in (self.variant, self.input, self.imbalance) if word)


@dataclass(frozen=True)
class Judged:
    """What became of a row: its numbers, its test scores `(n,)`, its PR-AUC on validation."""

    numbers: dict
    scores: np.ndarray
    on_validation: float


def run(config: Config) -> Result:
    """Train every classifier on the first part of each series and judge it on the last.

    Raises:
        ValueError: settings or series that cannot be used, with what to change.
        FileNotFoundError: a file or folder that is not where it should be.
    """
    check(config)
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
    shared = {
        "n_train": len(windows.y["training"]),
        "n_test": len(windows.y["test"]),
        "epochs": config.epochs,
        "backend": keras.backend.backend(),
        "device": backend.describe()["device"],
        "seed": config.seed,
    }
    comparison = compare(rows, judged, windows, shared)
    models = [row for row in rows if row.model is not None]
    main = max(models, key=lambda row: judged[row.name].on_validation)
    table = score_table(windows, judged, main)

    return Result(
        recipe="recurrent_classifiers",
        summary=(
            f"{len(models)} recurrent detectors learned {len(windows.y['training']):,} windows of "
            f"{config.window} rows from the first {config.train:.0%} of {len(series)} series and "
            f"judged {len(windows.y['test']):,} from the end; the figures at the top are those of "
            f"{main.name}, which did best on validation."
        ),
        config=config,
        metrics={**judged[main.name].numbers, **shared},
        comparison=comparison,
        history=training.history(),
        scores=table,
        top=top_table(table, windows, main),
        model=main.model,
        **pictures(config, series, windows, comparison, judged, main, training.history()),
        notes=notes(config, series, windows, comparison, rows, buffer),
    )


def check(config):
    """Refuse settings that cannot work."""
    require_at_least(
        1,
        stride=config.stride,
        layers=config.layers,
        units=config.units,
        head=config.head,
        batch_size=config.batch_size,
        epochs=config.epochs,
        pretraining_epochs=config.pretraining_epochs,
        buffer=config.buffer,
        cells=len(config.cells),
        inputs=len(config.inputs),
    )
    require_at_least(2, window=config.window, rolling=config.rolling)
    require_at_least(
        0,
        learning_rate=config.learning_rate,
        gamma=config.gamma,
        frozen_epochs=config.frozen_epochs,
    )
    if config.self_supervised and config.frozen_epochs > config.epochs:
        raise InputError(
            f"--frozen-epochs is {config.frozen_epochs}, more than the --epochs {config.epochs} "
            f"that they are part of; give {config.epochs} or less"
        )


def load(config) -> list[Series]:
    """The labelled series to work on."""
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


def require_both_kinds(labels):
    """Refuse training windows of one kind."""
    found = int(labels.sum())
    if found in (0, len(labels)):
        raise InputError(
            f"{found} of the {len(labels)} training windows are anomalies; a classifier learns "
            f"from anomalies and normals: give more series, or a larger --train"
        )


class Training:
    """How the networks of one run are made and trained; keeps their histories."""

    def __init__(self, windows, config):
        self.windows = windows
        self.config = config
        self.histories = []

    def classifier(self, cell, input, cure):
        """The row of a classifier from random weights."""
        row = {"variant": cell, "input": input, "imbalance": cure}
        model = self._classifier(self._encoder(cell), cure)
        seconds = self._fit(model, row, self.config.epochs)
        return Row(**row, score=self._score(model, input), fit_seconds=seconds, model=model)

    def forecaster(self, input):
        """The row of an LSTM that predicts the last row of each window from the ones before."""
        row = {"variant": FORECAST, "input": input, "imbalance": ""}
        features = self.windows.splits[0][0].values.shape[1]
        head = draw_weights(mlp((self.config.units,), (features,)), self.config.seed + 1)
        model = Forecaster(self._encoder("lstm"), head)
        seconds = self._fit(model, row, self.config.pretraining_epochs)
        return Row(**row, score=self._score(model, input), fit_seconds=seconds, model=model)

    def pretrained(self, forecast):
        """The row of a classifier on a forecaster's encoder, which is frozen at first."""
        input, cure, frozen = forecast.input, self.config.imbalance, self.config.frozen_epochs
        row = {"variant": PRETRAINED, "input": input, "imbalance": cure}
        encoder = self._encoder("lstm")
        encoder.set_weights(forecast.model.encoder.get_weights())
        model = self._classifier(encoder, cure)
        encoder.trainable = False
        seconds = self._fit(model, row, frozen, phase="frozen")
        encoder.trainable = True
        seconds += self._fit(model, row, self.config.epochs, frozen, phase="unfrozen")
        seconds += forecast.fit_seconds
        return Row(**row, score=self._score(model, input), fit_seconds=seconds, model=model)

    def history(self):
        """All epochs of all rows in one table."""
        return pd.concat(self.histories, ignore_index=True)

    def _encoder(self, cell):
        features = self.windows.splits[0][0].values.shape[1]
        units = (self.config.units,) * self.config.layers
        return draw_weights(recurrent((None, features), cell, units), self.config.seed)

    def _classifier(self, encoder, cure):
        head = mlp((self.config.units,), (self.config.head, 1), activation="gelu")
        return Classifier(
            encoder,
            draw_weights(head, self.config.seed + 1),
            objective="focal" if cure == "focal" else "cross-entropy",
            positive_weight=balancing_weight(self._y) if cure == "weights" else 1.0,
            gamma=self.config.gamma,
        )

    def _fit(self, model, row, epochs, epochs_before=0, phase=""):
        """Train, keep the history, return seconds."""
        if epochs <= epochs_before:
            return 0.0
        print(f"{', '.join(filter(None, [*row.values(), phase]))}: {epochs - epochs_before} epochs")
        x, y, batch_size = self.windows.x("training", row["input"]), self._y, self.config.batch_size
        held_out = [self.windows.x("validation", row["input"]), self.windows.y["validation"]]
        if row["imbalance"] == "downsampling":  # repeated, so that an epoch has as many steps
            kept = np.resize(downsample(y, seed=self.config.seed), len(y))
            x, y = x[kept], y[kept]
        if not model.needs_labels:
            y = held_out[1] = None
        model.compile(
            keras.optimizers.Adam(self.config.learning_rate, epsilon=EPSILON, global_clipnorm=1.0)
        )
        start = perf_counter()
        history = model.fit(
            Batches(x, batch_size, self.config.seed, y=y),
            epochs=epochs,
            initial_epoch=epochs_before,
            validation_data=tuple(held_out),
            validation_batch_size=AT_ONCE,
            verbose=0,
        )
        seconds = perf_counter() - start
        table = pd.DataFrame(history.history)
        table.insert(0, "epoch", np.array(history.epoch) + 1)
        self.histories.append(table.assign(**row, phase=phase))
        return seconds

    @property
    def _y(self):
        return self.windows.y["training"]

    def _score(self, model, input):
        def score(part):
            return model.predict(self.windows.x(part, input), batch_size=AT_ONCE, verbose=0)

        return score


def z_score(windows):
    """The row of standard deviations from the training mean, each series by its own."""
    start = perf_counter()
    fitted = [fit_z_score(training.values) for training in windows.parts("training")]
    seconds = perf_counter() - start

    def score(part):
        pairs = zip(fitted, windows.parts(part), strict=True)
        return windows.pool([scored(series.values) for scored, series in pairs], part)

    return Row("z-score", "", "", score, seconds)


def fit_z_score(training):
    """The function that scores rows; the distance itself where training never changed."""
    if len(np.unique(training, axis=0)) > 1:
        return ZScore().fit(training).score
    return lambda values: np.abs(values - training[0]).mean(axis=1)


def rolling_z_score(windows, length):
    """The row of standard deviations from the mean of the rows just before."""

    def score(part):
        before = PARTS.index(part) - 1
        scores = [
            RollingZScore(length).fit(split[before].values).score(split[before + 1].values)
            for split in windows.splits
        ]
        return windows.pool(scores, part)

    return Row("rolling z-score", "", "", score, 0.0)


def median_event(series):
    """Median length of the labelled anomalies, in rows; 1 without any."""
    lengths = [np.diff(event_bounds(each.labels), axis=0)[0] + 1 for each in series]
    lengths = np.concatenate(lengths)
    return round(float(np.median(lengths))) if len(lengths) else 1


def judge(row, windows, buffer):
    """Let a row score validation and test: the one gives its threshold, the other its numbers."""
    y_valid, y_test = windows.y["validation"], windows.y["test"]
    held_out = row.score("validation")
    start = perf_counter()
    scores = row.score("test")
    numbers = {"score_seconds": perf_counter() - start, "fit_seconds": row.fit_seconds}
    if row.model is not None:
        numbers["parameters"] = row.model.count_params()
        numbers["collapsed"] = row.model.verdict.collapsed
    if not (np.isfinite(held_out).all() and np.isfinite(scores).all()):
        return Judged(numbers, scores, -np.inf)
    can_choose = has_both(y_valid)
    threshold = metrics.best_f1(y_valid, held_out)[1] if can_choose else np.quantile(held_out, 0.99)
    with warnings.catch_warnings():
        if not has_both(y_test):
            warnings.simplefilter("ignore")  # a note says once what each row would warn of
        numbers = metrics.summarize(y_test, scores, threshold) | numbers
    pairs = zip(windows.by_series(y_test, "test"), windows.by_series(scores, "test"), strict=True)
    volumes = [metrics.vus(y, s, buffer)["vus_pr"] for y, s in pairs if has_both(y)]
    numbers["vus_pr"] = float(np.mean(volumes)) if volumes else None
    return Judged(numbers, scores, metrics.pr_auc(y_valid, held_out) if can_choose else 0.0)


def has_both(labels):
    """Whether there are anomalies and normals among the labels."""
    return 0 < np.sum(labels) < len(labels)


def compare(rows, judged, windows, shared):
    """The table: a line a row, then that of a detector that flags everything."""
    names = {
        row.name: {
            "variant": row.variant,
            "kind": "baseline" if row.model is None else "model",
            "input": row.input,
            "imbalance": row.imbalance,
        }
        for row in rows
    }
    simple = [judged[row.name].numbers["pr_auc"] for row in rows if row.model is None]
    lines = [
        names[name] | {"pr_auc": None, "pr_auc_over_z_score": None} | one.numbers | shared
        for name, one in judged.items()
    ]
    for line in lines:
        if line["kind"] == "model" and line["pr_auc"] is not None:
            line["pr_auc_over_z_score"] = line["pr_auc"] - max(simple)
    labels = windows.y["test"]
    everything = {
        "variant": "flag everything",
        "kind": "trivial",
        "input": "",
        "imbalance": "",
        **metrics.at_threshold(labels, np.ones_like(labels)),
    }
    return pd.DataFrame([*lines, everything | shared])


def score_table(windows, judged, main):
    """One line per test window: when it ends, of which series, its label, every row's score."""
    pairs = list(zip(windows.parts("test"), windows.rows("test"), strict=True))
    table = {
        "timestamp": np.concatenate([series.times[rows] for series, rows in pairs]),
        "series": np.repeat([series.name for series, _ in pairs], [len(rows) for _, rows in pairs]),
        "score": judged[main.name].scores,
        "label": windows.y["test"],
    }
    return pd.DataFrame(table | {f"score_{name}": one.scores for name, one in judged.items()})


def top_table(table, windows, main, count=10):
    """The strangest test windows, and which of their rows raised the score."""
    top = table.nlargest(count, "score")[["timestamp", "series", "score", "label"]]
    x = windows.x("test", main.input)[top.index]
    added = explain.integrated_gradients(main.model, x).sum(axis=-1)
    rows = ["last row", *(f"{back} back" for back in range(1, x.shape[1]))][::-1]
    return top.assign(because=explain.reasons(added, rows))


def pictures(config, series, windows, comparison, judged, main, history):
    """Figures of the run, with captions."""
    rng = np.random.default_rng(config.seed)
    chosen = [series[n] for n in sorted(rng.permutation(len(series))[:CHARTED])]
    drawn = {
        "series": figures.series_grid(
            {each.name: (each.times, each.values[:, 0], each.labels) for each in chosen},
            f"{len(chosen)} of the {len(series)} series, chosen at random by seed {config.seed}",
            series[0].columns[0],
        )
    }
    captions = {
        "series": f"The first {config.train:.0%} of each trains, the next {config.validation:.0%} "
        f"choose thresholds, the rest judges."
    }
    judgeable = comparison[comparison["pr_auc"].notna() & (comparison["kind"] != "trivial")]
    if len(judgeable):
        drawn |= heat_maps(config, judgeable)
        captions["cells_by_input"] = "Each cell on each input, trained anew from the same weights."
        captions["table"] = "The rows of the table above by their four measures."
    for stem, (table, caption) in losses_of(config, history).items():
        drawn[f"training_{stem}"] = figures.training_curves(table)
        captions[f"training_{stem}"] = caption
    simple = judgeable[judgeable["kind"] == "baseline"]
    longest = int(np.argmax([each.labels[config.window :].sum() for each in windows.parts("test")]))
    best_simple = [simple.loc[simple["pr_auc"].idxmax(), "variant"]] if len(simple) else []
    for name in [main.name, *best_simple]:
        stem = "flags" if name == main.name else "flags_baseline"
        drawn[stem] = flags(windows, longest, judged[name])
        captions[stem] = (
            f"{name}, on the test part of the series with the most labelled rows there; the "
            f"threshold was chosen on validation, for all series at once."
        )
    return {"figures": drawn, "captions": captions}


def heat_maps(config, judgeable):
    """The cells by their inputs, and every row by every measure."""
    best = judgeable.loc[judgeable["pr_auc"].idxmax()]
    simple = judgeable.loc[judgeable["kind"] == "baseline", "pr_auc"].max()
    every = judgeable[list(JUDGED_BY)].set_axis(row_names(judgeable)).dropna(axis=1, how="all")
    drawn = {
        "table": figures.table_heat_map(
            every,
            f"The highest PR-AUC is {best['pr_auc']:.3f}, the better Z-score's {simple:.3f}",
            "larger is better",
        )
    }
    cells = judgeable[judgeable["variant"].isin(config.cells)]
    cells = cells[cells["imbalance"] == config.imbalance]
    if len(cells):
        best = cells.loc[cells["pr_auc"].idxmax()]
        grid = cells.pivot(index="variant", columns="input", values="pr_auc")
        grid = grid.reindex(index=list(config.cells), columns=list(config.inputs))
        drawn["cells_by_input"] = figures.table_heat_map(
            grid.rename_axis(index="cell", columns="input"),
            f"Of the cells, {best['variant']} on {best['input']} input has the highest PR-AUC",
            "PR-AUC",
        )
    return drawn


def losses_of(config, history):
    """Losses that may be compared, as `training_curves` draws them, with a caption each."""
    is_cell = history["variant"].isin(config.cells) & (history["imbalance"] == config.imbalance)
    is_cure = history["variant"].isin(("gru",)) & ~is_cell
    is_forecast = history["variant"] == FORECAST
    scaled = history["input"].isin(history["input"][is_forecast])
    is_tuned = (history["variant"] == PRETRAINED) | (history["variant"].eq("lstm") & scaled)
    words = (history["variant"] + ", " + history["phase"]).str.removesuffix(", ")
    groups = {
        "cells": (is_cell, history["input"], history["variant"], "A panel an input."),
        "cures": (is_cure, history["imbalance"], history["variant"], "A panel a cure."),
        "pretrained": (
            (is_forecast | is_tuned) & is_forecast.any(),
            np.where(is_forecast, "of_forecast", "of_labels"),
            words,
            "First without labels, then with them; beside it, the same from random weights.",
        ),
    }
    return {
        stem: (in_panels(history[chosen], np.asarray(panel)[chosen], line[chosen]), caption)
        for stem, (chosen, panel, line, caption) in groups.items()
        if chosen.any()
    }


def in_panels(history, panel, line):
    """The losses with a column a panel and a row an epoch of a line."""
    table = pd.DataFrame({"epoch": history["epoch"], "variant": line})
    for name in dict.fromkeys(panel):
        table[f"loss_{name}"] = history["loss"].where(panel == name)
        table[f"val_loss_{name}"] = history["val_loss"].where(panel == name)
    return table


def flags(windows, number, one):
    """The test part of one series, its scores by a row, and what its threshold flags."""
    part, rows = windows.parts("test")[number], windows.rows("test")[number]
    scores = np.full(len(part), np.nan)
    scores[rows] = windows.by_series(one.scores, "test")[number]
    return figures.series_scores(
        part.times,
        part.values[:, 0],
        scores,
        one.numbers.get("threshold"),
        part.labels,
        value_label=part.columns[0],
    )


def notes(config, series, windows, comparison, rows, buffer):
    """What a reader of the numbers must know."""
    counts = [
        f"{part} {len(y):,} windows, {int(y.sum()):,} anomalous" for part, y in windows.y.items()
    ]
    without = sum(not part.labels.any() for part in windows.parts("training"))
    said = [
        f"{'; '.join(counts)}. {without} of {len(series)} series have no anomaly to learn from.",
        "Scores of all series are pooled for ROC-AUC, PR-AUC and F1. Each threshold, the Z-scores' "
        "included, is the one with the best F1 on the validation part, whose labels it uses.",
    ]
    both = sum(has_both(y) for y in windows.by_series(windows.y["test"], "test"))
    said.append(
        f"VUS-PR is the mean over the {both} test parts with anomalies and normals, with margins "
        f"of up to {buffer} rows."
    )
    if not has_both(windows.y["validation"]):
        said.append(
            "The validation parts hold one kind only, so that no F1 can choose a threshold: it is "
            "the 99th percentile of their scores, and the row on top is simply the first."
        )
    if not has_both(windows.y["test"]):
        said.append(
            "The test parts hold one kind only: ROC-AUC and PR-AUC have no value there; what was "
            "flagged is in the table."
        )
    behind = comparison.loc[comparison["pr_auc_over_z_score"] <= 0]
    simple = comparison.loc[comparison["kind"] == "baseline", "pr_auc"].max()
    if len(behind):
        said.append(
            f"{len(behind)} of {sum(row.model is not None for row in rows)} deep rows do not beat "
            f"the better Z-score, PR-AUC {simple:.3f}: {'; '.join(row_names(behind))}."
        )
    for row in rows:
        if row.model is not None and row.model.verdict.collapsed:
            said.append(f"{row.name} collapsed: {row.model.verdict}.")
    irregular = [each.name for each in series if each.irregular_steps]
    if irregular:
        said.append(
            f"{len(irregular)} series have steps of unequal length ({irregular[0]} for one); a "
            f"window counts rows, whatever their time."
        )
    return tuple(said)


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, run, print the table."""
    print(run(tyro.cli(Config, args=arguments)).comparison.to_string(index=False))


if __name__ == "__main__":
    main()
