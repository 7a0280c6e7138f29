"""Contributions to one sample's score: its features as bars, or over the time of a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.report.figures.checks import checked_scores
from zoo.report.figures.style import (
    ANOMALY,
    HATCHES,
    INK,
    NORMAL,
    abbreviated,
    in_house_style,
    number,
    one_panel,
    set_title,
    stage,
    title_over,
    title_width,
)
from zoo.report.figures.timeline import draw_line, fit_time, label_time, positions_of, shade, utc

MAX_NAME = 28  # characters of a feature's name beside its value
MAX_LABEL = 46  # characters of name and values
MIN_HATCHED_SHARE = 0.05  # of the strongest contribution; weaker ones are not hatched
SIGNED = LinearSegmentedColormap.from_list("lowers, raises", [NORMAL, "white", ANOMALY])


@in_house_style
def contribution_bars(
    contributions: ArrayLike,
    names: Sequence[str],
    values: Sequence | None = None,
    usual: Sequence | None = None,
    title: str | None = None,
    top: int = 10,
    ax: Axes | None = None,
) -> Figure:
    """Draw how much each feature raises or lowers one sample's anomaly score, strongest first.

    Args:
        contributions: (features,) signed; above 0 raises the score.
        names: (features,) what each feature is called.
        values: (features,) the sample's, on their original scale, numbers or words; None says none.
        usual: (features,) what the feature usually is, such as its mean in training; NaN or None
            where that has no meaning.
        title: None says which feature is strongest, and its share.
        top: features that get a bar of their own; the others share the last one.
        ax: axes to draw in; None makes a figure.

    Raises:
        ValueError: lengths that differ, no feature, NaN or infinity among the contributions, or
            `top` below 1.
    """
    contributions = checked_scores(contributions, "contributions")
    _check_lengths(len(contributions), names=names, values=values, usual=usual)
    _check_top(top)
    order = np.argsort(-np.abs(contributions), kind="stable")
    if len(order) == top + 1:  # a bar for "1 other" takes no less room than its own
        top += 1
    lengths = list(contributions[order[:top]])
    labels = [_label(index, names, values, usual) for index in order[:top]]
    if len(order) > top:
        lengths.append(contributions[order[top:]].sum())
        labels.append(f"{len(order) - top} others together")

    ax = one_panel(ax, (7.6, 1.5 + 0.36 * max(len(lengths), 3)))
    lowers = [length < 0 for length in lengths]
    bars = ax.barh(
        range(len(lengths)),
        lengths,
        color=[NORMAL if low else ANOMALY for low in lowers],
        hatch=[HATCHES[1] if low else "" for low in lowers],
        edgecolor="white",
        height=0.68,
    )
    sign = "+" if any(lowers) else ""
    said = [f"{sign if length > 0 else ''}{number(length)}".replace("-", "−") for length in lengths]
    ax.bar_label(bars, labels=said, padding=4, fontsize=9)
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(range(len(lengths)), labels)
    ax.set_ylim(len(lengths) - 0.4, -0.6)
    ax.margins(x=0.16)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("contribution to the anomaly score")
    set_title(ax, title or _bars_finding(contributions, names), title_width(ax, labels, 60))
    if any(lowers) and not all(lowers):
        look = {"edgecolor": "white"}
        handles = [
            Patch(facecolor=ANOMALY, label="raises the score", **look),
            Patch(facecolor=NORMAL, hatch=HATCHES[1], label="lowers the score", **look),
        ]
        ax.figure.legend(handles=handles, loc="outside lower right", ncols=2)
    return ax.figure


@in_house_style
def window_contributions(
    window: ArrayLike,
    contributions: ArrayLike,
    names: Sequence[str],
    times: ArrayLike | None = None,
    title: str | None = None,
    top: int = 6,
    ax: Axes | None = None,
) -> Figure:
    """Draw one window of a series, its strongest features one above another, each time step shaded
    by what it adds to the anomaly score.

    Args:
        window: (window, features) values on their original scale; NaN is a gap in the line.
        contributions: (window, features) >= 0, or signed: above 0 raises the score.
        names: (features,) what each feature is called.
        times: (window,) datetime64, a pandas index or numbers; None counts time steps from 0.
        title: None says which feature is strongest, its share, and when.
        top: features drawn, by the sum of their absolute contributions.
        ax: axes whose place is taken; None makes a figure.

    Raises:
        ValueError: shapes that do not fit, fewer than two time steps, infinity, NaN among the
            contributions, or `top` below 1.
    """
    window, contributions = _checked_window(window, contributions)
    length, features = window.shape
    _check_lengths(features, names=names)
    _check_top(top)
    times = utc(np.arange(length) if times is None else times)
    positions = positions_of(times)
    _check_lengths(length, times=positions)
    strength = np.abs(contributions).sum(axis=0)
    shares = strength / (strength.sum() or 1)
    chosen = np.argsort(-strength, kind="stable")[:top]
    strongest = np.abs(contributions).max() or 1.0
    signed = contributions.min() < 0
    norm = Normalize(-strongest if signed else 0, strongest)

    host = stage(ax, (8.4, 1.7 + 0.95 * len(chosen)))
    axes = host.subplots(len(chosen), 1, sharex=True, squeeze=False)[:, 0]
    for cell, index in zip(axes, chosen, strict=True):
        added = contributions[:, index]
        image = _shade_steps(cell, positions, added, norm, signed)
        draw_line(cell, positions, window[:, index], color=INK, linewidth=1.3)
        cell.set_title(f"{names[index]}  {shares[index]:.0%}", size=10, weight="normal", pad=3)
        cell.tick_params(labelbottom=cell is axes[-1])
        cell.locator_params(axis="y", nbins=3)
        cell.grid(False)
    fit_time(axes[-1], positions)
    label_time(axes[-1], times)
    bar = host.colorbar(image, ax=list(axes), aspect=30, pad=0.01)
    bar.set_label("contribution to the score" + (" (hatched: lowers it)" if signed else ""))
    bar.outline.set_visible(False)
    if len(chosen) < features:
        together = f"{shares[chosen].sum():.0%} of all contributions"
        text = f"{len(chosen)} of {features} features, with {together}; share beside each name"
    else:
        text = "beside each name: the feature's share of all contributions"
    host.supxlabel(text, size=9)
    title_over(host, title or _window_finding(contributions, names, times))
    return host.figure


def _shade_steps(
    cell: Axes, positions: np.ndarray, added: np.ndarray, norm: Normalize, signed: bool
):
    """Colour each step's strip of the panel by its contribution; hatch where it lowers the score.

    A strip reaches half way to its neighbours.
    """
    between = (positions[1:] + positions[:-1]) / 2
    first, last = positions[0] - between[0], positions[-1] - between[-1]
    edges = np.r_[positions[0] + first, between, positions[-1] + last]
    paint = SIGNED if signed else "Oranges"
    across = cell.get_xaxis_transform()
    image = cell.pcolormesh(
        edges, [0, 1], added[None], cmap=paint, norm=norm, alpha=0.75, transform=across, zorder=0
    )
    look = {"facecolor": "none", "edgecolor": "white", "hatch": "////", "zorder": 0.5}
    shade(cell, positions, added < -MIN_HATCHED_SHARE * norm.vmax, **look)
    return image


def _label(
    index: int, names: Sequence[str], values: Sequence | None, usual: Sequence | None
) -> str:
    """Return a label such as `cpu_load = 0.97, usually 0.31`."""
    name = str(names[index])
    if values is None:
        return abbreviated(name, MAX_LABEL)
    said = f"{abbreviated(name, MAX_NAME)} = {_said(values[index])}"
    if usual is not None and not _is_missing(usual[index]):
        said += f", usually {_said(usual[index])}"
    return said


def _said(value: object) -> str:
    if _is_missing(value):
        return "missing"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return number(float(value)) if isinstance(value, (int, float, np.number)) else str(value)


def _is_missing(value: object) -> bool:
    return value is None or bool(pd.isna(value))


def _bars_finding(contributions: np.ndarray, names: Sequence[str]) -> str:
    strongest = int(np.argmax(np.abs(contributions)))
    name, value = names[strongest], contributions[strongest]
    if value == 0:
        return "No feature adds anything to the score"
    if value < 0:
        return f"{name} lowers the score by {number(-value)}, more than any feature raises it"
    share = value / contributions[contributions > 0].sum()
    if (contributions < 0).any():
        return f"{name} raises the score most, {share:.0%} of all that raises it"
    return f"{name} makes {share:.0%} of the score"


def _window_finding(contributions: np.ndarray, names: Sequence[str], times: np.ndarray) -> str:
    strength = np.abs(contributions)
    if not strength.any():
        return "No feature adds anything to the score"
    feature = int(np.argmax(strength.sum(axis=0)))
    step = int(np.argmax(strength[:, feature]))
    share = strength[:, feature].sum() / strength.sum()
    when = times[step]
    if np.issubdtype(times.dtype, np.datetime64):
        at = pd.Timestamp(when).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    else:
        at = f"time {number(float(when))}"
    of = "all contributions" if contributions.min() < 0 else "the window's score"
    return f"{names[feature]} makes {share:.0%} of {of}, most of all at {at}"


def _checked_window(window: ArrayLike, contributions: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    window, contributions = np.asarray(window, float), np.asarray(contributions, float)
    if window.ndim != 2 or window.shape != contributions.shape or len(window) < 2:
        raise InputError(
            f"window: shape {window.shape} with contributions of shape {contributions.shape}, "
            "expected (window, features) of both, with a window of 2 or more; give one window"
        )
    if not window.size:
        raise InputError(f"window: shape {window.shape} has no features; give one or more")
    if np.isinf(window).any() or not np.isfinite(contributions).all():
        where = "window" if np.isinf(window).any() else "contributions"
        raise InputError(
            f"{where}: holds NaN or infinity, expected finite numbers; look for what broke the "
            "score or the reading of the file"
        )
    return window, contributions


def _check_lengths(count: int, **given: Sequence | None) -> None:
    for name, items in given.items():
        if items is not None and len(items) != count:
            one = "time step" if name == "times" else "feature"
            raise InputError(f"{name}: {len(items)} given for {count} {one}s; give one for each")


def _check_top(top: int) -> None:
    if top < 1:
        raise InputError(f"top: {top}, expected 1 or more features to draw")
