"""Transformer, contrast and GAN on server metrics: what cannot be redrawn is strange.

Source: Transformer + GAN + contrastive (38 server metrics, synthetic data in the manner of SMD)
Data: embedded seeded generator; the Server Machine Dataset; own CSV files
Shows: what contrast and GAN add, two protocols that must not be mixed, what cures drift
Time: embedded 2 minutes on two cores; --published 10 minutes a variant
Run: zoo run transformer-gan-servers --data smd --machines machine-2-8 --level points

A Transformer redraws windows of 38 metrics; NT-Xent keeps a window near its augmented self; a GAN
learns what real windows look like. Score = reconstruction error + (1 − D). In the source the
adversarial term never reaches the Transformer (`gan_separate`); in `gan_joint` the discriminator
judges reconstructions too.

Two protocols, in rows of their own. *As published*: epoch and threshold are those that give the
best F1 on the test windows. *Honest*: last epoch; F1 at a threshold from held-out normal rows, and
beside it at one that adapts to the scores as they come in, without labels (median + k · MAD).

The published generator draws its test part from another process than its training part, so that
even normal windows are strange (`--continuation fresh`); by default the process continues. What
cures that, and what does not, is the heat map of F1.
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
from keras import ops

from zoo import backend, engine, explain
from zoo.data.arrays.checks import require_at_least
from zoo.data.arrays.windows import point_scores, sliding_windows, window_labels
from zoo.data.servers.servers import Servers, servers_from_csv
from zoo.data.servers.smd import load_smd
from zoo.data.servers.synthetic import CONTINUATIONS, generate_servers
from zoo.data.servers.windows import cut_servers
from zoo.errors import InputError
from zoo.evaluation import metrics
from zoo.evaluation.baselines import IsolationForestBaseline, PCAReconstruction, ZScore
from zoo.evaluation.thresholds import Gaussian, MedianMAD, PeaksOverThreshold, Percentile
from zoo.models import Autoencoder, TransformerGAN
from zoo.models.base import AnomalyModel
from zoo.nn.networks import (
    attention_weights,
    draw_weights,
    mlp,
    recurrent,
    recurrent_decoder,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)
from zoo.report import figures
from zoo.report.result import Result
from zoo.training.batches import Batches
from zoo.training.schedules import cosine

Variant = Literal[
    "gan_joint",
    "gan_separate",
    "contrast",
    "transformer",
    "reversible",
    "lstm_autoencoder",
    "dense_autoencoder",
]


@dataclass(frozen=True)
class Config:
    """Every setting of the recipe."""

    data: Literal["synthetic", "smd", "csv"] = "synthetic"  # where the metrics come from
    continuation: Literal["same", "fresh"] = "same"  # test part of the generator: same process?
    data_seed: int = 0  # of the generator
    machines: tuple[str, ...] = ("machine-1-6",)  # of SMD; one model for all that are named
    train: Path | None = None  # CSV to learn from, with --data csv
    test: Path | None = None  # CSV to judge
    label_column: str | None = None  # 0/1 column of the CSV files
    data_dir: Path | None = None  # folder that holds ServerMachineDataset; else $ZOO_DATA
    buffer: int | None = None  # rows around events that VUS counts in part; None: median event
    missing: Literal["error", "drop", "interpolate"] = "error"  # what to do about NaN and infinity
    contaminated: Literal["drop", "keep", "refuse"] = "drop"  # labelled anomalies in training rows
    variants: tuple[Variant, ...] = (
        "gan_joint",
        "gan_separate",
        "contrast",
        "transformer",
        "reversible",
        "lstm_autoencoder",
        "dense_autoencoder",
    )  # models to compare; the first leads the report
    window: int = 100  # rows a window
    stride: int = 50  # rows between windows
    level: Literal["windows", "points"] = "windows"  # what is labelled and judged
    anomalous_share: float = 0.3  # a window is anomalous above this share of anomalous rows
    pooling: Literal["quantile", "mean"] = "quantile"  # of row errors to a window's
    scaling: Literal["standard", "global"] = "standard"  # each metric, or all metrics as one
    normalize: Literal["none", "center", "window", "reversible"] = "none"  # what networks see
    blocks: int = 2  # attention blocks
    heads: int = 4  # attention heads
    width: int = 32  # size of a time step inside the Transformer
    feed_forward: int = 128  # units of a block's hidden layer
    dropout: float = 0.1  # share dropped in the Transformer
    bottleneck: int | None = None  # size of a code that the window is redrawn from; None: no code
    reconstruction_weight: float = 1.0  # α
    contrast_weight: float = 0.2  # β
    adversarial_weight: float = 0.05  # γ
    temperature: float = 0.07  # τ of NT-Xent
    epochs: int = 8  # passes over the training windows
    batch_size: int = 64  # windows a step
    learning_rate: float = 1e-3  # of the Transformer's AdamW
    schedule: Literal["plateau", "cosine"] = "plateau"  # halve on plateaus, or fall to zero
    weight_decay: float = 1e-5  # of AdamW
    adversarial_rate: float = 0.05  # rate of generator and discriminator, share of the above
    patience: int = 5  # epochs without better validation before the rate is halved
    validation: float = 0.3  # last part of the training rows, held out: long enough to drift
    threshold: Literal["gaussian", "percentile", "pot"] = "gaussian"  # fitted on held-out normals
    sigmas: float = 4.0  # gaussian: deviations above the mean log score
    percentile: float = 99.0  # percentile of held-out scores
    false_alarm: float = 1e-3  # pot: share of normal scores to flag
    mad: float = 6.0  # adaptive threshold: deviations above the median of the scores to judge
    seed: int = 0  # of weights, order and noise


SMD = {
    "variants": (
        "dense_autoencoder", "transformer", "contrast", "gan_separate", "gan_joint",
        "lstm_autoencoder",
    ),
    "level": "points",
    "window": 20,
    "stride": 4,
    "scaling": "global",
    "normalize": "center",
    "bottleneck": 40,
    "dropout": 0.0,
    "width": 64,
    "feed_forward": 256,
    "epochs": 12,
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "validation": 0.1,
}  # fmt: skip
"""What the Server Machine Dataset is run with, where nothing else is given; see RESULTS.md."""

PUBLISHED = {
    "variants": ("gan_separate",),
    "data": "synthetic",
    "continuation": "fresh",
    "window": 100,
    "stride": 50,
    "level": "windows",
    "anomalous_share": 0.3,
    "pooling": "mean",
    "scaling": "standard",
    "normalize": "none",
    "bottleneck": None,
    "schedule": "plateau",
    "blocks": 4,
    "heads": 8,
    "width": 128,
    "feed_forward": 512,
    "dropout": 0.1,
    "reconstruction_weight": 1.0,
    "contrast_weight": 0.2,
    "adversarial_weight": 0.05,
    "temperature": 0.07,
    "epochs": 40,
    "batch_size": 64,
    "learning_rate": 5e-4,
    "weight_decay": 1e-5,
    "adversarial_rate": 0.05,
    "patience": 5,
    "validation": 0.1,
    "threshold": "percentile",
    "percentile": 99.0,
}
"""What the source project sets. A setting given beside `--published` stands."""


def settings(config: Config) -> dict:
    """What stands for this data where the command line is silent."""
    return SMD if config.data == "smd" else {}


@dataclass(frozen=True)
class Contestant:
    """One detector. `errors` maps windows to row errors `(n, window)` and a second term `(n,)`."""

    kind: Literal["model", "baseline"]
    errors: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    fit_seconds: float = 0.0
    model: AnomalyModel | None = None
    best_on_test: "BestOnTest | None" = None


@dataclass(frozen=True)
class Judged:
    """Scores of the held-out normals and of the test part, both thresholds, and the numbers."""

    held_out: np.ndarray
    scores: np.ndarray
    fixed: float
    adaptive: float
    numbers: dict


class BestOnTest(keras.callbacks.Callback):
    """Remembers the scores of the epoch with the best F1 on the test windows, as the source does.

    They were chosen with test labels, and go into the rows *as published* alone.
    """

    def __init__(self, score: Callable[[], np.ndarray], labels: np.ndarray):
        super().__init__()
        self.score = score
        self.labels = labels
        self.f1 = -1.0
        self.scores = None

    def on_epoch_end(self, epoch, logs=None):
        scores = self.score()
        if np.isfinite(scores).all() and (f1 := metrics.best_f1(self.labels, scores)[0]) > self.f1:
            self.f1, self.scores = f1, scores


def run(config: Config) -> Result:
    """Train every variant on normal rows, then judge the test rows by both protocols.

    Raises:
        ValueError: settings or data that cannot be used, with what to change.
        FileNotFoundError: a file that does not exist.
    """
    check(config)
    engine.seed_everything(config.seed)

    # Data: normal rows to learn from, the last of them held out, later rows to judge.
    servers = load(config)
    task = cut_servers(
        servers, config.window, config.stride, config.level, config.anomalous_share,
        config.scaling, config.validation, config.contaminated,
    )  # fmt: skip

    # Training: every variant starts from the same Transformer and sees the same batches.
    contestants, histories = {}, []
    for variant in config.variants:
        print(f"{variant}: {config.epochs} epochs over {len(task.x_train):,} windows")
        contestants[variant], history = train(variant, config, task)
        histories.append(history.assign(variant=variant))

    # Baselines: the same windows, a second each.
    contestants |= baselines(config, task)

    # Numbers: honest rows; then, apart from them, rows as published.
    judged = {}
    for name, contestant in contestants.items():
        judged |= judge(name, contestant, config, task)
    main = config.variants[0]
    shared = {
        "n_train": len(task.x_train),
        "n_test": len(judged[main].scores),
        "epochs": config.epochs,
        "backend": keras.backend.backend(),
        "device": backend.describe()["device"],
        "seed": config.seed,
    }
    rows = [
        {"variant": name, "protocol": "honest", **each.numbers} for name, each in judged.items()
    ]
    if config.level == "windows" and task.labelled:
        rows += as_published(contestants, judged, task)
    cures = cures_table(config, task, contestants) if config.data == "synthetic" else None

    return Result(
        recipe="transformer_gan_servers",
        summary=(
            f"{main} learned {len(task.x_train):,} windows of {config.window} rows of "
            f"{', '.join(task.names)} and judged {shared['n_test']:,} {config.level}; the numbers "
            f"at the top are honest: nothing was chosen on the test part."
        ),
        config=config,
        metrics={**{k: v for k, v in judged[main].numbers.items() if k != "kind"}, **shared},
        comparison=pd.DataFrame([{**row, **shared} for row in rows]),
        history=pd.concat(histories, ignore_index=True),
        scores=score_table(config, task, judged),
        top=top_table(config, task, contestants[main], judged[main]),
        model=contestants[main].model,
        **pictures(config, servers, task, contestants, judged, cures),
        notes=notes(config, task, contestants, judged),
    )


def check(config):
    """Refuse settings that cannot be used."""
    require_at_least(
        1,
        window=config.window,
        stride=config.stride,
        blocks=config.blocks,
        heads=config.heads,
        width=config.width,
        feed_forward=config.feed_forward,
        epochs=config.epochs,
        batch_size=config.batch_size,
        patience=config.patience,
        variants=len(config.variants),
        machines=len(config.machines),
    )
    require_at_least(0, learning_rate=config.learning_rate, mad=config.mad, sigmas=config.sigmas)
    if config.data == "csv" and (config.train is None or config.test is None):
        raise InputError("--data csv needs both --train and --test; give the other file as well")


def load(config) -> list[Servers]:
    """The servers to learn from and to judge."""
    if config.data == "smd":
        return [load_smd(machine, config.data_dir) for machine in config.machines]
    if config.data == "csv":
        return [servers_from_csv(config.train, config.test, config.label_column, config.missing)]
    return [generate_servers(config.data_seed, config.continuation)]


def make(variant, config, shape):
    """An untrained model; the Transformers of all variants start from the same weights."""
    if variant == "dense_autoencoder":
        size, hidden, code = shape[0] * shape[1], 256, config.bottleneck or 40
        encoder = mlp(shape, (hidden, code), "gelu", name="encoder")
        decoder = mlp((code,), (hidden, size), "gelu", output_shape=shape, name="decoder")
        return Autoencoder(
            draw_weights(encoder, config.seed), draw_weights(decoder, config.seed + 1)
        )
    if variant == "lstm_autoencoder":
        units = (config.width,)
        return Autoencoder(
            draw_weights(recurrent(shape, "lstm", units), config.seed),
            draw_weights(recurrent_decoder(shape, "lstm", units), config.seed + 1),
        )
    network = transformer_reconstructor(
        shape, config.blocks, config.heads, config.width, config.feed_forward, config.dropout,
        config.bottleneck,
    )  # fmt: skip
    gan = {}
    if variant.startswith("gan"):
        gan = {
            "generator": draw_weights(window_generator(shape), config.seed + 1),
            "discriminator": draw_weights(window_discriminator(shape), config.seed + 2),
            "coupling": variant.removeprefix("gan_"),
        }
    return TransformerGAN(
        draw_weights(network, config.seed),
        **gan,
        reconstruction_weight=config.reconstruction_weight,
        contrast_weight=config.contrast_weight if gan or variant == "contrast" else 0.0,
        adversarial_weight=config.adversarial_weight,
        temperature=config.temperature,
        normalize="reversible" if variant == "reversible" else config.normalize,
        seed=config.seed,
    )


def train(variant, config, task):
    """The trained contestant, and its history as a table."""
    model = make(variant, config, task.x_train.shape[1:])
    view = view_of(model, config)
    rate, adam = config.learning_rate, keras.optimizers.Adam
    main = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    if isinstance(model, Autoencoder):
        model.compile(main)
    elif model.generator is None:
        model.compile(transformer=main)
    else:
        other = [adam(rate * config.adversarial_rate) for _ in range(2)]
        model.compile(transformer=main, generator=other[0], discriminator=other[1])
    errors = errors_of(model, view)
    watched = "val_loss" if isinstance(model, Autoencoder) else "val_reconstruction"
    callbacks = [keras.callbacks.ReduceLROnPlateau(watched, 0.5, config.patience, mode="min")]
    if config.schedule == "cosine":
        callbacks = [cosine(rate, config.epochs)]
    best = None
    if config.level == "windows" and task.labelled:
        best = BestOnTest(lambda: scores_of([errors(x) for x in task.x_test], config), task.y)
        callbacks.append(best)
    valid = np.concatenate(task.x_valid)
    valid = valid[np.linspace(0, len(valid) - 1, min(256, len(valid))).astype(int)]
    start = perf_counter()
    history = model.fit(
        Batches(view(task.x_train), config.batch_size, config.seed, drop_last=True),
        epochs=config.epochs,
        validation_data=(view(valid), None),
        validation_batch_size=128,
        callbacks=callbacks,
        verbose=0,
    ).history
    table = pd.DataFrame(history).drop(columns="learning_rate")
    table.insert(0, "epoch", np.arange(1, len(table) + 1))
    return Contestant("model", errors, perf_counter() - start, model, best), table


def view_of(model, config):
    """What a model is given of windows: autoencoders do not center them themselves."""
    if config.normalize == "center" and isinstance(model, Autoencoder):
        return lambda x: x - x.mean(axis=1, keepdims=True)
    return lambda x: x


def errors_of(model, view, batch_size=256):
    """Function from windows to their row errors `(n, window)` and 1 − D `(n,)`, in batches.

    The last batch is filled up: JAX compiles for one size, not for each rest.
    """
    encoder = model.transformer if isinstance(model, TransformerGAN) else model.encoder
    window = keras.Input(encoder.input_shape[1:])
    if isinstance(model, TransformerGAN):
        rows, doubt = ops.mean(model.errors(window), axis=-1), model.terms(window)[1]
    else:
        rows = ops.mean(ops.square(window - model.reconstruct(window)), axis=-1)
        doubt = ops.zeros_like(rows[:, 0])
    network = keras.Model(window, [rows, doubt])

    def errors(x):
        filled = np.concatenate([view(x), np.zeros((-len(x) % batch_size, *x.shape[1:]), x.dtype)])
        found = network.predict(filled, batch_size=batch_size, verbose=0)
        return [each[: len(x)] for each in found]

    return errors


def baselines(config, task):
    """Fitted baselines, by name; PCA also on what the networks see, where that is centered."""
    x = task.x_train
    components = min(20, len(x), x[0].size)
    z, forest = ZScore().fit(x.reshape(-1, x.shape[-1])), IsolationForestBaseline(config.seed)
    forest.fit(x)
    found = {
        "pca": pca_errors(x, components, lambda x: x),
        "mean_z": lambda x: z.score(x.reshape(-1, x.shape[-1])).reshape(x.shape[:2]),
        "isolation_forest": lambda x: np.repeat(forest.score(x)[:, None], x.shape[1], axis=1),
    }
    if config.normalize == "center":
        found["pca_centered"] = pca_errors(x, components, lambda x: x - x.mean(1, keepdims=True))
    return {name: Contestant("baseline", with_no_second_term(rows)) for name, rows in found.items()}


def pca_errors(x_train, components, view):
    """Function from windows to their row errors after a PCA fitted on `view(x_train)`."""
    pca = PCAReconstruction(components=components).fit(view(x_train))
    return lambda x: pca.errors(view(x)).mean(axis=-1)


def with_no_second_term(rows):
    """`Contestant.errors` of a detector that has row errors alone."""
    return lambda x: (rows(x), np.zeros(len(x), "float32"))


def scores_of(errors, config, pooling=None):
    """Scores `(n,)` of what is judged, from each server's row errors and second terms.

    A window's score is the mean of its row errors, or the error that `anomalous_share` of its rows
    exceed: what would make it anomalous if each row above that were. A row's score is the
    geometric mean over the windows that cover it, of their mean errors.
    """
    found = []
    for rows, second in errors:
        if config.level == "points" or (pooling or config.pooling) == "mean":
            score = rows.mean(axis=1) + second
        else:
            score = np.quantile(rows, 1 - config.anomalous_share, axis=1) + second
        if config.level == "points":
            length = len(rows) + config.window - 1
            score = np.exp(point_scores(np.log(np.maximum(score, 1e-12)), length, config.window))
        found.append(score.astype("float32"))
    return np.concatenate(found)


def fixed_threshold(kind, held_out, config):
    """Threshold that the scores of held-out normals lead to."""
    if kind == "gaussian":
        return float(np.exp(Gaussian(config.sigmas).fit(np.log(held_out)).limit))
    if kind == "percentile":
        return Percentile(config.percentile).fit(held_out).limit
    return PeaksOverThreshold(config.false_alarm, level=0.9).fit(held_out).limit


def judge(name, contestant, config, task):
    """Contestant, and for a GAN the two terms of its score apart: name to `Judged`."""
    held_out = [contestant.errors(x) for x in task.x_valid]
    start = perf_counter()
    test = [contestant.errors(x) for x in task.x_test]
    seconds = perf_counter() - start
    model = contestant.model
    parts = {name: (held_out, test)}
    if getattr(model, "discriminator", None) is not None:
        for part, keep in {"error": (1, 0), "discriminator": (0, 1)}.items():
            apart = lambda errors: [(keep[0] * rows, keep[1] * d) for rows, d in errors]  # noqa: B023, E731
            parts[f"{name}_{part}"] = (apart(held_out), apart(test))
    found = {}
    for part, (normal, unknown) in parts.items():
        normal, scores = scores_of(normal, config), scores_of(unknown, config)
        fixed = fixed_threshold(config.threshold, normal, config)
        adaptive = MedianMAD(config.mad).fit(scores).limit
        numbers = {
            "kind": contestant.kind,
            **detection(config, task, scores, fixed, adaptive),
            "parameters": model.count_params() if model else None,
            "fit_seconds": contestant.fit_seconds,
            "score_seconds": seconds,
            "collapsed": model.verdict.collapsed if model else None,
        }
        found[part] = Judged(normal, scores, fixed, adaptive, numbers)
    return found


def detection(config, task, scores, fixed, adaptive):
    """Numbers on detection; without labels, only what is flagged."""
    if not task.labelled:
        return {"threshold": fixed, "anomaly_rate": float(np.mean(scores > fixed))}
    at_adaptive = metrics.at_threshold(task.y, scores > adaptive)
    numbers = {
        **metrics.summarize(task.y, scores, fixed),
        **{f"{metric}_adaptive": value for metric, value in at_adaptive.items()},
        "threshold_adaptive": adaptive,
    }
    if config.level == "points":
        edges = np.cumsum([len(labels) for labels in task.labels])[:-1]
        volumes = [
            metrics.vus(labels, part, config.buffer or median_event(labels))
            for labels, part in zip(task.labels, np.split(scores, edges), strict=True)
            if labels.any()
        ]
        numbers |= {k: float(np.mean([v[k] for v in volumes])) for k in ("vus_pr", "vus_roc")}
        numbers |= metrics.event_metrics(task.y, scores > fixed)
    return numbers


def median_event(labels):
    """Median length of the events, in rows."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels, [0]])))
    return int(np.median(edges[1::2] - edges[::2]))


def as_published(contestants, judged, task):
    """Rows whose epoch and threshold were chosen on the test labels, as the source does."""
    rows = []
    for name, contestant in contestants.items():
        best = contestant.best_on_test
        scores = judged[name].scores if best is None or best.scores is None else best.scores
        numbers = metrics.summarize(task.y, scores, metrics.best_f1(task.y, scores)[1])
        same = {key: judged[name].numbers[key] for key in ("kind", "parameters", "fit_seconds")}
        rows.append({"variant": name, "protocol": "as published", **same, **numbers})
    return rows


def cures_table(config, task, contestants):
    """F1 of some detectors by continuation, pooling and threshold: what cures drift."""
    names = [n for n in (config.variants[0], "reversible", "pca") if n in contestants]
    held_out = {name: [contestants[name].errors(x) for x in task.x_valid] for name in names}
    columns = {}
    for continuation in CONTINUATIONS:
        server = generate_servers(config.data_seed, continuation)
        y = window_labels(server.labels, config.window, config.stride, config.anomalous_share)
        x = sliding_windows(task.scaled(server.test), config.window, config.stride)
        for name in dict.fromkeys(names):
            test = [contestants[name].errors(x)]
            column = {}
            for pooling in ("mean", "quantile"):
                normal = scores_of(held_out[name], config, pooling)
                scores = scores_of(test, config, pooling)
                limits = {
                    f"{config.percentile:g}th percentile": "percentile",
                    "Gaussian of logs": "gaussian",
                    "peaks over threshold": "pot",
                }
                for said, kind in limits.items():
                    flags = scores > fixed_threshold(kind, normal, config)
                    column[f"{pooling}, {said}"] = metrics.at_threshold(y, flags)["f1"]
                flags = MedianMAD(config.mad).fit(scores).alarms(scores)
                column[f"{pooling}, adaptive"] = metrics.at_threshold(y, flags)["f1"]
            columns[f"{name}, {continuation}"] = column
    return pd.DataFrame(columns)


def score_table(config, task, judged):
    """One row per window or point that was judged."""
    step = config.stride if config.level == "windows" else 1
    length = config.window if config.level == "windows" else 1
    counts = [len(x) if config.level == "windows" else len(x) + config.window - 1
              for x in task.x_test]  # fmt: skip
    first = np.concatenate([np.arange(count) * step for count in counts])
    main = judged[config.variants[0]]
    table = pd.DataFrame({
        "server": np.repeat(task.names, counts),
        "first_row": first,
        "last_row": first + length - 1,
        "score": main.scores,
    })  # fmt: skip
    if task.labelled:
        table["label"] = task.y
    return table.assign(**{f"score_{name}": each.scores for name, each in judged.items()})


def top_table(config, task, contestant, judged, count=5):
    """The strangest windows, apart from each other, and the metrics that are hardest to redraw."""
    found = []
    ranked = score_table(config, task, {config.variants[0]: judged}).sort_values(
        "score", ascending=False
    )
    for row in ranked.itertuples():
        near = [r for r in found if r.server == row.server]
        if all(abs(row.first_row - other.first_row) >= config.window for other in near):
            found.append(row)
        if len(found) == count:
            break
    because = explain.reasons(errors_at(config, task, contestant, found), task.columns, 3)
    return pd.DataFrame(found)[["server", "first_row", "last_row", "score"]].assign(because=because)


def window_at(config, task, row):
    """The judged window that starts nearest to a row of the score table, and its first row."""
    x = task.x_test[task.names.index(row.server)]
    step = config.stride if config.level == "windows" else 1
    number = min(row.first_row // step, len(x) - 1)
    return x[number], number * step


def errors_at(config, task, contestant, rows):
    """Squared error of every number of the windows at rows of the score table."""
    x = np.stack([window_at(config, task, row)[0] for row in rows])
    return explain.error_map(contestant.model, view_of(contestant.model, config)(x))


def pictures(config, servers, task, contestants, judged, cures):
    """Figures of the run, with captions."""
    main = config.variants[0]
    best = judged[main]
    labels = task.y if task.labelled else None
    drawn, captions = {}, {}
    if labels is not None and 0 < labels.sum() < len(labels):
        shown = {n: judged[n].scores for n in list(contestants)[:8]}
        drawn["precision_recall"] = figures.precision_recall_curves(
            {name: (labels, scores) for name, scores in shown.items()},
            points={main: best.fixed},
        )  # fmt: skip
        captions["precision_recall"] = "The dot is the threshold from held-out normal rows."
        drawn["scores"] = figures.score_histogram(
            best.scores, labels, {"held-out normals": best.fixed, "adaptive": best.adaptive}
        )
        captions["scores"] = f"Scores of {main}, and its two thresholds."
    first = len(task.x_test[0]) if config.level == "windows" else len(servers[0].test)
    rows = np.arange(first) * config.stride + config.window - 1
    rows = rows if config.level == "windows" else np.arange(first)
    level = np.abs(task.scaled(servers[0].test)).mean(axis=1)[rows]
    drawn["series"] = figures.series_scores(
        rows, level, best.scores[:first], best.adaptive, task.labels[0],
        f"{task.names[0]}: what {main} flags", "mean |z| of the metrics",
    )  # fmt: skip
    captions["series"] = f"Each of the {config.level} that were judged; the line is adaptive."
    if cures is not None:
        drawn["cures"] = figures.table_heat_map(
            cures, "What cures drift: F1 by threshold and continuation", "F1"
        )
        captions["cures"] = (
            "Rows: how row errors become a window's score, and where the threshold comes from. "
            "Columns: detector, and whether the test part continues the training process."
        )
    row = next(score_table(config, task, {main: best}).nlargest(1, "score").itertuples())
    rows = window_at(config, task, row)[1] + np.arange(config.window)
    drawn["why"] = figures.window_contributions(
        servers[task.names.index(row.server)].test[rows],
        errors_at(config, task, contestants[main], [row])[0],
        task.columns,
        times=rows,
    )
    captions["why"] = (
        f"The strangest window of {row.server}: the metrics that {main} could not redraw, and in "
        f"which rows."
    )
    drawn |= attention_pictures(config, task, contestants[main], best)
    captions |= {
        name: "Row: the step that looks; column: the step it looks at. One colour scale for both "
        "windows, logarithmic; the mark in its legend is even attention."
        for name in drawn
        if name.startswith("attention")
    }
    return {"figures": drawn, "captions": captions}


def attention_pictures(config, task, contestant, judged):
    """Attention of the most normal and of the strangest window."""
    if not isinstance(contestant.model, TransformerGAN):
        return {}
    table = score_table(config, task, {config.variants[0]: judged}).sort_values("score")
    ends = {"normal": next(table.itertuples()), "anomalous": next(table[::-1].itertuples())}
    x = np.stack([window_at(config, task, row)[0] for row in ends.values()])
    view = contestant.model.view(ops.convert_to_tensor(x))[0]
    weights = attention_weights(contestant.model.transformer, view)
    return {
        f"attention_{kind}": figures.attention_maps(
            weights[i],
            f"Attention in the {'least' if kind == 'normal' else 'most'} anomalous window",
            highest=float(weights.max()),
        )
        for i, kind in enumerate(ends)
    }


def notes(config, task, contestants, judged):
    """What a reader of the numbers must know."""
    said = [
        f"The honest threshold comes from the last {config.validation:.0%} of the training rows, "
        f"not trained on ({config.threshold}); the adaptive one is the median + {config.mad:g} · "
        f"MAD of the scores that are judged, and needs no labels.",
    ]
    if task.labelled and config.level == "windows":
        said.append(
            "Rows marked as published chose epoch and threshold on the test labels; compare them "
            "with each other and with nothing else."
        )
    if task.labelled:
        if task.y.min() == task.y.max():
            said.append("The test part holds one class only, so ROC-AUC is undefined.")
        else:
            share = metrics.all_positive_f1(task.y)
            said.append(f"Flagging all {config.level} would get an F1 of {share:.2f}.")
    if {"gan_joint", "gan_separate"} <= set(judged) and task.labelled:
        joint, separate = (judged[f"gan_{k}"].numbers["pr_auc"] for k in ("joint", "separate"))
        better = "neither" if joint == separate else "joint" if joint > separate else "separate"
        said.append(
            f"PR-AUC of the joint coupling {joint:.3f}, of the separate one {separate:.3f}: "
            f"{better} scores better here."
        )
    if task.anomalies_in_training:
        said.append(
            f"{task.anomalies_in_training} windows of the training rows hold labelled anomalies "
            f"(--contaminated {config.contaminated})."
        )
    if config.pooling == "quantile" and config.level == "windows":
        said.append(
            f"A window's error is the one that {config.anomalous_share:.0%} of its rows exceed, "
            f"since that share makes a window anomalous; --pooling mean is the published way."
        )
    for name, contestant in contestants.items():
        if contestant.model is not None and contestant.model.verdict.collapsed:
            said.append(f"{name} collapsed: {contestant.model.verdict}.")
    return tuple(said)


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, run, print the table."""
    print(run(tyro.cli(Config, args=arguments)).comparison.to_string(index=False))


if __name__ == "__main__":
    main()
