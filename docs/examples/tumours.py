"""A denoising autoencoder of benign tumours: what it cannot reconstruct is malignant.

Source: Wisconsin breast cancer (569 tumours, 30 measurements each; ships with scikit-learn)
Data: embedded
Shows: whether noise makes a better autoencoder than a narrow code, against one-second baselines
Time: 1 minute on two cores
Run: zoo run tumours --seed 0

Trained on 70 % of the benign tumours; the others and all malignant ones judge. A tenth of the
training rows is held out for the threshold, their 95th percentile.
"""

from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from recipes.common import (
    Amount,
    Contestant,
    Count,
    check,
    compare,
    facts,
    fit_baselines,
    headline,
    judge,
    scores_of,
    train,
)
from zoo import engine
from zoo.data.tables.normals import split_normals
from zoo.data.tables.table import Table
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

    noise: Amount = 0.5  # standard deviations added in training
    units: Count = 64  # of the code without bottleneck
    bottleneck: Count = 4  # of the narrow code
    epochs: Count = 60  # passes over the training rows
    batch_size: Count = 32  # rows a step
    learning_rate: Amount = 1e-3  # of Adam
    percentile: float = 95.0  # of held-out training scores: the threshold
    seed: int = 0  # of split, weights, order and noise


def run(config: Config) -> Result:
    """Train both autoencoders on benign tumours, then judge them beside the baselines.

    Raises:
        InputError: Settings that cannot be used.
    """
    check(config)
    engine.seed_everything(config.seed)

    # Data: normal rows are split; the scaler sees those to train on.
    x_train, x_valid, x_test, labels = load(config.seed)

    # Models: one input, two ways to keep an autoencoder from merely copying it.
    features = x_train.shape[1]
    models = {
        "denoising": autoencoder(features, config.units, config.noise, config.seed),
        "narrow": autoencoder(features, config.bottleneck, 0.0, config.seed),
    }
    contestants, histories = {}, []
    for name, model in models.items():
        model.compile(keras.optimizers.Adam(config.learning_rate))
        batches = Batches(x_train, config.batch_size, config.seed)
        history, seconds = train(model, batches, config.epochs)
        histories.append(history.assign(variant=name))
        contestants[name] = Contestant("model", scores_of(model), seconds, model)

    # Baselines: the same rows, a second each.
    contestants |= fit_baselines(all_baselines(config.seed), x_train)

    # Numbers: thresholds from held-out normals; labels judge, and choose nothing.
    def threshold(scores):
        return Percentile(config.percentile).fit(scores).limit

    judged = {
        name: judge(each, x_valid, x_test, labels, threshold) for name, each in contestants.items()
    }
    shared = facts(len(x_train), len(x_test), config.epochs, config.seed)
    main, history = judged["denoising"], pd.concat(histories, ignore_index=True)

    return Result(
        recipe="tumours",
        summary=(
            f"Two autoencoders learned {len(x_train)} benign tumours and judged {len(x_test)} "
            f"others; the figures at the top are those of the denoising one."
        ),
        config=config,
        metrics=headline(main, shared),
        comparison=compare(judged, shared),
        history=history,
        scores=pd.DataFrame({"score": main.scores, "label": labels}),
        model=models["denoising"],
        figures={
            "scores": figures.score_histogram(
                main.scores, labels, main.numbers["threshold"], "95th percentile of held-out rows"
            ),
            "roc": figures.roc_curves({name: (labels, j.scores) for name, j in judged.items()}),
            "training": figures.training_curves(history),
        },
        captions={"roc": "Every detector, the baselines too, saw the same scaled rows."},
    )


def load(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return scaled rows to learn from, held-out ones, those to judge, and their labels."""
    bunch = load_breast_cancer()
    table = Table("tumours", bunch.data, (bunch.target == 0).astype(int), bunch.feature_names)
    normal, x_test, labels = split_normals(table, train=0.7, seed=seed)
    held_out = len(normal) // 10
    scaler = StandardScaler().fit(normal[held_out:])
    parts = normal[held_out:], normal[:held_out], x_test
    return *(scaler.transform(part).astype("float32") for part in parts), labels


def autoencoder(features: int, code: int, noise: float, seed: int) -> Autoencoder:
    """Return an autoencoder of rows whose code has so many numbers."""
    encoder = draw_weights(mlp((features,), units=(64, code)), seed)
    decoder = draw_weights(mlp((code,), units=(64, features)), seed + 1)
    return Autoencoder(encoder, decoder, noise=noise, seed=seed)
