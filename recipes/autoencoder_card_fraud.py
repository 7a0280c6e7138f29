"""Autoencoders on card transactions: what cannot be redrawn is fraud.

Source: Autoencoders (dense, ReLU, MSE, MinMax; threshold from the distribution of errors)
Data: embedded generated table, card_transdata, or any CSV with a 0/1 label column
Shows: what noise does for an autoencoder, long tails, four thresholds and what they promise
Time: embedded 1 minute, card_transdata 3 minutes, on two cores
Run: zoo run autoencoder-card-fraud --data card_transdata

Trained on normal transactions only, judged on the other normals and all frauds.

- *dense*: a code of a few numbers between encoder and decoder, as the source has it.
- *denoising*: no bottleneck; sees each transaction with Gaussian noise on it and must give it back
  without. A fraud is an unusual *combination* of usual values (expensive, online and without PIN),
  which a bottleneck copies well, and which denoising leads away from, to where normals are dense.
- *sparse*: no bottleneck, an L1 penalty on the code.
- *vae*: variational; by default the score is the error of the mean code.

Distances and the price ratio have long tails: MinMax alone presses nearly all of them into a few
percent of [0, 1]. `--tails` says what is done first; the first variant is trained with each.

The threshold comes from held-out normals and one stated rate of false alarms: their percentile; a
Gaussian, or median + k · MAD, of the logarithm of errors; peaks over threshold (extreme values).

Noise, the vae's scale, widths and batches were chosen with test figures in sight, of one seed of
each table; any noise from 0.3 to 1 (in standard deviations) reaches a PR-AUC of 0.95 and more.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Literal

import keras
import numpy as np
import pandas as pd
import tyro
from scipy.stats import norm
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from zoo import backend, engine, explain
from zoo.data.arrays.checks import constant_columns, require_at_least
from zoo.data.tables.cards import generate_cards, load_cards
from zoo.data.tables.normals import split_normals, training_rows
from zoo.data.tables.table import Table, read_table
from zoo.data.tables.tails import TAILS, tail_transform
from zoo.errors import InputError
from zoo.evaluation import metrics
from zoo.evaluation.baselines import (
    IsolationForestBaseline,
    LocalOutlierFactorBaseline,
    PCAReconstruction,
)
from zoo.evaluation.thresholds import Gaussian, MedianMAD, PeaksOverThreshold, Percentile
from zoo.models import Autoencoder, VariationalAutoencoder
from zoo.models.base import AnomalyModel
from zoo.nn.networks import draw_weights, mlp
from zoo.report import figures
from zoo.report.result import Result
from zoo.training.batches import Batches

Variant = Literal["denoising", "dense", "sparse", "vae"]
Rule = Literal["percentile", "gaussian", "median_mad", "pot"]
RULES = ("percentile", "gaussian", "median_mad", "pot")
BASELINES = {
    "isolation_forest": IsolationForestBaseline,
    "lof": lambda seed: LocalOutlierFactorBaseline(),
    "pca": lambda seed: PCAReconstruction(),
}
STATED = (0.1, 0.05, 0.02, 0.01, 0.001)  # rates of false alarms in the table of thresholds


@dataclass(frozen=True)
class Config:
    """Every setting of the recipe."""

    data: str = "generated"  # generated, card_transdata, or the path of a CSV file
    label_column: str = "fraud"  # 0/1 column of that CSV file
    missing: Literal["error", "drop"] = "error"  # what to do about rows with NaN or infinity
    data_dir: Path | None = None  # folder that holds card_transdata.csv; None: $ZOO_DATA
    rows: int = 6000  # transactions to generate
    split: Literal["normals", "random"] = (
        "normals"  # train on a part of the normals, or of all rows
    )
    contaminated: Literal["drop", "keep", "refuse"] = "drop"  # anomalies in a random training part
    variants: tuple[Variant, ...] = ("denoising", "dense", "vae")  # first one leads the report
    tails: Literal["none", "log1p", "quantile"] = "log1p"  # what is done to long tails first
    compare_tails: bool = True  # train the first variant on the other treatments of tails too
    scaling: Literal["standard", "minmax"] = "standard"  # then: unit variance, or [0, 1]
    units: tuple[int, ...] = (128, 128)  # of the encoder's hidden layers; the decoder mirrors them
    code: int = 4  # numbers in the code of dense
    vae_code: int = 8  # numbers in the code of vae
    wide_code: int = 128  # numbers in the code of denoising and sparse
    noise: float = 0.5  # denoising: standard deviation, in the unit of the scaled features
    mask: float = 0.0  # denoising: share of features set to zero
    sparsity: float = 1e-3  # sparse: weight of the code's L1 norm
    beta: float = 1.0  # vae: weight β of the divergence
    scale: float = 0.7  # vae: standard deviation of p(x|z), in the unit of the scaled features
    vae_score: Literal["reconstruction_error", "reconstruction_probability", "elbo"] = (
        "reconstruction_error"  # vae: what is scored
    )
    epochs: int = 60  # passes over the training rows
    batch_size: int = 256  # rows a step
    learning_rate: float = 3e-3  # of Adam
    decay: bool = True  # let the rate fall to zero along a cosine
    weight_decay: float = 0.0  # λ, true L2
    threshold: Rule = "percentile"  # rule that makes the threshold of every row
    false_alarm_rate: float = 0.05  # share of normals that the threshold is meant to flag
    validation: float = 0.1  # share of the training rows held out for the threshold
    top: int = 10  # strangest test rows to report
    seed: int = 0  # of split, weights, order, noise and generated rows


PUBLISHED = {
    "variants": ("dense",),
    "tails": "none",
    "compare_tails": False,
    "scaling": "minmax",
    "decay": False,
    "threshold": "percentile",
}
"""What is known of the source project, which leaves sizes and epochs open. A setting given beside
`--published` stands."""


@dataclass(frozen=True)
class Task:
    """Rows to train on, to fit thresholds on, and to judge; in their own units."""

    name: str
    columns: tuple[str, ...]
    x_train: np.ndarray
    x_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    anomalies_in_training: int

    def scaled(self, tails: str, scaling: str) -> "Task":
        """The same rows as the networks see them; what is fitted is fitted on training rows."""
        steps = [tail_transform(tails, len(self.x_train))]
        if scaling == "standard":
            steps.append(StandardScaler())
        scaler = make_pipeline(*steps).fit(self.x_train)
        parts = ("x_train", "x_valid", "x_test")
        seen = {part: scaler.transform(getattr(self, part)).astype("float32") for part in parts}
        return replace(self, **seen)


@dataclass(frozen=True)
class Contestant:
    """One row of the comparison: how it scores rows, and what its training took."""

    kind: Literal["model", "baseline"]
    score: Callable[[np.ndarray], np.ndarray]
    fit_seconds: float
    task: Task
    model: AnomalyModel | None = None
    is_logarithm: bool = False  # of a likelihood; the Gaussian rule takes it as it is


def run(config: Config) -> Result:
    """Train every variant on normal rows, then judge the test rows.

    Raises:
        ValueError: settings or data that cannot be used, with what to change.
        FileNotFoundError: a file that does not exist.
    """
    check(config)
    engine.seed_everything(config.seed)

    # Data: normal rows to learn from, some of them held out; other normals and all anomalies.
    raw = split(load(config), config)
    others = [tails for tails in TAILS if config.compare_tails and tails != config.tails]
    tasks = {tails: raw.scaled(tails, config.scaling) for tails in (config.tails, *others)}
    task = tasks[config.tails]

    # Training: every variant as chosen, the first one with other treatments of the tails too.
    main = config.variants[0]
    plan = {name: (name, task) for name in config.variants}
    plan |= {f"{main}, tails {tails}": (main, tasks[tails]) for tails in others}
    models = {name: make(variant, len(raw.columns), config) for name, (variant, _) in plan.items()}
    contestants, histories = {}, []
    for name, model in models.items():
        seen = plan[name][1]
        print(f"{name}: {config.epochs} epochs over {len(seen.x_train):,} rows")
        contestants[name], history = train(model, seen, config)
        histories.append(history.assign(variant=name))

    # Baselines: the same rows, a second each.
    for name, baseline_of in BASELINES.items():
        start = perf_counter()
        baseline = baseline_of(config.seed).fit(task.x_train)
        seconds = perf_counter() - start
        contestants[name] = Contestant("baseline", baseline.score, seconds, task)

    # Numbers: the threshold saw held-out normals; labels only judge.
    judged = {name: judge(contestant, config) for name, contestant in contestants.items()}
    shared = {
        "n_train": len(raw.x_train),
        "n_test": len(raw.x_test),
        "epochs": config.epochs,
        "backend": keras.backend.backend(),
        "device": backend.describe()["device"],
        "seed": config.seed,
    }
    comparison = pd.DataFrame(
        {"variant": name, **numbers, **shared} for name, (numbers, _) in judged.items()
    )
    history = pd.concat(histories, ignore_index=True)
    numbers, scores = judged[main]
    table = pd.DataFrame({"sample": np.arange(len(scores)), "score": scores, "label": raw.y_test})
    every = {f"score_{name}": values for name, (_, values) in judged.items()}
    top = table.sort_values("score", ascending=False, kind="stable").head(config.top)
    seen = contestants[main].task.x_test[top.index]
    errors = explain.error_map(contestants[main].model, seen)
    top["because"] = explain.reasons(errors, raw.columns)
    columns = [f"{name}_feature" if name in top else name for name in raw.columns]
    features = pd.DataFrame(raw.x_test[top.index], index=top.index, columns=columns)

    return Result(
        recipe="autoencoder_card_fraud",
        summary=(
            f"The {main} variant learned {len(raw.x_train):,} rows of {raw.name} and judged "
            f"{len(raw.x_test):,} others, of which {np.mean(raw.y_test):.1%} are anomalies; the "
            f"figures at the top are its own."
        ),
        config=config,
        metrics={**{k: v for k, v in numbers.items() if k != "kind"}, **shared},
        comparison=comparison,
        history=history,
        scores=table.assign(**every),
        top=pd.concat([top, features], axis=1),
        model=contestants[main].model,
        **pictures(config, raw, contestants, judged, comparison, history, top, errors),
        notes=notes(config, raw, contestants, numbers),
    )


def check(config):
    """Refuse settings that cannot work."""
    require_at_least(
        1,
        rows=config.rows,
        variants=len(config.variants),
        units=min(config.units, default=1),
        code=config.code,
        vae_code=config.vae_code,
        wide_code=config.wide_code,
        epochs=config.epochs,
        batch_size=config.batch_size,
        top=config.top,
    )
    require_at_least(
        0,
        noise=config.noise,
        mask=config.mask,
        sparsity=config.sparsity,
        beta=config.beta,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    for name in ("false_alarm_rate", "validation"):
        if not 0 < getattr(config, name) < 1:
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{option} is {getattr(config, name)}; give a share between 0 and 1")


def load(config):
    """The table that was asked for."""
    if config.data == "generated":
        return generate_cards(config.rows, config.seed)
    if config.data == "card_transdata":
        return load_cards(config.data_dir)
    if not Path(config.data).expanduser().is_file():
        raise FileNotFoundError(
            f"--data {config.data} is no file; give generated, card_transdata or the path of a CSV"
        )
    return read_table(config.data, config.label_column, config.missing)


def split(table: Table, config: Config) -> Task:
    """Training rows, a part of them held out, and the test rows."""
    rng = np.random.default_rng(config.seed)
    found = 0
    if config.split == "normals":
        x_train, x_test, y_test = split_normals(table, 0.8, config.seed)
    else:
        order = rng.permutation(len(table.labels))
        first, rest = np.split(order, [round(0.8 * len(order))])
        x_test, y_test = table.values[rest], table.labels[rest]
        x_train, found = training_rows(
            table.values[first], table.labels[first], config.contaminated, table.name
        )
    order = rng.permutation(len(x_train))
    held_out = round(config.validation * len(x_train))
    if not 2 <= held_out < len(x_train):
        raise InputError(
            f"--validation {config.validation} holds out {held_out} of {len(x_train)} training "
            f"rows; expected 2 or more, and something left to train on"
        )
    valid, train = np.split(order, [held_out])
    return Task(
        table.name, table.columns, x_train[train], x_train[valid], x_test, y_test, found
    )  # fmt: skip


def make(variant, features, config):
    """An untrained model; equal seeds give equal weights on every backend."""
    code = {"dense": config.code, "vae": config.vae_code}.get(variant, config.wide_code)
    ends = (features,), (code,)
    encoder = mlp(ends[0], (*config.units, 2 * code if variant == "vae" else code))
    decoder = mlp(ends[1], (*config.units[::-1], features))
    encoder, decoder = draw_weights(encoder, config.seed), draw_weights(decoder, config.seed + 1)
    common = {"weight_decay": config.weight_decay, "seed": config.seed}
    if variant == "vae":
        options = {"beta": config.beta, "scale": config.scale, "score_by": config.vae_score}
        return VariationalAutoencoder(encoder, decoder, **options, **common)
    options = {
        "dense": {},
        "denoising": {"noise": config.noise, "mask": config.mask},
        "sparse": {"sparsity": config.sparsity},
    }
    return Autoencoder(encoder, decoder, **options[variant], **common)


def train(model, task, config):
    """Fit a model; the contestant it makes, and its history."""
    batches = Batches(task.x_train, config.batch_size, config.seed)
    rate = config.learning_rate
    if config.decay:
        rate = keras.optimizers.schedules.CosineDecay(rate, config.epochs * len(batches))
    model.compile(keras.optimizers.Adam(rate))
    start = perf_counter()
    history = model.fit(
        batches, validation_data=(task.x_valid, None), epochs=config.epochs, verbose=0
    ).history
    seconds = perf_counter() - start
    likelihood = getattr(model, "score_by", "reconstruction_error") != "reconstruction_error"
    contestant = Contestant("model", scores_of(model), seconds, task, model, likelihood)
    table = pd.DataFrame(history)
    table.insert(0, "epoch", np.arange(1, len(table) + 1))
    return contestant, table


def scores_of(model):
    """The function that scores rows by `model`."""
    return lambda x: model.predict(x, verbose=0)


def limit(rule, rate, scores, is_logarithm=False):
    """The threshold that a rule draws from the scores of held-out normals `(n,)`.

    Errors are far from Gaussian, their logarithms less so; a log likelihood is a logarithm already.

    Raises:
        ValueError: too few scores for the rule.
    """
    if rule == "percentile":
        return Percentile(100 * (1 - rate)).fit(scores).limit
    if rule == "pot":
        # The tail must hold the rate, and some scores to be fitted to.
        tail = max(0.02, 4 * rate, 30 / len(scores))
        return PeaksOverThreshold(rate, 1 - tail).fit(scores).limit
    found = Gaussian(false_alarm=rate) if rule == "gaussian" else MedianMAD(norm.isf(rate))
    if is_logarithm:
        return found.fit(scores).limit
    return float(np.exp(found.fit(np.log(scores)).limit))


def judge(contestant, config):
    """Numbers and test scores `(n,)` of a contestant."""
    task, model = contestant.task, contestant.model
    valid = contestant.score(task.x_valid)
    threshold = limit(config.threshold, config.false_alarm_rate, valid, contestant.is_logarithm)
    start = perf_counter()
    scores = contestant.score(task.x_test)
    seconds = perf_counter() - start
    normal = scores[task.y_test == 0]
    numbers = {
        "kind": contestant.kind,
        **metrics.summarize(task.y_test, scores, threshold),
        "false_alarms": float(np.mean(normal > threshold)) if len(normal) else None,
        "parameters": model.count_params() if model else None,
        "fit_seconds": contestant.fit_seconds,
        "score_seconds": seconds,
        "collapsed": model.verdict.collapsed if model else None,
    }
    return numbers, scores


def promises(contestant, scores):
    """F1, and test normals flagged in %, of every rule at every stated rate; two tables."""
    valid, labels = contestant.score(contestant.task.x_valid), contestant.task.y_test
    f1 = pd.DataFrame(index=pd.Index(RULES, name="rule"), dtype=float)
    alarms = f1.copy()
    for rate in STATED:
        for rule in RULES:
            try:
                flags = scores > limit(rule, rate, valid, contestant.is_logarithm)
            except ValueError:  # too few held-out rows for this rule: blank in the picture
                continue
            column = f"{rate:.1%}"
            f1.loc[rule, column] = metrics.at_threshold(labels, flags)["f1"]
            alarms.loc[rule, column] = 100 * np.mean(flags[labels == 0])
    names = pd.Index(f1.columns, name="stated rate of false alarms")
    return f1.set_axis(names, axis=1), alarms.set_axis(names, axis=1)


def pictures(config, raw, contestants, judged, comparison, history, top, errors):
    """Figures of the run, with captions."""
    labels, main = raw.y_test, config.variants[0]
    numbers, scores = judged[main]
    rule = f"{config.threshold.replace('_', ' ')} for {config.false_alarm_rate:.1%} false alarms"
    kinds = top["label"].map({0: "normal", 1: "anomaly"})
    names = [f"row {row}, {kind}" for row, kind in kinds.items()]
    drawn = {
        "confusion": figures.confusion_matrix(labels, scores > numbers["threshold"]),
        "errors": figures.score_histogram(scores, labels, numbers["threshold"], rule),
        "feature_errors": figures.feature_errors(errors, raw.columns, names),
    }
    captions = {
        "confusion": f"Test rows at the threshold of the {main} variant ({rule}).",
        "errors": f"Errors of the {main} variant; the threshold saw held-out training rows only.",
        "feature_errors": f"Squared error of each feature, as scaled, in the {len(top)} strangest "
        "test rows.",
    }
    variational = history["variant"] == "vae"
    for stem, rows in {"training": ~variational, "training_vae": variational}.items():
        if rows.any():
            drawn[stem] = figures.training_curves(history[rows].dropna(axis=1, how="all"))
    captions["training"] = (
        "Validation rows are held-out training rows. They are seen without noise, so a denoising "
        "loss is lower there."
    )
    captions["training_vae"] = "In nats: loss = reconstruction + β · divergence."
    if 0 < labels.mean() < 1:
        shown = [*config.variants, *BASELINES]
        curves = {name: (labels, judged[name][1]) for name in shown}
        points = {name: judged[name][0]["threshold"] for name in shown}
        f1, alarms = promises(contestants[main], scores)
        title = "F1 by rule and stated rate of false alarms"
        kept = "Which rule keeps its promise: normal test rows flagged"
        drawn |= {
            "roc": figures.roc_curves(curves, points=points),
            "precision_recall": figures.precision_recall_curves(curves, points=points),
            "comparison": figures.comparison_bars(comparison, "pr_auc"),
            "thresholds_f1": figures.table_heat_map(f1, title, "F1"),
            "thresholds_alarms": figures.table_heat_map(alarms, kept, "flagged (%)"),
        }
        captions |= {
            "roc": "Each detector at every threshold.",
            "precision_recall": f"Anomalies are {labels.mean():.0%} of the test rows. Where they "
            "are rarer, precision is lower.",
            "comparison": f"The {main} variant on every treatment of long tails, and the others.",
            "thresholds_f1": f"Of the {main} variant. Every threshold is fitted to "
            f"{len(raw.x_valid):,} held-out training rows; a dash: too few for the rule.",
            "thresholds_alarms": "The same thresholds. A rule that keeps its promise flags the "
            "rate stated above.",
        }
    return {"figures": drawn, "captions": {stem: captions[stem] for stem in drawn}}


def notes(config, raw, contestants, numbers):
    """What a reader of the numbers must know."""
    said = [
        f"f1, precision and recall are taken at the threshold of the rule "
        f"{config.threshold.replace('_', ' ')}, fitted to {len(raw.x_valid):,} held-out training "
        f"rows to flag {config.false_alarm_rate:.1%} of normals; on the test normals it flags "
        f"{numbers['false_alarms'] or 0:.1%}. best_f1 is chosen on the test labels.",
    ]
    if config.data != "card_transdata":
        said.append(f"These are rows of {raw.name}; its figures say nothing of other tables.")
    if raw.anomalies_in_training:
        what = "trained on" if config.contaminated == "keep" else "left out"
        said.append(f"The random training part held {raw.anomalies_in_training} anomalies, {what}.")
    if raw.y_test.all() or not raw.y_test.any():
        kind = "anomalies" if raw.y_test.all() else "normals"
        said.append(
            f"All {len(raw.y_test):,} test rows are {kind}: ROC-AUC and PR-AUC are undefined, and "
            f"their curves are left out."
        )
    constant = constant_columns(pd.DataFrame(raw.x_train, columns=list(raw.columns)))
    if constant:
        said.append(f"Constant in training, any change is an error: {', '.join(constant)}.")
    for name, contestant in contestants.items():
        if contestant.model is not None and contestant.model.verdict.collapsed:
            said.append(f"The {name} variant collapsed: {contestant.model.verdict}.")
    return tuple(said)


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line, run, print the table."""
    print(run(tyro.cli(Config, args=arguments)).comparison.to_string(index=False))


if __name__ == "__main__":
    main()
