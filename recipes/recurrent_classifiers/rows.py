"""Rows of the comparison: what each is, how it is judged, and the table of all of them."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recipes.common import Contestant, Judged, flag_everything, timed
from zoo.evaluation import metrics
from zoo.evaluation.metrics.events import event_bounds
from zoo.report.metric_names import Metric

PRETRAINED = "pretrained lstm"
FORECAST = "lstm forecast error"
OWN_METRICS = {
    "input": Metric("Input", "How the values were scaled before the network saw them."),
    "imbalance": Metric("Imbalance", "How training made up for anomalies being rare."),
    "pr_auc_over_z_score": Metric(
        "PR-AUC, over z score", "PR-AUC, less that of the better Z-score.", best="largest"
    ),
}


@dataclass(frozen=True)
class Row:
    """One row of the comparison; its contestant scores the windows of a part of the series."""

    variant: str
    input: str
    imbalance: str
    contestant: Contestant

    @property
    def name(self) -> str:
        """Variant, input and imbalance in one."""
        return ", ".join(word for word in (self.variant, self.input, self.imbalance) if word)


@dataclass(frozen=True)
class JudgedRow(Judged):
    """The outcome of a row, and its PR-AUC on validation, by which rows are chosen."""

    on_validation: float


def judge(row, windows, buffer):
    """Let a row score validation and test: the one gives its threshold, the other its numbers."""
    y_valid, y_test = windows.y["validation"], windows.y["test"]
    held_out = row.contestant.score("validation")
    scores, seconds = timed(row.contestant.score, "test")
    if not (np.isfinite(held_out).all() and np.isfinite(scores).all()):
        return JudgedRow(row.contestant, scores, {}, seconds, -np.inf)
    can_choose = has_both(y_valid)
    threshold = metrics.best_f1(y_valid, held_out)[1] if can_choose else np.quantile(held_out, 0.99)
    with warnings.catch_warnings():
        if not has_both(y_test):
            warnings.simplefilter("ignore")  # a note says once what each row would warn of
        numbers = metrics.summarize(y_test, scores, threshold)
    pairs = zip(windows.by_series(y_test, "test"), windows.by_series(scores, "test"), strict=True)
    volumes = [metrics.vus(y, s, buffer)["vus_pr"] for y, s in pairs if has_both(y)]
    numbers["vus_pr"] = float(np.mean(volumes)) if volumes else None
    on_validation = metrics.pr_auc(y_valid, held_out) if can_choose else 0.0
    return JudgedRow(row.contestant, scores, numbers, seconds, on_validation)


def compare(rows, judged, windows, shared):
    """Return the table: a line a row, then that of a detector that flags everything."""
    lines = []
    for row in rows:
        numbers = judged[row.name].row
        lines.append(
            {
                "variant": row.variant,
                "kind": numbers["kind"],
                "input": row.input,
                "imbalance": row.imbalance,
                "pr_auc": None,
                "pr_auc_over_z_score": None,
                **numbers,
                **shared,
            }
        )
    simple = [line["pr_auc"] for line in lines if line["kind"] == "baseline"]
    for line in lines:
        if line["kind"] == "model" and line["pr_auc"] is not None:
            line["pr_auc_over_z_score"] = line["pr_auc"] - max(simple)
    trivial = flag_everything(windows.y["test"]) | {"input": "", "imbalance": ""}
    return pd.DataFrame([*lines, trivial | shared])


def median_event(series):
    """Return the median length of the labelled anomalies, in rows; 1 without any."""
    lengths = [np.diff(event_bounds(each.labels), axis=0)[0] + 1 for each in series]
    lengths = np.concatenate(lengths)
    return round(float(np.median(lengths))) if len(lengths) else 1


def has_both(labels):
    """Tell whether there are anomalies and normals among the labels."""
    return 0 < np.sum(labels) < len(labels)
