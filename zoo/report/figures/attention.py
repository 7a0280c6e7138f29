"""Where each head of a Transformer looks."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.checks import checked_labels
from zoo.report.figures.style import ANOMALY, in_house_style, number, stage, title_over
from zoo.report.figures.timeline import stretches

MIN_ATTENTION = 0.1  # of even attention, 1 / time; lower values take the darkest color
ROW_SUM_TOLERANCE = 0.02  # of a row of weights, whose sum is not exactly 1 in half precision


@in_house_style
def attention_maps(
    weights: ArrayLike,
    title: str,
    labels: ArrayLike | None = None,
    highest: float | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the attention of each head, one row per layer, on one logarithmic color scale.

    Args:
        weights: (layers, heads, time, time), row = the step that looks, column = the step it looks
            at; each row sums to 1.
        title: the finding.
        labels: (time,) with 1 = anomaly; marked in orange along both axes.
        highest: weight at the bright end of the scale; None takes the largest here. Give two
            figures the same to compare them.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: wrong shape, negative or missing weights, or rows that do not sum to 1.
    """
    weights = _checked(weights)
    layers, heads, time, _ = weights.shape
    anomalous = None if labels is None else checked_labels(labels, time)
    even = 1 / time
    norm = LogNorm(MIN_ATTENTION * even, max(highest or weights.max(), 2 * even), clip=True)

    side = min(2.4, 7.6 / heads)
    host = stage(ax, (side * heads + 1.7, side * layers + 1.0), "compressed")
    axes = host.subplots(layers, heads, squeeze=False)
    for (layer, head), cell in np.ndenumerate(axes):
        image = cell.imshow(weights[layer, head], cmap="viridis", norm=norm, aspect="equal")
        cell.grid(False)
        cell.spines[:].set_visible(False)
        cell.set(xticks=[0, time - 1], yticks=[0, time - 1])
        cell.tick_params(length=2, labelsize=8)
        cell.tick_params(labelbottom=layer == layers - 1, labelleft=head == 0)
        if layer == 0:
            cell.set_title(f"head {head + 1}", loc="center", size=9, weight="normal", pad=4)
        if head == 0:
            cell.set_ylabel(f"layer {layer + 1}", size=10)
        if anomalous is not None:
            _mark(cell, anomalous)
    bar = host.colorbar(image, ax=axes, aspect=30, pad=0.01, extend="min")
    bar.set_label(f"attention weight (line: even attention, {number(even)})", size=10)
    bar.ax.yaxis.set_major_formatter(lambda weight, _: number(weight))  # no powers: they need TeX
    bar.ax.yaxis.set_minor_formatter("")
    bar.outline.set_visible(False)
    bar.ax.axhline(even, color="white", linewidth=1.5)
    marks = "" if anomalous is None else " (orange bars: labelled anomalous)"
    host.supxlabel(f"time step looked at{marks}", size=10)
    host.supylabel("time step that looks", size=10)
    title_over(host, title)
    return host.figure


def _mark(cell: Axes, anomalous: np.ndarray) -> None:
    """Draw anomalous steps as bars outside two edges of a map, where they cover nothing."""
    for first, last in stretches(anomalous):
        look = {"color": ANOMALY, "linewidth": 2.5, "clip_on": False, "solid_capstyle": "butt"}
        edge = len(anomalous) * 1.02
        cell.plot([first - 0.5, last + 0.5], [edge, edge], **look)
        cell.plot([-0.04 * len(anomalous)] * 2, [first - 0.5, last + 0.5], **look)
    cell.set(xlim=(-0.5, len(anomalous) - 0.5), ylim=(len(anomalous) - 0.5, -0.5))


def _checked(weights: ArrayLike) -> np.ndarray:
    array = np.asarray(weights, dtype=float)
    if array.ndim != 4 or array.shape[2] != array.shape[3] or not array.size:
        raise InputError(
            f"weights: shape {array.shape}, expected (layers, heads, time, time); stack the layers "
            "of one window"
        )
    wrong = np.abs(array.sum(axis=-1) - 1)
    if not (array.min() >= 0 and wrong.max() <= ROW_SUM_TOLERANCE):
        raise InputError(
            f"weights: lowest {array.min():g}, and rows sum to 1 ± {wrong.max():g}; expected "
            "attention after its softmax, without dropout, the steps looked at on the last axis"
        )
    return array
