"""Sample images beside their scores."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.checks import checked_labels, checked_scores
from zoo.report.figures.style import ANOMALY, INK, NORMAL, in_house_style, number, panels


@in_house_style
def gallery(
    images: ArrayLike,
    scores: ArrayLike,
    labels: ArrayLike | None = None,
    count: int = 8,
    titles: tuple[str, str] = ("Most normal", "Most anomalous"),
    ax: Axes | None = None,
) -> Figure:
    """Show the samples with the lowest scores above those with the highest.

    Args:
        images: (n, height, width, channels) with 1 or 3 channels, any range; each image is
            stretched to the full range of grey or colour.
        scores: (n,) larger = more anomalous.
        labels: (n,) with 1 = anomaly; each image then says its own, in a frame of that colour.
        count: images per row; fewer where there are fewer samples.
        titles: of the two rows.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: shapes that do not fit.
    """
    images, scores = np.asarray(images), checked_scores(scores)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or len(images) != len(scores):
        raise InputError(
            f"images: shape {images.shape} with {len(scores)} scores, expected "
            f"({len(scores)}, height, width, channels) with 1 or 3 channels"
        )
    anomalous = None if labels is None else checked_labels(labels, len(scores))
    order = np.argsort(scores, kind="stable")
    count = min(count, len(order))

    axes = panels(ax, 2, count, (1.25 * max(count, 4), 3.9))
    for row, (title, chosen) in enumerate(
        zip(titles, (order[:count], order[::-1][:count]), strict=True)
    ):
        axes[row, 0].set_title(title, fontsize=11.5, fontweight="bold", loc="left")
        for cell, index in zip(axes[row], chosen, strict=True):
            _show(cell, images[index])
            cell.set_xlabel(number(scores[index]), fontsize=9)
            if anomalous is not None:
                _name_class(cell, bool(anomalous[index]))
    figure = axes[0, 0].figure
    figure.supxlabel("number under each image: anomaly score (larger = more anomalous)", fontsize=9)
    return figure


def _show(cell: Axes, image: np.ndarray) -> None:
    image = image.astype(float)
    low, high = np.nanmin(image), np.nanmax(image)
    image = (image - low) / (high - low) if high > low else np.zeros_like(image)
    grey = image.shape[-1] == 1
    cell.imshow(image[..., 0] if grey else image, cmap="gray" if grey else None, vmin=0, vmax=1)
    cell.set(xticks=[], yticks=[])
    cell.grid(False)
    cell.spines[:].set_visible(True)


def _name_class(cell: Axes, anomalous: bool) -> None:
    color = ANOMALY if anomalous else NORMAL
    cell.spines[:].set(color=color, linewidth=2.5, linestyle="--" if anomalous else "-")
    cell.set_xlabel(f"{cell.get_xlabel()}\n{'anomaly' if anomalous else 'normal'}", color=INK)
