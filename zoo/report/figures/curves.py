"""ROC and precision-recall curves: how well scores rank anomalies above normal samples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from sklearn.metrics import precision_recall_curve, roc_curve

from zoo.errors import InputError
from zoo.evaluation import metrics
from zoo.report.figures.checks import checked_labels, checked_scores
from zoo.report.figures.style import (
    MUTED,
    abbreviated,
    in_house_style,
    line_look,
    number,
    one_panel,
    set_title,
)

Curves = Mapping[str, tuple[ArrayLike, ArrayLike]]
COIN_FLIP = {"color": MUTED, "linewidth": 1, "linestyle": (0, (1, 3)), "zorder": 1}
DOT = {"marker": "o", "markersize": 9, "markeredgecolor": "white", "linestyle": "none"}
FIGURE_INCHES = (8.6, 5.4)  # inches, with the legend beside the square
MAX_NAME = 32


@in_house_style
def roc_curves(
    curves: Curves,
    title: str | None = None,
    points: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the ROC of each detector, with its area in the legend, best first.

    Args:
        curves: name to (labels (n,) with 1 = anomaly, scores (n,), larger = more anomalous).
        title: None says which ranks best.
        points: name to threshold: a dot on the curve where scores above it are flagged.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: no curves, labels of one class only, arrays that do not fit, or a point on a
            curve that is not there.
    """
    checked = _checked(curves, points)
    areas = {name: metrics.roc_auc(*pair) for name, pair in checked.items()}
    ax = one_panel(ax, FIGURE_INCHES)
    for name, look in _best_first(areas):
        false_alarms, found, _ = roc_curve(*checked[name])
        ax.plot(false_alarms, found, label=_entry(name, areas), **look)
        if points and name in points:
            labels, flags = checked[name][0], checked[name][1] > points[name]
            _mark(ax, np.mean(flags[~labels]), np.mean(flags[labels]), look)
    ax.plot([0, 1], [0, 1], label="coin flip 0.500", **COIN_FLIP)
    _finish(ax, areas, "ROC-AUC", title, points)
    ax.set_xlabel("false alarms (share of normal samples flagged)")
    ax.set_ylabel("found (share of anomalies flagged)")
    return ax.figure


@in_house_style
def precision_recall_curves(
    curves: Curves,
    title: str | None = None,
    points: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw precision over recall of each detector, with its average precision in the legend.

    Args:
        curves: name to (labels (n,) with 1 = anomaly, scores (n,), larger = more anomalous).
        title: None says which is best.
        points: name to threshold: a dot on the curve where scores above it are flagged; at its left
            end if none are.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: no curves, labels of one class only, arrays that do not fit, or a point on a
            curve that is not there.
    """
    checked = _checked(curves, points)
    areas = {name: metrics.pr_auc(*pair) for name, pair in checked.items()}
    ax = one_panel(ax, FIGURE_INCHES)
    for name, look in _best_first(areas):
        precision, recall, _ = precision_recall_curve(*checked[name])
        style = {"drawstyle": "steps-post", "label": _entry(name, areas)}
        ax.plot(recall, precision, **style, **look)
        if points and name in points:
            labels, flags = checked[name][0], checked[name][1] > points[name]
            at = metrics.at_threshold(labels, flags)
            _mark(ax, at["recall"], at["precision"] if flags.any() else 1, look)
    for rate in sorted({float(np.mean(labels)) for labels, _ in checked.values()}):
        ax.axhline(rate, label=f"coin flip {rate:.3f}", **COIN_FLIP)
    _finish(ax, areas, "PR-AUC", title, points)
    ax.set_xlabel("recall (share of anomalies flagged)")
    ax.set_ylabel("precision (share of flagged that are anomalies)")
    return ax.figure


def _checked(
    curves: Curves, points: Mapping[str, float] | None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    if not curves:
        raise InputError("curves: none given, expected name -> (labels, scores)")
    strays = [str(name) for name in points or () if name not in curves]
    if strays:
        raise InputError(
            f"points: no curve is named {', '.join(strays)}; the curves are {', '.join(curves)}"
        )
    checked = {}
    for name, (labels, scores) in curves.items():
        scores = checked_scores(scores, f"scores of {name!r}")
        labels = checked_labels(labels, len(scores), f"labels of {name!r}")
        if labels.all() or not labels.any():
            raise InputError(
                f"labels of {name!r}: all {len(labels)} are {int(labels[0])}, and a curve needs "
                "normal samples and anomalies; draw a score histogram instead"
            )
        checked[name] = (labels, scores)
    return checked


def _best_first(areas: Mapping[str, float]) -> list[tuple[str, dict]]:
    """Return names by falling area; a look belongs to a name, so that both curve figures agree."""
    looks = {name: line_look(index) for index, name in enumerate(areas)}
    return [(name, looks[name]) for name in sorted(areas, key=areas.get, reverse=True)]


def _entry(name: str, areas: Mapping[str, float]) -> str:
    return f"{abbreviated(name, MAX_NAME)} {areas[name]:.3f}"


def _mark(ax: Axes, x: float, y: float, look: Mapping) -> None:
    style = {"color": look["color"], "zorder": 5, "clip_on": False}
    ax.plot([x], [y], **DOT, **style)


def _finish(
    ax: Axes,
    areas: Mapping[str, float],
    area: str,
    title: str | None,
    points: Mapping[str, float] | None,
) -> None:
    best = max(areas, key=areas.get)
    claim = f"{best}: {area} {areas[best]:.3f}"
    set_title(ax, title or (f"Best of {len(areas)} is {claim}" if len(areas) > 1 else claim))
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.02)
    ax.set_aspect("equal", adjustable="box", anchor="W")
    if points:
        one = f"threshold {number(next(iter(points.values())))}"
        label = f"at its {'threshold' if len(points) > 1 else one}"
        ax.plot([], [], color=MUTED, label=label, **DOT)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), title=area, alignment="left")
