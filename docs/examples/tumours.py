"""A denoising autoencoder of benign tumours: what it cannot redraw is malignant.

Source: Wisconsin breast cancer (569 tumours, 30 measurements each; ships with scikit-learn)
Data: embedded
Shows: whether noise makes a better autoencoder than a narrow code, against one-second baselines
Time: 1 minute on two cores
Run: zoo run tumours --seed 0

Trained on 70 % of the benign tumours; the others and all malignant ones judge. A tenth of the
training rows is held out for the threshold, their 95th percentile.
"""

from dataclasses import dataclass
from functools import partial
from time import perf_counter

import keras
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from zoo import backend, engine
from zoo.data.arrays.checks import require_at_least
from zoo.data.tables.normals import split_normals
from zoo.data.tables.table import Table
from zoo.evaluation import metrics
from zoo.evaluation.baselines import all_baselines
from zoo.evaluation.thresholds import Percentile
from zoo.models import Autoencoder
from zoo.nn.networks import draw_weights, mlp
from zoo.report import figures
from zoo.report.result import Result
from zoo.training.batches import Batches


@dataclass(frozen=True)
class Config:
    """Every setting of the recipe."""

    noise: float = 0.5  # standard deviations added in training
    units: int = 64  # of the code without bottleneck
    bottleneck: int = 4  # of the narrow code
    epochs: int = 60  # passes over the training rows
    batch_size: int = 32  # rows a step
    learning_rate: float = 1e-3  # of Adam
    percentile: float = 95.0  # of held-out training scores: the threshold
    seed: int = 0  # of split, weights, order and noise


def run(config: Config) -> Result:
    """Train both autoencoders on benign tumours, then judge them beside the baselines.

    Raises:
        ValueError: settings that cannot be used.
    """
    require_at_least(1, epochs=config.epochs, batch_size=config.batch_size)
    engine.seed_everything(config.seed)

    # Data: normal rows are split; the scaler sees those to train on.
    bunch = load_breast_cancer()
    table = Table("tumours", bunch.data, (bunch.target == 0).astype(int), bunch.feature_names)
    normal, x_test, labels = split_normals(table, train=0.7, seed=config.seed)
    held_out = len(normal) // 10
    scaler = StandardScaler().fit(normal[held_out:])
    x_valid, x_train, x_test = (
        scaler.transform(part).astype("float32")
        for part in (normal[:held_out], normal[held_out:], x_test)
    )

    # Models: one input, two ways to keep an autoencoder from merely copying it.
    features = x_train.shape[1]
    models = {
        "denoising": autoencoder(features, config.units, config.noise, config.seed),
        "narrow": autoencoder(features, config.bottleneck, 0.0, config.seed),
    }
    contestants, histories = {}, []
    for name, model in models.items():
        model.compile(keras.optimizers.Adam(config.learning_rate))
        start = perf_counter()
        batches = Batches(x_train, config.batch_size, config.seed)
        losses = model.fit(batches, epochs=config.epochs, verbose=0).history["loss"]
        histories.append(
            pd.DataFrame({"epoch": range(1, len(losses) + 1), "loss": losses, "variant": name})
        )
        score = partial(model.predict, verbose=0)
        contestants[name] = ("model", score, perf_counter() - start)

    # Baselines: the same rows, a second each.
    for name, baseline in all_baselines(config.seed).items():
        start = perf_counter()
        contestants[name] = ("baseline", baseline.fit(x_train).score, perf_counter() - start)

    # Numbers: thresholds from held-out normals; labels judge, and choose nothing.
    shared = {
        "n_train": len(x_train),
        "n_test": len(x_test),
        "epochs": config.epochs,
        "backend": keras.backend.backend(),
        "device": backend.describe()["device"],
        "seed": config.seed,
    }
    scores, rows = {}, []
    for name, (kind, score, seconds) in contestants.items():
        limit = Percentile(config.percentile).fit(score(x_valid)).limit
        scores[name] = score(x_test)
        found = metrics.summarize(labels, scores[name], limit)
        collapsed = models[name].verdict.collapsed if name in models else None
        taken = {"fit_seconds": seconds, "collapsed": collapsed}
        rows.append({"variant": name, "kind": kind, **found, **taken, **shared})
    first = {key: value for key, value in rows[0].items() if key not in ("variant", "kind")}

    return Result(
        recipe="tumours",
        summary=(
            f"Two autoencoders learned {len(x_train)} benign tumours and judged {len(x_test)} "
            f"others; the figures at the top are those of the denoising one."
        ),
        config=config,
        metrics=first,
        comparison=pd.DataFrame(rows),
        history=pd.concat(histories, ignore_index=True),
        scores=pd.DataFrame({"score": scores["denoising"], "label": labels}),
        model=models["denoising"],
        figures={
            "scores": figures.score_histogram(
                scores["denoising"], labels, first["threshold"], "95th percentile of held-out rows"
            ),
            "roc": figures.roc_curves({name: (labels, own) for name, own in scores.items()}),
            "training": figures.training_curves(pd.concat(histories)),
        },
        captions={"roc": "Every detector, the baselines too, saw the same scaled rows."},
    )


def autoencoder(features, code, noise, seed):
    """An autoencoder of rows whose code has so many numbers."""
    encoder = draw_weights(mlp((features,), units=(64, code)), seed)
    decoder = draw_weights(mlp((code,), units=(64, features)), seed + 1)
    return Autoencoder(encoder, decoder, noise=noise, seed=seed)
