"""Transformer, contrast and GAN on server metrics: what cannot be reconstructed is anomalous.

Source: Transformer + GAN + contrastive (38 server metrics, synthetic data in the manner of SMD)
Data: embedded seeded generator; the Server Machine Dataset; own CSV files
Shows: what contrast and GAN add, two protocols that must not be mixed, what cures drift
Time: embedded 2 minutes on two cores; --published 10 minutes a variant
Run: zoo run transformer-gan-servers --data smd --machines machine-2-8 --level points

A Transformer reconstructs windows of 38 metrics; NT-Xent keeps a window near its augmented self; a
GAN learns what real windows look like. Score = reconstruction error + (1 − D). In the source the
adversarial term never reaches the Transformer (`gan_separate`); in `gan_joint` the discriminator
judges reconstructions too.

Two protocols, in rows of their own. *As published*: epoch and threshold are those that give the
best F1 on the test windows. *Honest*: last epoch; F1 at a threshold from held-out normal rows, and
beside it at one that adapts to the scores as they come in, without labels (median + k · MAD).

The published generator draws its test part from another process than its training part, so that
even normal windows are anomalous (`--continuation fresh`); by default the process continues. What
cures that, and what does not, is the heat map of F1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras
import numpy as np
import pandas as pd
from keras import ops

from recipes.common import Amount, Contestant, Count, NonEmpty, Share, check, facts, headline, train
from recipes.transformer_gan_servers.baselines import as_they_are, baselines, centered
from recipes.transformer_gan_servers.honest import judge, scores_of
from recipes.transformer_gan_servers.notes import notes
from recipes.transformer_gan_servers.pictures import pictures, score_table, top_table
from recipes.transformer_gan_servers.published import BestOnTest, as_published, cures_table
from zoo import engine
from zoo.data.servers.metrics import Servers, servers_from_csv
from zoo.data.servers.smd import load_smd
from zoo.data.servers.synthetic import generate_servers
from zoo.data.servers.windows import ServerWindows, cut_servers
from zoo.errors import InputError
from zoo.models import Autoencoder, TransformerGAN
from zoo.models.base import AnomalyModel
from zoo.nn.networks import (
    draw_weights,
    mlp,
    recurrent,
    recurrent_decoder,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)
from zoo.report.config import DataSetting
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

    data: DataSetting[Literal["synthetic", "smd", "csv"]] = (
        "synthetic"  # where the metrics come from
    )
    continuation: DataSetting[Literal["same", "fresh"]] = "same"  # test part: the same process?
    data_seed: DataSetting[int] = 0  # of the generator
    machines: DataSetting[NonEmpty[tuple[str, ...]]] = (
        "machine-1-6",
    )  # of SMD; one model for all that are named
    train: DataSetting[Path | None] = None  # CSV to learn from, with --data csv
    test: DataSetting[Path | None] = None  # CSV to judge
    label_column: DataSetting[str | None] = None  # 0/1 column of the CSV files
    data_dir: Path | None = None  # folder that holds ServerMachineDataset; else $ZOO_DATA
    buffer: int | None = None  # rows around events that VUS counts in part; None: median event
    missing: Literal["error", "drop", "interpolate"] = "error"  # what to do about NaN and infinity
    contaminated: Literal["drop", "keep", "refuse"] = "drop"  # labelled anomalies in training rows
    variants: NonEmpty[tuple[Variant, ...]] = (
        "gan_joint",
        "gan_separate",
        "contrast",
        "transformer",
        "reversible",
        "lstm_autoencoder",
        "dense_autoencoder",
    )  # models to compare; the first leads the report
    window: DataSetting[Count] = 100  # rows a window
    stride: DataSetting[Count] = 50  # rows between windows
    level: DataSetting[Literal["windows", "points"]] = "windows"  # what is labelled and judged
    anomalous_share: DataSetting[float] = (
        0.3  # a window is anomalous above this share of anomalous rows
    )
    pooling: Literal["quantile", "mean"] = "quantile"  # of row errors to a window's
    scaling: Literal["standard", "global"] = "standard"  # each metric, or all metrics as one
    normalize: Literal["none", "center", "window", "reversible"] = "none"  # what networks see
    blocks: Count = 2  # attention blocks
    heads: Count = 4  # attention heads
    width: Count = 32  # size of a time step inside the Transformer
    feed_forward: Count = 128  # units of a block's hidden layer
    dropout: float = 0.1  # share dropped in the Transformer
    bottleneck: int | None = (
        None  # size of a code that the window is reconstructed from; None: no code
    )
    reconstruction_weight: float = 1.0  # α
    contrast_weight: float = 0.2  # β
    adversarial_weight: float = 0.05  # γ
    temperature: float = 0.07  # τ of NT-Xent
    epochs: Count = 8  # passes over the training windows
    batch_size: Count = 64  # windows a step
    learning_rate: Amount = 1e-3  # of the Transformer's AdamW
    schedule: Literal["plateau", "cosine"] = "plateau"  # halve on plateaus, or fall to zero
    weight_decay: float = 1e-5  # of AdamW
    adversarial_rate: float = 0.05  # rate of generator and discriminator, share of the above
    patience: Count = 5  # epochs without better validation before the rate is halved
    validation: Share = 0.3  # last part of the training rows, held out: long enough to drift
    threshold: Literal["gaussian", "percentile", "pot"] = "gaussian"  # fitted on held-out normals
    sigmas: Amount = 4.0  # gaussian: deviations above the mean log score
    percentile: float = 99.0  # percentile of held-out scores
    false_alarm: float = 1e-3  # pot: share of normal scores to flag
    mad: Amount = 6.0  # adaptive threshold: deviations above the median of the scores to judge
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
"""Settings for the Server Machine Dataset where nothing else is given; see RESULTS.md."""

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
"""Settings of the source project. A setting given beside `--published` stands."""


def settings(config: Config) -> dict:
    """Return what stands for this data where the command line is silent."""
    return SMD if config.data == "smd" else {}


def run(config: Config) -> Result:
    """Train every variant on normal rows, then judge the test rows by both protocols.

    Raises:
        InputError: Settings or data that cannot be used, with what to change.
        FileNotFoundError: A file that does not exist.
    """
    check(config)
    if config.data == "csv" and (config.train is None or config.test is None):
        raise InputError("data csv needs both train and test; give the other file as well")
    engine.seed_everything(config.seed)

    # Data: normal rows to learn from, the last of them held out, later rows to judge.
    servers = load(config)
    task = cut_servers(
        servers, config.window, config.stride, config.level, config.anomalous_share,
        config.scaling, config.validation, config.contaminated,
    )  # fmt: skip

    # Training: every variant starts from the same Transformer and sees the same batches.
    contestants, histories, best = {}, [], {}
    for variant in config.variants:
        model = make(variant, config, task.x_train.shape[1:])
        print(f"{variant}: {config.epochs} epochs over {len(task.x_train):,} windows")
        contestants[variant], history, best[variant] = fit(model, config, task)
        histories.append(history.assign(variant=variant))

    # Baselines: the same windows, a second each.
    contestants |= baselines(config, task)

    # Numbers: honest rows; then, apart from them, rows as published.
    judged = {}
    for name, contestant in contestants.items():
        judged |= judge(name, contestant, config, task)
    main = config.variants[0]
    shared = facts(len(task.x_train), len(judged[main].scores), config.epochs, config.seed)
    rows = [{"variant": name, "protocol": "honest", **each.row} for name, each in judged.items()]
    cures = None
    if config.level == "windows" and task.labelled:
        rows += as_published({name: judged[name] for name in contestants}, best, task.y)
        if config.data == "synthetic":
            cures = cures_table(config, task, contestants)

    return Result(
        recipe="transformer_gan_servers",
        summary=(
            f"{main} learned {len(task.x_train):,} windows of {config.window} rows of "
            f"{', '.join(task.names)} and judged {shared['n_test']:,} {config.level}; the numbers "
            f"at the top are honest: nothing was chosen on the test part."
        ),
        config=config,
        metrics=headline(judged[main], shared),
        comparison=pd.DataFrame([{**row, **shared} for row in rows]),
        history=pd.concat(histories, ignore_index=True),
        scores=score_table(config, task, judged),
        top=top_table(config, task, judged[main]),
        model=contestants[main].model,
        **pictures(config, servers, task, contestants, judged, cures),
        notes=notes(config, task, contestants, judged),
    )


def load(config: Config) -> list[Servers]:
    """Return the servers to learn from and to judge."""
    if config.data == "smd":
        return [load_smd(machine, config.data_dir) for machine in config.machines]
    if config.data == "csv":
        return [servers_from_csv(config.train, config.test, config.label_column, config.missing)]
    return [generate_servers(config.data_seed, config.continuation)]


def make(variant: Variant, config: Config, shape: tuple[int, int]) -> AnomalyModel:
    """Return an untrained model; the Transformers of all variants start from the same weights."""
    if variant == "dense_autoencoder":
        size, hidden, code = shape[0] * shape[1], 256, config.bottleneck or 40
        encoder = mlp(shape, (hidden, code), "gelu", name="encoder")
        decoder = mlp((code,), (hidden, size), "gelu", output_shape=shape, name="decoder")
        encoder = draw_weights(encoder, config.seed)
        return Autoencoder(encoder, draw_weights(decoder, config.seed + 1), noise=0.0)
    if variant == "lstm_autoencoder":
        units = (config.width,)
        return Autoencoder(
            draw_weights(recurrent(shape, "lstm", units), config.seed),
            draw_weights(recurrent_decoder(shape, "lstm", units), config.seed + 1),
            noise=0.0,
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
            "score_by": "both",
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


def fit(
    model: AnomalyModel, config: Config, task: ServerWindows
) -> tuple[Contestant, pd.DataFrame, BestOnTest | None]:
    """Train a model; return its contestant, its history and, for windows, its best epoch.

    The contestant gives row errors `(n, window)` and a second term `(n,)` for windows.
    """
    is_autoencoder = isinstance(model, Autoencoder)
    view = centered if is_autoencoder and config.normalize == "center" else as_they_are
    model.compile(**optimizers(model, config))
    errors = errors_of(model, view)
    watched = "val_loss" if is_autoencoder else "val_reconstruction"
    callbacks = [keras.callbacks.ReduceLROnPlateau(watched, 0.5, config.patience, mode="min")]
    if config.schedule == "cosine":
        callbacks = [cosine(config.learning_rate, config.epochs)]
    best = None
    if config.level == "windows" and task.labelled:
        best = BestOnTest(lambda: scores_of([errors(x) for x in task.x_test], config), task.y)
        callbacks.append(best)
    valid = np.concatenate(task.x_valid)
    valid = valid[np.linspace(0, len(valid) - 1, min(256, len(valid))).astype(int)]
    history, seconds = train(
        model,
        Batches(view(task.x_train), config.batch_size, config.seed, drop_last=True),
        config.epochs,
        validation_data=(view(valid), None),
        validation_batch_size=128,
        callbacks=callbacks,
    )
    return Contestant("model", errors, seconds, model), history, best


def optimizers(model: AnomalyModel, config: Config) -> dict:
    """Return the optimizer of a model, or one for each of its parts, as `compile` takes them."""
    rate = config.learning_rate
    main = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    if isinstance(model, Autoencoder):
        return {"optimizer": main}
    if model.generator is None:
        return {"transformer": main}
    others = (keras.optimizers.Adam(rate * config.adversarial_rate) for _ in range(2))
    return {"transformer": main, "generator": next(others), "discriminator": next(others)}


def errors_of(model: AnomalyModel, view: Callable, batch_size: int = 256) -> Callable:
    """Return the function from windows to their row errors `(n, window)` and 1 − D `(n,)`.

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
