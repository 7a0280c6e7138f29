"""GRU with the Deep SVDD loss on candles: learn one coin's normal windows, judge another's.

Source: GRU with Deep SVDD loss (2-layer GRU encoder, center moved after every batch)
Data: exchange candles as CSV for --train and --test; without, an embedded seeded generator
Shows: a fixed against a moving center, what kinds of move are found, the most anomalous windows
Time: embedded 1 minute, 25,920 candles of each coin 4 minutes, on two cores
Run: zoo run gru-svdd-crypto --train BTCUSDT_5m.csv --test ETHUSDT_5m.csv

A window of 30 candles becomes one embedding; its squared distance to the center is the score. With
a moving center, c ← c + η_c · (mean embedding of the batch − c) after every batch.

Candles carry no labels. So the test coin is used twice: as it is, for the most anomalous windows;
and with anomalies of known kind injected into a copy, to measure. A window that holds a whole
injected event counts as anomalous, the windows as they were count as normal, and ROC-AUC says how
well the score tells them apart, for each kind. Real anomalies among the latter count against the
detector.

Features are free of price level and volatility (see `zoo.data.candles.ohlcv.candle_features`),
so that one coin's model can score another.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras
import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from recipes.common import (
    Amount,
    Contestant,
    Count,
    Judged,
    NonEmpty,
    check,
    compare,
    facts,
    fit_baselines,
    headline,
    scores_of,
    timed,
    train,
)
from recipes.gru_svdd_crypto.notes import notes
from recipes.gru_svdd_crypto.pictures import pictures, score_table, top_table
from zoo import engine, explain
from zoo.data.arrays.checks import constant_columns
from zoo.data.arrays.windows import sliding_windows, window_ends
from zoo.data.candles.ohlcv import FEATURES, candle_features, read_candles
from zoo.data.candles.synthetic import KINDS, generate_candles, inject
from zoo.errors import InputError
from zoo.evaluation import metrics
from zoo.evaluation.baselines import all_baselines
from zoo.evaluation.metrics.events import distinct_peaks
from zoo.evaluation.thresholds import Percentile
from zoo.models import DeepSVDD
from zoo.nn.networks import draw_weights, recurrent
from zoo.report.config import DataSetting
from zoo.report.result import Result
from zoo.training.batches import Batches

Variant = Literal["moving", "fixed"]


@dataclass(frozen=True)
class Config:
    """Every setting of the recipe."""

    train: DataSetting[Path | None] = None  # CSV of the coin to learn from; None: generated candles
    test: DataSetting[Path | None] = None  # CSV of the coin to judge; None: the end of --train
    missing: Literal["error", "drop", "interpolate"] = "error"  # what to do about NaN and infinity
    variants: NonEmpty[tuple[Variant, ...]] = ("moving", "fixed")  # centers to compare
    window: DataSetting[Count] = 30  # candles a window
    stride: DataSetting[Count] = 4  # candles between training windows; neighbours share most
    cell: Literal["gru", "lstm", "rnn"] = "gru"  # recurrent layer
    layers: Count = 2  # recurrent layers
    embedding: Count = 256  # units of each layer, and so size of the embedding
    batch_size: Count = 64  # windows a step
    learning_rate: Amount = 1e-3  # η of Adam
    center_rate: Amount = 1e-3  # η_c of the moving center
    epochs: Count = 4  # passes over the training windows
    percentile: float = 95.0  # of held-out training scores: the threshold
    top: Count = 3  # most anomalous windows to report
    validation: float = 0.1  # last part of the training candles, held out for the threshold
    events: DataSetting[Count] = 30  # injected anomalies of each kind, fewer if they do not fit
    seed: int = 0  # of weights, order and injected events


@dataclass(frozen=True)
class Task:
    """Windows of two coins: one to learn from, one to judge, as it is and with events in it."""

    names: tuple[str, str]
    test: pd.DataFrame  # candles to judge
    ends: np.ndarray  # the last candle of each window to judge
    x_train: np.ndarray
    x_valid: np.ndarray
    x_test: np.ndarray
    x_events: np.ndarray  # one window for each injected event
    events: pd.DataFrame
    constant: list[str]  # features that never change in training

    @property
    def labels(self) -> np.ndarray:
        """0 for each window as it is, then 1 for each with an event."""
        return np.repeat([0, 1], [len(self.x_test), len(self.x_events)])


def run(config: Config) -> Result:
    """Train on one coin with each center, then judge the other.

    Raises:
        InputError: Settings or candles that cannot be used, with what to change.
        FileNotFoundError: A CSV file that does not exist.
    """
    check(config)
    engine.seed_everything(config.seed)

    # Data: two coins, features that need no price, and windows that are views, not copies.
    task = prepare(*load(config), config)

    # Training: both centers start from the same weights and the same place.
    contestants, histories = {}, []
    for variant in config.variants:
        model = make(variant, task.x_train.shape[1:], config)
        print(f"{variant} center: {config.epochs} epochs over {len(task.x_train):,} windows")
        batches = Batches(task.x_train, config.batch_size, config.seed)
        history, seconds = train(model, batches, config.epochs)
        histories.append(history.assign(variant=variant))
        contestants[variant] = Contestant("model", scores_of(model), seconds, model)

    # Baselines: the same windows, a second each.
    contestants |= fit_baselines(all_baselines(config.seed), task.x_train)

    # Numbers: windows as they are against windows with an event; the threshold saw neither.
    judged = {name: judge(each, task, config) for name, each in contestants.items()}
    shared = facts(len(task.x_train), len(task.labels), config.epochs, config.seed)
    main = config.variants[0]
    scores = judged[main].scores[: len(task.x_test)]
    peaks = distinct_peaks(scores, config.top, config.window)
    contributions = explain.integrated_gradients(contestants[main].model, task.x_test[peaks])

    return Result(
        recipe="gru_svdd_crypto",
        summary=(
            f"A {config.layers}-layer {config.cell.upper()} learned {len(task.x_train):,} windows "
            f"of {config.window} candles of {task.names[0]} and judged every window of "
            f"{task.names[1]}; the figures at the top are those of the {main} center."
        ),
        config=config,
        metrics=headline(judged[main], shared),
        comparison=compare(judged, shared),
        history=pd.concat(histories, ignore_index=True),
        scores=score_table(task, judged, main),
        top=top_table(task, task.ends[peaks], scores[peaks], contributions, config.window),
        model=contestants[main].model,
        **pictures(config, task, judged, task.ends[peaks], contributions),
        notes=notes(config, task, contestants),
    )


def load(config: Config) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, str]]:
    """Return candles to learn from, candles to judge, and their names."""
    if config.train is None and config.test is not None:
        raise InputError("test was given without train; give the coin to learn from as well")
    if config.train is None:
        learn = generate_candles(4000, seed=config.seed)
        judge_these = generate_candles(4000, seed=config.seed + 1, start="2025-02-01")
        return learn, judge_these, ("a generated coin", "another generated coin")
    candles = read_candles(config.train, config.missing)
    if config.test is not None:
        test = read_candles(config.test, config.missing)
        return candles, test, (config.train.stem, config.test.stem)
    split = round(0.7 * len(candles))
    name = config.train.stem
    return candles[:split], candles[split:], (f"the start of {name}", f"the end of {name}")


def prepare(learn: pd.DataFrame, test: pd.DataFrame, names: tuple[str, str], config: Config):
    """Return the task: windows of scaled features; the scaler sees the training candles alone."""
    held_out = round(len(learn) * (1 - config.validation))
    features = candle_features(learn)
    constant = constant_columns(pd.DataFrame(features[:held_out], columns=list(FEATURES)))
    if len(constant) == len(FEATURES):
        raise InputError(
            f"the candles of {names[0]} never change: all of {', '.join(constant)} are constant, "
            f"and there is nothing to learn; check how the file was exported"
        )
    scaler = StandardScaler().fit(features[:held_out])

    def windows(features, name, stride=1):
        scaled = scaler.transform(features).astype("float32")
        return sliding_windows(scaled, config.window, stride, name)

    x_train = windows(features[:held_out], names[0], config.stride)
    x_valid = windows(features[held_out:], f"the last part of {names[0]}")
    x_test = windows(candle_features(test), names[1])
    injected, events = inject_what_fits(test, config)
    # The first window that holds all of an event, or the event's last candles if it is longer.
    starts = events["stop"].to_numpy() - config.window
    x_events = windows(candle_features(injected), "the injected copy")[starts]
    ends = window_ends(len(test), config.window)
    return Task(names, test, ends, x_train, x_valid, x_test, x_events, events, constant)


def inject_what_fits(test: pd.DataFrame, config: Config) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a copy of the candles with events of every kind in it, and the events."""
    room = len(test) // (len(KINDS) * (2 * config.window + 45))
    per_kind = min(config.events, room)
    if per_kind < 1:
        raise InputError(
            f"{len(test)} test candles have no room for one injected anomaly of each kind; give "
            f"more test candles or a window below {config.window}"
        )
    return inject(test, per_kind=per_kind, seed=config.seed, margin=2 * config.window)


def make(variant: Variant, shape: tuple[int, int], config: Config) -> DeepSVDD:
    """Return a compiled model of windows of `shape`; both variants have the same weights."""
    encoder = recurrent(shape, config.cell, (config.embedding,) * config.layers)
    center_rate = config.center_rate if variant == "moving" else 0.0
    encoder = draw_weights(encoder, config.seed)
    model = DeepSVDD(encoder, center_rate=center_rate, weight_decay=0.0)
    model.compile(keras.optimizers.Adam(config.learning_rate))
    return model


def judge(contestant: Contestant, task: Task, config: Config) -> Judged:
    """Let a contestant score all windows, and measure it on all events and on each kind."""
    held_out = contestant.score(task.x_valid)
    threshold = Percentile(config.percentile).fit(held_out).threshold_
    normal, seconds = timed(contestant.score, task.x_test)
    anomalous = contestant.score(task.x_events)
    scores = np.concatenate([normal, anomalous])
    numbers = metrics.summarize(task.labels, scores, threshold)
    for kind in KINDS:
        of_kind = anomalous[task.events["kind"] == kind]
        labels = np.repeat([0, 1], [len(normal), len(of_kind)])
        numbers[f"roc_auc_{kind}"] = metrics.roc_auc(labels, np.concatenate([normal, of_kind]))
    return Judged(contestant, scores, numbers, seconds)
