"""Heat maps of the pixels that cause a score, one row per variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.checks import checked_labels, checked_scores
from zoo.report.figures.style import (
    ANOMALY,
    NORMAL,
    abbreviated,
    in_house_style,
    number,
    stage,
    title_over,
)

HEAT = colormaps["inferno"]  # lightness rises steadily, so that it is read without hues
MAX_OPACITY = 0.9  # of the strongest heat; the image shows through where it is weaker
GRAY_RANGE = (0.15, 0.85)  # gray of the image's darkest and lightest spot under the heat
AGREE, IN_PART = 0.7, 0.3  # least correlation to be called so
MAX_NAME = 22


@in_house_style
def attribution_grid(
    images: ArrayLike,
    maps: Mapping[str, ArrayLike],
    scores: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    columns: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw images above the heat maps of each variant, laid over the grey image.

    Each map is scaled to its own maximum: colours say where in an image, not how much beside
    another image or variant.

    Args:
        images: (n, height, width, channels) with 1 or 3 channels, any range.
        maps: variant to (n, height, width) >= 0, what each place adds to the score, such as
            Grad-CAM.
        scores: (n,) larger = more anomalous; written above each image.
        labels: (n,) with 1 = anomaly; above each image, which gets a frame of that colour.
        columns: (n,) a name for each image, such as `most normal`; above it.
        title: None says how far the variants' maps agree.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: shapes that do not fit, no variant, negative or missing values in a map.
    """
    images = _checked_images(images)
    count = len(images)
    maps = _checked_maps(maps, images.shape[:3])
    if scores is not None:
        scores = checked_scores(scores)
        if len(scores) != count:
            raise InputError(f"scores: {len(scores)} given for {count} images; give one for each")
    anomalous = None if labels is None else checked_labels(labels, count)
    if columns is not None and len(columns) != count:
        raise InputError(f"columns: {len(columns)} names for {count} images; give one for each")

    side = min(1.5, max(9 / count, 0.8))
    host = stage(
        ax, (side * max(count, 3) + 1.9, (side + 0.1) * (1 + len(maps)) + 1.1), "compressed"
    )
    axes = host.subplots(1 + len(maps), count, squeeze=False)
    for column, (cell, image) in enumerate(zip(axes[0], images, strict=True)):
        grey = image.shape[-1] == 1
        cell.imshow(image[..., 0] if grey else image, cmap="gray" if grey else None, vmin=0, vmax=1)
        is_anomaly = None if anomalous is None else bool(anomalous[column])
        name = None if columns is None else columns[column]
        score = None if scores is None else scores[column]
        cell.set_title(
            _head(name, score, is_anomaly), loc="center", size=8.5, weight="normal", pad=4
        )
        if is_anomaly is not None:
            _frame(cell, is_anomaly)
    axes[0, 0].set_ylabel("image", size=9.5)
    for row, (name, heat) in zip(axes[1:], maps.items(), strict=True):
        row[0].set_ylabel(abbreviated(name, MAX_NAME), size=9.5)
        for cell, image, one in zip(row, images, heat, strict=True):
            cell.imshow(overlay(image.mean(axis=-1), one))
            if not one.any():
                look = {"ha": "center", "va": "center", "size": 8, "color": "white"}
                cell.text(0.5, 0.5, "all 0", transform=cell.transAxes, **look)
    for cell in axes.flat:
        cell.set(xticks=[], yticks=[])
        cell.grid(False)
        cell.spines[:].set_visible(cell in set(axes[0]) and anomalous is not None)
    bar = host.colorbar(ScalarMappable(Normalize(0, 1), _bar_paint()), ax=axes, aspect=30, pad=0.01)
    bar.set_label("share of each map's own maximum", size=9.5)
    bar.outline.set_visible(False)
    title_over(host, title or _finding(maps))
    return host.figure


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Draw a heat map over a gray image: the hotter, the less of the image shows.

    Args:
        image: (height, width) grey, 0 to 1.
        heat: (height, width) >= 0; scaled to its own maximum.

    Returns:
        (height, width, 3) red, green and blue, 0 to 1.
    """
    heat = heat / (heat.max() or 1)
    grey = GRAY_RANGE[0] + (GRAY_RANGE[1] - GRAY_RANGE[0]) * image
    cover = MAX_OPACITY * np.sqrt(heat)[..., None]
    return (1 - cover) * grey[..., None] + cover * HEAT(heat)[..., :3]


def _bar_paint() -> ListedColormap:
    """Return the colors as they appear over a middle gray."""
    return ListedColormap(overlay(np.full((1, 256), 0.5), np.linspace(0, 1, 256)[None])[0])


def _frame(cell: Axes, anomalous: bool) -> None:
    look = {"color": ANOMALY if anomalous else NORMAL, "linestyle": "--" if anomalous else "-"}
    cell.spines[:].set(linewidth=2.5, **look)


def _head(name: str | None, score: float | None, anomalous: bool | None) -> str:
    lines = [] if name is None else [abbreviated(name, 18)]
    lines += [] if score is None else [f"score {number(score)}"]
    lines += [] if anomalous is None else ["anomaly" if anomalous else "normal"]
    return "\n".join(lines)


def _finding(maps: Mapping[str, np.ndarray]) -> str:
    """Return the mean correlation between maps of two variants, over all pairs and images."""
    if len(maps) == 1:
        return f"Where {next(iter(maps))} finds what raises the score"
    found = []
    for one, other in combinations(maps.values(), 2):
        for left, right in zip(one, other, strict=True):
            if left.std() > 0 and right.std() > 0:
                found.append(np.corrcoef(left.ravel(), right.ravel())[0, 1])
    if not found:
        return "The maps are even, so they point at nothing"
    mean = float(np.mean(found))
    word = "agree" if mean >= AGREE else "agree in part" if mean >= IN_PART else "disagree"
    return f"The variants' maps {word}: mean correlation {mean:.2f}"


def _checked_images(images: ArrayLike) -> np.ndarray:
    """Return images as float, each stretched to 0 to 1."""
    array = np.asarray(images, dtype=float)
    if array.ndim != 4 or array.shape[-1] not in (1, 3) or not array.size:
        raise InputError(
            f"images: shape {array.shape}, expected (n, height, width, channels) with 1 or 3 "
            "channels and n >= 1"
        )
    if not np.isfinite(array).all():
        raise InputError("images: hold NaN or infinity, expected finite numbers")
    low, high = (edge(array, axis=(1, 2, 3), keepdims=True) for edge in (np.min, np.max))
    return (array - low) / np.where(high > low, high - low, 1)


def _checked_maps(
    maps: Mapping[str, ArrayLike], shape: tuple[int, int, int]
) -> dict[str, np.ndarray]:
    if not maps:
        raise InputError("maps: none given, expected variant -> (n, height, width)")
    checked = {name: np.asarray(values, dtype=float) for name, values in maps.items()}
    for name, array in checked.items():
        if array.shape != shape:
            raise InputError(f"maps of {name!r}: shape {array.shape}, expected {shape}")
        if not np.isfinite(array).all() or array.min() < 0:
            raise InputError(
                f"maps of {name!r}: hold negative numbers, NaN or infinity, expected numbers >= 0; "
                "give the part that raises the score, or absolute values"
            )
    return checked
