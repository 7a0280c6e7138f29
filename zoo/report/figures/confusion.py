"""Decisions of a threshold against the labels."""

from __future__ import annotations

import numpy as np
import sklearn.metrics
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation import metrics
from zoo.report.figures.cells import MISSING, draw_cells, ink_on
from zoo.report.figures.checks import checked_labels
from zoo.report.figures.style import in_house_style, one_panel, set_title

CLASSES = ("normal", "anomalies")
OUTCOMES = (("left alone", "false alarms"), ("missed", "found"))
SCORES = ("precision", "recall", "F1")


@in_house_style
def confusion_matrix(
    labels: ArrayLike, flags: ArrayLike, title: str | None = None, ax: Axes | None = None
) -> Figure:
    """Draw how many normal samples and anomalies are flagged, coloured by the share of their class.

    Args:
        labels: (n,) with 1 = anomaly.
        flags: (n,) with 1 = flagged.
        title: None says which share of each class is flagged.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: lengths that differ, none at all, or values other than 0 and 1.
    """
    count = np.size(labels)
    if not count:
        raise InputError("labels: none given, expected (n,) with n >= 1")
    true = checked_labels(labels, count)
    flagged = checked_labels(flags, count, "flags")
    counts = sklearn.metrics.confusion_matrix(true, flagged, labels=[False, True])
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(100 * counts, totals, out=np.full((2, 2), np.nan), where=totals > 0)

    ax = one_panel(ax, (6, 4.4))
    norm = Normalize(0, 100)
    image = draw_cells(ax, shares, np.vectorize("{:,}".format)(counts), norm, size=17)
    for (row, column), share in np.ndenumerate(shares):
        if not np.isnan(share):
            look = {"color": ink_on(image.cmap(norm(share))), "ha": "center", "va": "center"}
            ax.text(column, row - 0.2, OUTCOMES[row][column], **look)
            ax.text(column, row + 0.2, f"{share:.1f}% of {CLASSES[row]}", **look)
    ax.set_xticks([0, 1], ["not flagged", "flagged"], size=10)
    names = [f"{name}\n({total:,})" for name, total in zip(CLASSES, totals[:, 0], strict=True)]
    ax.set_yticks([0, 1], names, size=10)
    at = metrics.at_threshold(true, flagged)
    ax.set_xlabel("   ".join(f"{name} {at[name.lower()]:.3f}" for name in SCORES), labelpad=8)
    set_title(ax, title or _finding(shares), width=52)
    return ax.figure


def _finding(shares: np.ndarray) -> str:
    flagged = [MISSING if np.isnan(share) else f"{share:.1f}%" for share in shares[:, 1]]
    return f"Flagged: {flagged[1]} of anomalies, {flagged[0]} of normal samples"
