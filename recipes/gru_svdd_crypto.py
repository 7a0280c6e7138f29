"""GRU with the Deep SVDD loss on candles: learn one coin's normal windows, judge another's.

Source: GRU with Deep SVDD loss (2-layer GRU encoder, center moved after every batch)
Data: exchange candles as CSV for --train and --test; without, an embedded seeded generator
Shows: a fixed against a moving center, what kinds of move are found, the strangest windows
Time: embedded 1 minute, 25,920 candles of each coin 4 minutes, on two cores
Run: zoo run gru-svdd-crypto --train BTCUSDT_5m.csv --test ETHUSDT_5m.csv

A window of 30 candles becomes one embedding; its squared distance to the center is the score. With
a moving center, c ← c + η_c · (mean embedding of the batch − c) after every batch.

Candles carry no labels. So the test coin is used twice: as it is, for the strangest windows; and
with anomalies of known kind injected into a copy, to measure. A window that holds a whole injected
event counts as anomalous, the windows as they were count as normal, and ROC-AUC says how well the
score tells them apart, for each kind. Real anomalies among the latter count against the detector.

Features are free of price level and volatility (see `zoo.data.candles.candles.candle_features`),
so that one coin's model can score another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Literal

import keras
import numpy as np
import pandas as pd
import tyro
from sklearn.preprocessing import StandardScaler

from zoo import backend, engine, explain
from zoo.data.arrays.checks import constant_columns, require_at_least
from zoo.data.arrays.windows import sliding_windows, window_ends
from zoo.data.candles.candles import FEATURES, candle_features, describe_move, read_candles
from zoo.data.candles.synthetic import KINDS, generate_candles, inject
from zoo.errors import InputError
from zoo.evaluation import metrics
from zoo.evaluation.baselines import all_baselines
from zoo.evaluation.metrics.events import distinct_peaks
from zoo.evaluation.thresholds import Percentile
from zoo.models import DeepSVDD
from zoo.models.base import AnomalyModel
from zoo.nn.networks import draw_weights, recurrent
from zoo.report import figures
from zoo.report.projections import pca_map, tsne_map
from zoo.report.result import Result
from zoo.training.batches import Batches

Variant = Literal["moving", "fixed"]


@dataclass(frozen=True)
class Config:
    """Every setting of the recipe."""

    train: Path | None = None  # CSV of the coin to learn from; None: generated candles
    test: Path | None = None  # CSV of the coin to judge; None: generated, or the end of --train
    missing: Literal["error", "drop", "interpolate"] = "error"  # what to do about NaN and infinity
    variants: tuple[Variant, ...] = ("moving", "fixed")  # centers to compare
    window: int = 30  # candles a window
    stride: int = 4  # candles between training windows; neighbours share most of theirs
    cell: Literal["gru", "lstm", "rnn"] = "gru"  # recurrent layer
    layers: int = 2  # recurrent layers
    embedding: int = 256  # units of each layer, and so size of the embedding
    batch_size: int = 64  # windows a step
    learning_rate: float = 1e-3  # η of Adam
    center_rate: float = 1e-3  # η_c of the moving center
    epochs: int = 4  # passes over the training windows
    percentile: float = 95.0  # of held-out training scores: the threshold
    top: int = 3  # strangest windows to report
    validation: float = 0.1  # last part of the training candles, held out for the threshold
    events: int = 30  # injected anomalies of each kind, fewer if they do not fit
    seed: int = 0  # of weights, order and injected events


@dataclass(frozen=True)
class Contestant:
    """One row of the comparison: how it scores windows, and what its training took."""

    kind: Literal["model", "baseline"]
    score: Callable[[np.ndarray], np.ndarray]
    fit_seconds: float
    model: AnomalyModel | None = None


def run(config: Config) -> Result:
    """Train on one coin with each center, then judge the other.

    Raises:
        ValueError: settings or candles that cannot be used, with what to change.
        FileNotFoundError: a CSV file that does not exist.
    """
    require_at_least(
        1,
        window=config.window,
        stride=config.stride,
        layers=config.layers,
        embedding=config.embedding,
        batch_size=config.batch_size,
        epochs=config.epochs,
        top=config.top,
        events=config.events,
        variants=len(config.variants),
    )
    require_at_least(0, center_rate=config.center_rate, learning_rate=config.learning_rate)
    engine.seed_everything(config.seed)

    # Data: two coins, features that need no price, and windows that are views, not copies.
    train, test, names = load(config)
    held_out = round(len(train) * (1 - config.validation))
    features = candle_features(train)
    constant = constant_columns(pd.DataFrame(features[:held_out], columns=list(FEATURES)))
    if len(constant) == len(FEATURES):
        raise InputError(
            f"the candles of {names[0]} never change: all of {', '.join(constant)} are constant, "
            f"and there is nothing to learn; check how the file was exported"
        )
    scaler = StandardScaler().fit(features[:held_out])
    windows = Windows(scaler, config.window)
    x_train = windows.of(features[:held_out], names[0], config.stride)
    x_valid = windows.of(features[held_out:], f"the last part of {names[0]}")
    x_test = windows.of(candle_features(test), names[1])
    injected, events = inject_what_fits(test, config)
    x_events = windows.ending(candle_features(injected), events)

    # Training: both centers start from the same weights and the same place.
    contestants = {}
    histories = []
    for variant in config.variants:
        encoder = recurrent(x_train.shape[1:], config.cell, (config.embedding,) * config.layers)
        model = DeepSVDD(
            draw_weights(encoder, config.seed),
            center_rate=config.center_rate if variant == "moving" else 0.0,
        )
        print(f"{variant} center: {config.epochs} epochs over {len(x_train):,} windows")
        model.compile(keras.optimizers.Adam(config.learning_rate))
        start = perf_counter()
        batches = Batches(x_train, config.batch_size, config.seed)
        history = model.fit(batches, epochs=config.epochs, verbose=0).history
        histories.append(epochs_of(history).assign(variant=variant))
        contestants[variant] = Contestant("model", scores_of(model), perf_counter() - start, model)

    # Baselines: the same windows, a second each.
    for name, baseline in all_baselines(config.seed).items():
        start = perf_counter()
        baseline.fit(x_train)
        contestants[name] = Contestant("baseline", baseline.score, perf_counter() - start)

    # Numbers: windows as they are against windows with an event; the threshold saw neither.
    shared = {
        "n_train": len(x_train),
        "n_test": len(x_test) + len(x_events),
        "epochs": config.epochs,
        "backend": keras.backend.backend(),
        "device": backend.describe()["device"],
        "seed": config.seed,
    }
    judged = {
        name: judge(contestant, x_valid, x_test, x_events, events, config.percentile)
        for name, contestant in contestants.items()
    }
    comparison = pd.DataFrame(
        {"variant": name, **numbers, **shared} for name, (numbers, *_) in judged.items()
    )
    main = config.variants[0]
    numbers, scores, _ = judged[main]
    ends = window_ends(len(test), config.window)
    strangest = distinct_peaks(scores, config.top, config.window)
    added = explain.integrated_gradients(contestants[main].model, x_test[strangest])

    return Result(
        recipe="gru_svdd_crypto",
        summary=(
            f"A {config.layers}-layer {config.cell.upper()} learned {len(x_train):,} windows of "
            f"{config.window} candles of {names[0]} and judged every window of {names[1]}; the "
            f"figures at the top are those of the {main} center."
        ),
        config=config,
        metrics={**{k: v for k, v in numbers.items() if k != "kind"}, **shared},
        comparison=comparison,
        history=pd.concat(histories, ignore_index=True),
        scores=score_table(test, ends, events, judged, main),
        top=top_table(test, ends[strangest], scores[strangest], added, config.window),
        model=contestants[main].model,
        **pictures(
            config, names, test, ends, strangest, added, contestants, judged, x_test, x_events
        ),
        notes=notes(config, names, constant, events, contestants),
    )


def load(config):
    """Candles to learn, candles to judge, and their names."""
    if config.train is None and config.test is not None:
        raise InputError("--test was given without --train; give the coin to learn from as well")
    if config.train is None:
        learn = generate_candles(4000, seed=config.seed)
        judge_these = generate_candles(4000, seed=config.seed + 1, start="2025-02-01")
        return learn, judge_these, ("a generated coin", "another generated coin")
    train = read_candles(config.train, config.missing)
    if config.test is not None:
        test = read_candles(config.test, config.missing)
        return train, test, (config.train.stem, config.test.stem)
    split = round(0.7 * len(train))
    name = config.train.stem
    return train[:split], train[split:], (f"the start of {name}", f"the end of {name}")


class Windows:
    """Windows of scaled features."""

    def __init__(self, scaler, length):
        self.scaler = scaler
        self.length = length

    def of(self, features, name, stride=1):
        """All windows of a series, `(n, window, features)`, as views."""
        scaled = self.scaler.transform(features).astype("float32")
        return sliding_windows(scaled, self.length, stride, name)

    def ending(self, features, events):
        """For each event the first window that holds all of it, or its last candles if longer."""
        ends = events["stop"].to_numpy() - 1
        return self.of(features, "the injected copy")[ends - self.length + 1]


def inject_what_fits(test, config):
    """A copy of the candles with events of every kind, and the events."""
    room = len(test) // (len(KINDS) * (2 * config.window + 45))
    per_kind = min(config.events, room)
    if per_kind < 1:
        raise InputError(
            f"{len(test)} test candles have no room for one injected anomaly of each kind; give "
            f"a longer --test or a --window below {config.window}"
        )
    return inject(test, per_kind=per_kind, seed=config.seed, margin=2 * config.window)


def scores_of(model):
    """The function that scores windows by `model`."""
    return lambda x: model.predict(x, verbose=0)


def judge(contestant, x_valid, x_test, x_events, events, percentile):
    """Numbers of a contestant; scores of the windows as they are `(n,)` and with events `(m,)`."""
    threshold = Percentile(percentile).fit(contestant.score(x_valid)).threshold_
    start = perf_counter()
    scores = contestant.score(x_test)
    seconds = perf_counter() - start
    strange = contestant.score(x_events)
    labels = np.repeat([0, 1], [len(scores), len(strange)])
    numbers = {
        "kind": contestant.kind,
        **metrics.summarize(labels, np.concatenate([scores, strange]), threshold),
    }
    for kind in KINDS:
        of_kind = strange[events["kind"] == kind]
        labels = np.repeat([0, 1], [len(scores), len(of_kind)])
        numbers[f"roc_auc_{kind}"] = metrics.roc_auc(labels, np.concatenate([scores, of_kind]))
    model = contestant.model
    numbers |= {
        "parameters": model.count_params() if model else None,
        "fit_seconds": contestant.fit_seconds,
        "score_seconds": seconds,
        "collapsed": model.verdict.collapsed if model else None,
    }
    return numbers, scores, strange


def epochs_of(history):
    """Keras' history as a table with a column `epoch`."""
    table = pd.DataFrame(history)
    table.insert(0, "epoch", np.arange(1, len(table) + 1))
    return table


def score_table(test, ends, events, judged, main):
    """One row per window, as it was (label 0) or with an injected event (label 1)."""
    table = pd.DataFrame(
        {
            "timestamp": test.index[np.concatenate([ends, events["stop"] - 1])],
            "score": np.concatenate(judged[main][1:]),
            "label": np.repeat([0, 1], [len(ends), len(events)]),
            "event": [""] * len(ends) + events["kind"].to_list(),
        }
    )
    every = {f"score_{name}": np.concatenate(row[1:]) for name, row in judged.items()}
    return table.assign(**every)


def top_table(test, ends, scores, added, window):
    """The strangest windows: when, what kind of move, and what made the score."""
    moves = [describe_move(test, end - window + 1, end + 1) for end in ends]
    start, end = test.index[ends - window + 1], test.index[ends]
    because = explain.reasons(added, FEATURES)
    return pd.DataFrame(
        {"start": start, "end": end, "score": scores, "move": moves, "because": because}
    )


def pictures(config, names, test, ends, strangest, added, contestants, judged, x_test, x_events):
    """Figures of the run, with captions."""
    main = config.variants[0]
    numbers, scores, _ = judged[main]
    per_candle = np.full(len(test), np.nan)
    per_candle[ends] = scores
    title = f"The {len(strangest)} strangest windows of {names[1]}"
    drawn = {
        "price": figures.price_chart(
            test.index, test["close"], ends[strangest], numbers["threshold"], per_candle,
            title=title,
        )
    }  # fmt: skip
    captions = {
        "price": f"Each mark is the last candle of a window of {config.window}; the threshold is "
        f"the {config.percentile:g}th percentile of held-out training scores.",
    }
    first = slice(ends[strangest[0]] - config.window + 1, ends[strangest[0]] + 1)
    drawn["why"] = figures.window_contributions(
        candle_features(test)[first], added[0], FEATURES, times=test.index[first]
    )
    captions["why"] = (
        "Integrated gradients of the strangest window, from the mean of training: which feature "
        "raised the score, and when."
    )
    rows = np.random.default_rng(config.seed).choice(len(x_test), min(1500, len(x_test)), False)
    shown = np.concatenate([x_test[np.sort(rows)], x_events])
    labels = np.repeat([0, 1], [len(rows), len(x_events)])
    for name in config.variants:
        model = contestants[name].model
        embeddings = model.encoder.predict(shown, batch_size=1024, verbose=0)
        center = keras.ops.convert_to_numpy(model.sphere.center)
        threshold = judged[name][0]["threshold"]
        outside = np.sum((embeddings - center) ** 2, axis=1) > threshold
        flat = pca_map(embeddings, center)
        drawn[f"pca_{name}"] = figures.embedding_map(
            flat.points, labels, f"PCA of embeddings, {name} center", flat.center,
            radius=float(np.sqrt(threshold)), method="PCA",
        )  # fmt: skip
        close = tsne_map(embeddings, config.seed, center=center)
        drawn[f"tsne_{name}"] = figures.embedding_map(
            close.points, labels[close.index], f"t-SNE of embeddings, {name} center", close.center,
            outside=outside[close.index],
        )  # fmt: skip
        what = "Windows of the test coin; anomalies are the injected events."
        captions[f"pca_{name}"] = f"{what} The circle is the threshold. {flat.note}."
        captions[f"tsne_{name}"] = f"{what} Rings mark windows beyond the threshold. {close.note}."
    return {"figures": drawn, "captions": captions}


def notes(config, names, constant, events, contestants):
    """What a reader of the numbers must know."""
    per_kind = int(np.sum(events["kind"] == KINDS[0]))
    said = [
        f"ROC-AUC compares {len(events)} windows with an injected event ({per_kind} of each kind) "
        f"with the windows of {names[1]} as they are, some of which are strange in truth.",
        f"The threshold is the {config.percentile:g}th percentile of the scores of the last "
        f"{config.validation:.0%} of {names[0]}, which were not trained on.",
    ]
    if len(constant):
        said.append(f"Constant in training, so of no use: {', '.join(constant)}.")
    for name, contestant in contestants.items():
        if contestant.model is not None and contestant.model.verdict.collapsed:
            said.append(f"The {name} center collapsed: {contestant.model.verdict}.")
    return tuple(said)


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, run, print the table."""
    print(run(tyro.cli(Config, args=arguments)).comparison.to_string(index=False))


if __name__ == "__main__":
    main()
