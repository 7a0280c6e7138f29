"""The scores of a test set against the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.checks import checked_labels, checked_scores
from zoo.report.figures.style import ANOMALY, INK, NORMAL, in_house_style, number, one_panel
from zoo.report.figures.style import set_title as title_on

BINS = 50
THRESHOLD_STYLES = ("--", ":", "-.", "-", (0, (8, 2)))


@in_house_style
def score_histogram(
    scores: ArrayLike,
    labels: ArrayLike | None,
    threshold: float | Mapping[str, float] | None,
    threshold_name: str = "threshold",
    log: bool | Literal["auto"] = "auto",
    title: str | None = None,
    score_label: str = "anomaly score (larger = more anomalous)",
    ax: Axes | None = None,
) -> Figure:
    """Draw the distribution of the scores, normal against anomalous, with the threshold.

    Bars are shares of each class, so that a rare class stays visible.

    Args:
        scores: (n,) larger = more anomalous.
        labels: (n,) with 1 = anomaly; None draws one distribution.
        threshold: scores above it are flagged; name to threshold draws several, of which the title
            speaks of the first; None draws no line.
        threshold_name: how it was fitted, for the legend: `95th percentile of training scores`.
        log: logarithmic score axis; `auto` takes it when positive scores span two decades.
        title: None says what share of each class is flagged.
        score_label: what the score is, with its unit: `mean squared error of the row`.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: arrays that do not fit, NaN or infinity, or `log=True` with scores <= 0.
    """
    scores = checked_scores(scores)
    groups = _groups(scores, labels)
    thresholds = _named(threshold, threshold_name)
    log = _spans_decades(scores) if log == "auto" else log
    edges = _bin_edges(scores, log)

    ax = one_panel(ax, (7.4, 4.8))
    looks = {
        "normal": {"color": NORMAL, "alpha": 0.55, "histtype": "stepfilled"},
        "anomaly": {"color": ANOMALY, "histtype": "step", "hatch": "////", "linewidth": 1.5},
        "all": {"color": INK, "alpha": 0.55, "histtype": "stepfilled"},
    }
    for name, members in groups.items():
        share = np.full(len(members), 100 / max(len(members), 1))
        label = f"{'samples' if name == 'all' else name} ({len(members):,})"
        ax.hist(members, bins=edges, weights=share, label=label, **looks[name])
    for index, (name, at) in enumerate(thresholds.items()):
        style = THRESHOLD_STYLES[index % len(THRESHOLD_STYLES)]
        ax.axvline(at, color=INK, linewidth=1.6, linestyle=style, label=f"{name}: {number(at)}")
    if log:
        ax.set_xscale("log")
    ax.set_xlabel(score_label)
    ax.set_ylabel("share of samples in bin (%)" if labels is None else "share of its class (%)")
    title_on(ax, title or _finding(groups, thresholds))
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.14), ncols=2)
    return ax.figure


def _named(threshold: float | Mapping[str, float] | None, name: str) -> dict[str, float]:
    if threshold is None:
        return {}
    return dict(threshold) if isinstance(threshold, Mapping) else {name: threshold}


def _groups(scores: np.ndarray, labels: ArrayLike | None) -> dict[str, np.ndarray]:
    if labels is None:
        return {"all": scores}
    anomalous = checked_labels(labels, len(scores))
    groups = {"normal": scores[~anomalous], "anomaly": scores[anomalous]}
    return {name: members for name, members in groups.items() if len(members)}


def _spans_decades(scores: np.ndarray) -> bool:
    low, high = np.quantile(scores, [0.01, 0.99])
    return bool(scores.min() > 0 and high > 100 * low)


def _bin_edges(scores: np.ndarray, log: bool) -> np.ndarray:
    low, high = scores.min(), scores.max()
    if log and low <= 0:
        raise InputError(f"log=True, but the lowest score is {low:g}; a log axis needs scores > 0")
    if low == high:  # a collapsed detector: one bar, not an error
        low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    return np.geomspace(low, high, BINS + 1) if log else np.linspace(low, high, BINS + 1)


def _finding(groups: dict[str, np.ndarray], thresholds: dict[str, float]) -> str:
    if not thresholds:
        return "Distribution of the anomaly scores"
    name, threshold = next(iter(thresholds.items()))
    flagged = {group: f"{np.mean(members > threshold):.1%}" for group, members in groups.items()}
    if "all" in flagged:
        return f"{flagged['all']} of the samples lie above the threshold"
    names = {"anomaly": "anomalies", "normal": "normal samples"}
    parts = [f"{flagged[group]} of {names[group]}" for group in names if group in flagged]
    subject = "The threshold" if len(thresholds) == 1 else f"The threshold at {name}"
    return f"{subject} flags {' and '.join(parts)}"
