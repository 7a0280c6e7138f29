"""The pictures and tables of the concept pages: seeded, small, made when the site is built.

Nothing is downloaded, and what is there is made again only after this file has changed. To look at
them alone: `python docs/pictures.py FOLDER`.
"""

import os
import re
import sys
import warnings
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.stats import chi2, norm

from zoo.evaluation import metrics
from zoo.evaluation.baselines import PCAReconstruction
from zoo.evaluation.thresholds import Gaussian, MedianMAD, PeaksOverThreshold, Percentile, Rolling
from zoo.models import Autoencoder, DeepSVDD
from zoo.models.collapse import CollapseWarning
from zoo.nn.networks import draw_weights, mlp
from zoo.report import figures
from zoo.report.figures import style
from zoo.training.batches import Batches


def draw_all(folder):
    """Make every picture (`NAME.png`) and table (`NAME.md`) in `folder`, unless they are there."""
    folder = Path(folder)
    stamp = folder / ".made"
    if stamp.exists() and stamp.stat().st_mtime > Path(__file__).stat().st_mtime:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for page in (architecture, collapse, thresholds, adaptive, protocols, explanations):
        for name, made in page().items():
            if isinstance(made, Figure):
                made.savefig(folder / f"{name}.png", dpi=110)
            else:
                (folder / f"{name}.md").write_text(made, encoding="utf-8")
    stamp.touch()


def floors():
    """Floor, places and question of each row of the map in `architecture.md`, from the top."""
    page = (Path(__file__).parent / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    return [(int(floor), re.findall(r"`([^`]+)`", places), text) for floor, places, text in rows]


@style.in_house_style
def architecture():
    """The floors of the house as boxes, the most used at the top."""
    rows = floors()
    picture = Figure(figsize=(10, 0.52 * len(rows) + 0.6), layout="constrained")
    ax = picture.subplots()
    colours = {"recipes": "#fdf3d8", "zoo/engine": "#dde9f6"}
    for line, (_, places, question) in enumerate(rows):
        y = len(rows) - line
        box = Rectangle((0, y - 0.42), 1, 0.84, facecolor=colours.get(places[0], "#f2f2f2"))
        box.set(edgecolor="#808080", linewidth=0.8)
        ax.add_patch(box)
        ax.text(0.015, y, "   ".join(places), va="center", family="monospace", weight="bold")
        ax.text(0.985, y, question.replace("–", ""), va="center", ha="right")
    ax.annotate("", (1.03, 0.6), (1.03, len(rows) + 0.4), arrowprops={"arrowstyle": "->"})
    ax.text(1.04, len(rows) / 2 + 0.5, "imports", rotation=270, va="center")
    ax.set(xlim=(-0.01, 1.07), ylim=(0.4, len(rows) + 0.6))
    ax.set_axis_off()
    return {"architecture": picture}


@style.in_house_style
def collapse():
    """Deep SVDD three times on one table: the losses of two fall further, and they find less."""
    train, normal, anomalous = plane_in_space()
    labels = np.repeat([0, 1], [len(normal), len(anomalous)])
    histories, rows = [], []
    paper = Figure(figsize=(10, 3.9), layout="constrained")
    panels = paper.subplots(1, 3)
    for name, ax in zip(("as it should be", "with biases", "center at zero"), panels, strict=True):
        encoder = draw_weights(mlp((8,), units=(32, 2), bias=name == "with biases"), 0)
        model = DeepSVDD(encoder, weight_decay=1e-3)
        if name == "center at zero":
            model.sphere.initialize(np.zeros((1, 2)), away_from_zero=0.0)
        model.compile(keras.optimizers.Adam(1e-2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CollapseWarning)
            losses = model.fit(Batches(train, 100, seed=0), epochs=200, verbose=0).history["loss"]
        both = np.concatenate([normal, anomalous])
        scores = model.predict(both, verbose=0)
        epochs = np.arange(1, len(losses) + 1)
        histories.append(pd.DataFrame({"epoch": epochs, "loss": losses, "variant": name}))
        rows.append(
            (name, losses[-1], np.median(scores[labels == 0]), metrics.roc_auc(labels, scores))
        )
        center = keras.ops.convert_to_numpy(model.sphere.center)
        points = encoder.predict(both, verbose=0) - center
        figures.embedding_map(points, labels, name, center=(0, 0), method="PCA", ax=ax)
        ax.set(xlabel="embedding 1, from the center", ylabel="embedding 2, from the center")
        ax.set(xlim=(-1.1, 2.6), ylim=(-1.6, 2.1))
        ax.set_adjustable("box")
        if ax is not panels[0]:
            ax.get_legend().remove()
    pca = metrics.roc_auc(labels, PCAReconstruction().fit(train).score(both))
    rows.append(("PCA, a one-second baseline", None, None, pca))
    curves = figures.training_curves(pd.concat(histories))
    style.set_title(curves.axes[0], "The losses of the two that collapse fall further")
    heads = ("encoder", "last loss", "median score of normals", "ROC-AUC")
    return {
        "collapse_loss": curves,
        "collapse_embeddings": paper,
        "collapse_table": table(heads, rows, ("", ".2g", ".2g", ".3f")),
    }


def plane_in_space():
    """Rows near a plane in eight dimensions to train on and to judge, and rows further off it."""
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(800, 2)) @ rng.normal(size=(2, 8))
    rows = (plane + 0.3 * rng.normal(size=(800, 8))).astype("float32")
    anomalous = rows[600:] + 0.6 * rng.normal(size=(200, 8)).astype("float32")
    return rows[:600], rows[600:], anomalous


def thresholds():
    """What rules promise, and the rate of false alarms they come to, on scores of a known law."""
    rows = []
    for rate in (0.01, 0.001):
        for name, limit in rules(rate).items():
            clean, dirty = [], []
            for seed in range(100):
                scores = squared_distances(1000, seed)
                clean.append(chi2.sf(limit(scores), DEGREES))
                scores[:20] *= 8
                dirty.append(chi2.sf(limit(scores), DEGREES))
            rows.append((name, f"{100 * rate:g} %", spread(clean), spread(dirty)))
    heads = (
        "rule, fitted on 1,000 scores",
        "promised",
        "false alarms, training clean",
        "false alarms, 2 % of training anomalous",
    )

    scores = squared_distances(1000, 0)
    limits = {name: limit(scores) for name, limit in rules(0.01).items()}
    anomalous = 3 * squared_distances(100, 1)
    judged = np.concatenate([squared_distances(5000, 2), anomalous])
    labels = np.repeat([0, 1], [5000, 100])
    picture = figures.score_histogram(
        judged,
        labels,
        limits,
        title="Five rules that promise 1 % of false alarms draw five lines",
        score_label="anomaly score: sum of four squares",
        log=False,
    )
    return {"thresholds": picture, "thresholds_table": table(heads, rows, ("", "", "", ""))}


DEGREES = 4  # of freedom: scores are sums of so many squared Gaussians


def squared_distances(count, seed):
    """Scores whose law is known: chi-squared."""
    return np.random.default_rng(seed).chisquare(DEGREES, count)


def rules(rate):
    """Name of a rule to the function from normal scores to the limit it draws."""
    deviations = norm.isf(rate)
    return {
        "percentile": lambda s: Percentile(100 * (1 - rate)).fit(s).limit,
        "Gaussian": lambda s: Gaussian(false_alarm=rate).fit(s).limit,
        "Gaussian of the logarithm": lambda s: np.exp(
            Gaussian(false_alarm=rate).fit(np.log(s)).limit
        ),
        "median + k · MAD": lambda s: MedianMAD(deviations).fit(s).limit,
        "peaks over threshold": lambda s: PeaksOverThreshold(rate, level=0.95).fit(s).limit,
    }


def spread(rates):
    """Mean and standard deviation of rates, in percent."""
    if np.mean(rates) < 1e-5:
        return "below 0.001 %"
    return f"{100 * np.mean(rates):.2g} % ± {100 * np.std(rates):.1g}"


@style.in_house_style
def adaptive():
    """Scores that drift, a threshold that stands and one that follows."""
    rng = np.random.default_rng(3)
    steps = np.arange(1500)
    drift = 1 + np.clip(steps - 500, 0, None) / 400
    scores = drift * rng.gamma(12, 1 / 12, len(steps))
    labels = np.zeros(len(steps), int)
    starts = (250, 700, 1150)
    for start in starts:
        labels[start : start + 12] = 1
        scores[start : start + 12] *= 4
    fixed = np.full(len(steps), MedianMAD(6).fit(scores[:150]).limit)
    rolling = Rolling(MedianMAD(6), length=150).thresholds(scores)
    paper = Figure(figsize=(10, 4.2), layout="constrained")
    panels = paper.subplots(1, 2, sharey=True)
    for ax, limit, name in zip(panels, (fixed, rolling), ("stands", "follows"), strict=True):
        flags = scores > limit
        found = sum(flags[start : start + 12].any() for start in starts)
        ax.plot(steps, scores, color=style.INK, linewidth=0.6, label="score")
        ax.plot(steps, limit, color=style.ANOMALY, linestyle="--", label="threshold")
        for start in starts:
            look = {"color": style.PALETTE[5], "alpha": 0.5, "linewidth": 0}
            ax.axvspan(start, start + 12, label="anomaly" if start == 250 else None, **look)
        style.set_title(
            ax,
            f"A threshold that {name}: {found} of 3 anomalies found, "
            f"{flags[labels == 0].sum()} false alarms",
            width=46,
        )
        ax.set_xlabel("time step")
    panels[0].set_ylabel("anomaly score")
    panels[1].legend(loc="upper left")
    return {"adaptive": paper}


def protocols():
    """What random scores reach, row by row, event by event and point-adjusted."""
    rows = []
    for length in (1, 10, 50, 200):
        found = []
        for seed in range(20):
            labels, scores = random_scores(length, seed)
            flags = scores > np.quantile(scores, 0.99)
            found.append(
                (
                    metrics.roc_auc(labels, scores),
                    metrics.best_f1(labels, scores)[0],
                    metrics.point_adjusted_f1(labels, scores),
                    metrics.event_metrics(labels, flags)["event_recall"],
                )
            )
        rows.append((f"{length:,}", *np.mean(found, axis=0)))
    heads = (
        "rows an event",
        "ROC-AUC",
        "best F1, row by row",
        "best F1, point-adjusted",
        "events found by the highest 1 %",
    )
    labels, scores = random_scores(200, 0)
    limit = float(np.quantile(scores, 0.99))
    steps = np.arange(len(scores))
    flat = 0.3 * np.sin(steps / 40) + labels * 0.8
    picture = figures.series_scores(
        steps,
        flat,
        scores,
        limit,
        labels,
        title="Random scores: one lucky row, and the whole event counts as found",
    )
    return {"random_scores": picture, "protocols_table": table(heads, rows, ("", *[".2f"] * 4))}


def random_scores(length, seed):
    """Labels of five events among 4,000 rows, and scores that know nothing of them."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(4000, int)
    for event in range(5):
        start = 800 * event + int(rng.integers(100, 700 - length))
        labels[start : start + length] = 1
    return labels, rng.uniform(size=len(labels))


def explanations():
    """Rows with one number replaced, and which number an autoencoder cannot reconstruct."""
    names = ("load", "temperature", "vibration", "current", "pressure")
    rng = np.random.default_rng(0)
    load = rng.normal(size=(2000, 1))
    rows = load * np.array([1, 0.9, 0.8, 1, -0.7]) + 0.25 * rng.normal(size=(2000, 5))
    rows = ((rows - rows.mean(0)) / rows.std(0)).astype("float32")
    model = Autoencoder(
        draw_weights(mlp((5,), units=(64, 64)), 0),
        draw_weights(mlp((64,), units=(64, 5)), 1),
        noise=0.5,
    )
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(Batches(rows[:1900], 100, seed=0), epochs=40, verbose=0)
    damaged = rows[1900:1906].copy()
    changed = (1, 3, 4, 1, 2, 0)
    for row, feature in enumerate(changed):
        damaged[row, feature] -= 3 * np.sign(damaged[row, feature] or 1)
    errors = keras.ops.convert_to_numpy(model.errors(damaged))
    labels = [f"row {row + 1}, {names[feature]} changed" for row, feature in enumerate(changed)]
    hits = int((errors.argmax(axis=1) == np.array(changed)).sum())
    picture = figures.feature_errors(
        errors,
        names,
        labels,
        title=f"In {hits} of {len(changed)} rows the number that was changed has the largest error",
    )
    return {"feature_errors": picture}


def table(heads, rows, formats):
    """A Markdown table; None is a dash."""

    def line(cells):
        return f"| {' | '.join(cells)} |"

    body = [
        line(
            "–" if cell is None else format(cell, form)
            for cell, form in zip(row, formats, strict=True)
        )
        for row in rows
    ]
    return "\n".join([line(heads), f"|{'---|' * len(heads)}", *body])


if __name__ == "__main__":
    draw_all(sys.argv[1])
