"""Tables and figures of the card recipe."""

import numpy as np
import pandas as pd

from recipes.autoencoder_card_fraud.rules import RULES, gives_likelihoods, limit
from zoo import explain
from zoo.evaluation import metrics
from zoo.report import figures

STATED = (0.1, 0.05, 0.02, 0.01, 0.001)  # rates of false alarms in the table of thresholds


def top_table(top, errors, task):
    """Return the most anomalous test rows: why, and their features."""
    top = top.assign(because=explain.reasons(errors, task.columns))
    columns = [f"{name}_feature" if name in top else name for name in task.columns]
    features = pd.DataFrame(task.x_test[top.index], index=top.index, columns=columns)
    return pd.concat([top, features], axis=1)


def pictures(config, task, judged, baselines, comparison, history, top, errors):
    """Return the figures and their captions.

    Args:
        config: The recipe's.
        task: Its data.
        judged: Name of the contestant to its outcome.
        baselines: Names of the baselines.
        comparison: The table of the run.
        history: Losses by epoch and variant.
        top: The most anomalous test rows.
        errors: Squared error of each of their features.
    """
    labels, main = task.y_test, config.variants[0]
    scores, threshold = judged[main].scores, judged[main].numbers["threshold"]
    rule = f"{config.threshold.replace('_', ' ')} for {config.false_alarm_rate:.1%} false alarms"
    kinds = top["label"].map({0: "normal", 1: "anomaly"})
    names = [f"row {row}, {kind}" for row, kind in kinds.items()]
    drawn = {
        "confusion": figures.confusion_matrix(labels, scores > threshold),
        "errors": figures.score_histogram(scores, labels, threshold, rule),
        "feature_errors": figures.feature_errors(errors, task.columns, names),
    }
    captions = {
        "confusion": f"Test rows at the threshold of the {main} variant ({rule}).",
        "errors": f"Errors of the {main} variant; the threshold saw held-out training rows only.",
        "feature_errors": f"Squared error of each feature, as scaled, in the {len(top)} most "
        "anomalous test rows.",
        "training": "Validation rows are held-out training rows. They are seen without noise, so a "
        "denoising loss is lower there.",
        "training_vae": "In nats: loss = reconstruction + β · divergence.",
    }
    variational = history["variant"] == "vae"
    for stem, rows in {"training": ~variational, "training_vae": variational}.items():
        if rows.any():
            drawn[stem] = figures.training_curves(history[rows].dropna(axis=1, how="all"))
    if 0 < labels.mean() < 1:
        shown = {name: judged[name] for name in (*config.variants, *baselines)}
        drawn |= labelled_pictures(judged[main], shown, task, comparison)
        captions |= {
            "roc": "Each detector at every threshold.",
            "precision_recall": f"Anomalies are {labels.mean():.0%} of the test rows. Where they "
            "are rarer, precision is lower.",
            "comparison": f"The {main} variant on every treatment of long tails, and the others.",
            "thresholds_f1": f"Of the {main} variant. Every threshold is fitted to "
            f"{len(task.x_valid):,} held-out training rows; a dash: too few for the rule.",
            "thresholds_alarms": "The same thresholds. A rule that keeps its promise flags the "
            "rate stated above.",
        }
    return {"figures": drawn, "captions": {stem: captions[stem] for stem in drawn}}


def labelled_pictures(main, shown, task, comparison):
    """Return the figures that need normals and anomalies among the test rows."""
    curves = {name: (task.y_test, each.scores) for name, each in shown.items()}
    points = {name: each.numbers["threshold"] for name, each in shown.items()}
    f1, alarms = promises(main, task)
    title = "F1 by rule and stated rate of false alarms"
    kept = "Which rule keeps its promise: normal test rows flagged"
    return {
        "roc": figures.roc_curves(curves, points=points),
        "precision_recall": figures.precision_recall_curves(curves, points=points),
        "comparison": figures.comparison_bars(comparison, "pr_auc"),
        "thresholds_f1": figures.table_heat_map(f1, title, "F1"),
        "thresholds_alarms": figures.table_heat_map(alarms, kept, "flagged (%)"),
    }


def promises(judged, task):
    """Return F1, and test normals flagged in %, of every rule at every stated rate."""
    valid, labels = judged.contestant.score(task.x_valid), task.y_test
    is_logarithm = gives_likelihoods(judged.contestant.model)
    f1 = pd.DataFrame(index=pd.Index(RULES, name="rule"), dtype=float)
    alarms = f1.copy()
    for rate in STATED:
        for rule in RULES:
            try:
                flags = judged.scores > limit(rule, rate, valid, is_logarithm)
            except ValueError:  # too few held-out rows for this rule: blank in the picture
                continue
            column = f"{rate:.1%}"
            f1.loc[rule, column] = metrics.at_threshold(labels, flags)["f1"]
            alarms.loc[rule, column] = 100 * np.mean(flags[labels == 0])
    names = pd.Index(f1.columns, name="stated rate of false alarms")
    return f1.set_axis(names, axis=1), alarms.set_axis(names, axis=1)
