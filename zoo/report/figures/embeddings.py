"""Embeddings as two-dimensional maps with the center and the radius of the hypersphere."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.checks import checked_labels
from zoo.report.figures.style import ANOMALY, INK, NORMAL, in_house_style, one_panel, set_title


@in_house_style
def embedding_map(
    points2d: ArrayLike,
    labels: ArrayLike | None,
    title: str,
    center: ArrayLike | None = None,
    radius: float | None = None,
    method: str = "t-SNE",
    outside: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw projected embeddings, normal against anomalous.

    A PCA is an orthogonal projection: what lies inside the sphere is drawn inside the circle of the
    same radius. t-SNE keeps no distances, so there the points beyond the radius are ringed instead.

    Args:
        points2d: (n, 2) from `zoo.report.projections`.
        labels: (n,) with 1 = anomaly; None draws all points alike.
        title: the finding.
        center: (2,) the projected center.
        radius: of the hypersphere, in units of the embedding; only where `method` is PCA.
        method: name of the projection, for the axes.
        outside: (n,) bool, True beyond the radius or above the threshold: ringed.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: arrays that do not fit, or a radius with a method that keeps no distances.
    """
    points = np.asarray(points2d, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise InputError(f"points2d: shape {points.shape}, expected (n, 2); project them first")
    keeps_distances = "pca" in method.lower()
    if radius is not None and (not keeps_distances or center is None):
        raise InputError(
            f"radius {radius:g} with method {method!r} and center {center}: a circle needs a "
            "center and a projection that keeps distances (PCA); give outside=distance > radius"
        )
    anomalous = np.zeros(len(points), bool)
    if labels is not None:
        anomalous = checked_labels(labels, len(points))

    ax = one_panel(ax, (6.8, 5.8))
    size = float(np.clip(4000 / max(len(points), 1), 6, 30))
    name = "normal" if labels is not None else "sample"
    ax.scatter(*points[~anomalous].T, s=size, color=NORMAL, alpha=0.7, linewidths=0, label=name)
    if anomalous.any():
        look = {"marker": "^", "color": ANOMALY, "alpha": 0.75, "linewidths": 0}
        ax.scatter(*points[anomalous].T, s=1.3 * size, label="anomaly", **look)
    if outside is not None:
        ringed = points[np.asarray(outside, bool)]
        look = {"facecolors": "none", "edgecolors": INK, "linewidths": 0.6}
        ax.scatter(*ringed.T, s=3 * size, label=f"flagged ({len(ringed):,})", **look)
    if center is not None:
        look = {"marker": "*", "color": "white", "edgecolors": INK, "linewidths": 1.2, "zorder": 5}
        ax.scatter(*np.asarray(center, float), s=130, label="center", **look)
    if radius is not None:
        turn = np.linspace(0, 2 * np.pi, 200)
        circle = np.asarray(center, float)[:, None] + radius * np.array(
            [np.cos(turn), np.sin(turn)]
        )
        ax.plot(*circle, color=INK, linewidth=1.4, linestyle="--", label=f"radius {radius:.3g}")
    set_title(ax, title)
    ax.set_aspect("equal", adjustable="datalim")
    unit = "embedding units" if keeps_distances else "no unit: only neighbourhoods are kept"
    ax.set_xlabel(f"{method} 1 ({unit})")
    ax.set_ylabel(f"{method} 2")
    ax.legend(loc="best")
    return ax.figure
