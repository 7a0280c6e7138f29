"""Tiny examples of detectors: what `Detector.examples` yields, and the data for them.

Tests and `zoo.detectors.contract` discover the examples of every method, so a new method is
fitted, saved, exported, explained and streamed in them without a line anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from zoo.detectors import settings
from zoo.detectors.outlier import OutlierDetector
from zoo.errors import InputError

WINDOW = 4  # rows per window of the examples
SMALL = 8  # largest size in an example
QUICK = {"epochs": 4, "learning_rate": 1e-2, "batch_size": 32, "random_state": 0}


@dataclass(frozen=True)
class ExampleData:
    """Normal data to fit on, and data to score.

    Attributes:
        train: normal; a frame of rows for a table or a series, else `(n, ...)` float64.
        test: of the same kind: first normal samples, then anomalous ones.
        labels: `(n,)` of `test`, 1 = anomaly.
    """

    train: Any
    test: Any
    labels: np.ndarray


@dataclass(frozen=True)
class Example:
    """A tiny configured detector and the kind of data that it takes.

    Attributes:
        name: tells the examples of a class apart, in the names of tests and in errors.
        detector: not fitted; whoever fits it clones it first.
        kind: `"table"` or `"series"` `(n, 3)`, `"windows"` `(n, 4, 3)`, or `"images"`
            `(n, 8, 8, 1)`.

    Raises:
        InputError: an unknown kind of data.
    """

    name: str
    detector: OutlierDetector
    kind: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind is {self.kind!r}; choose one of {', '.join(KINDS)}")

    @property
    def data(self) -> ExampleData:
        """The data of this kind, made once."""
        return KINDS[self.kind]()


def tiny(kind: type[OutlierDetector], **given: Any) -> Any:
    """Return a detector whose sizes are small and whose training is short.

    Args:
        kind: class of the detector.
        **given: settings that are taken as they are.

    Example:
        >>> from zoo.detectors import Forecaster
        >>> tiny(Forecaster, cell="gru")
        Forecaster(batch_size=32, cell='gru', epochs=4, learning_rate=0.01,
               random_state=0, units=(8,), window=4)
    """
    shared = {item.name for item in fields(OutlierDetector)} - {"window"}
    chosen: dict[str, Any] = dict(QUICK)
    for item in fields(kind):
        default = item.default
        if item.name in shared or isinstance(default, bool):
            continue
        if item.name == "window" and default is not None:
            chosen["window"] = WINDOW
        elif isinstance(default, int) and default > SMALL:
            chosen[item.name] = SMALL
        elif settings.hints(kind)[item.name] == settings.Units and isinstance(default, tuple):
            chosen[item.name] = tuple(min(each, SMALL) for each in default)
    return kind(**chosen | given)


@cache
def table() -> ExampleData:
    """Return rows of three features near a line; anomalous rows are far from it."""
    rng = np.random.default_rng(0)
    line = rng.normal(size=(300, 1)) * [1, -2, 3] + 0.1 * rng.normal(size=(300, 3))
    return _frames(line + [0, 50, -3], [8, 8, 8])


@cache
def series() -> ExampleData:
    """Return three waves in order of time; the anomalous rows at the end are lifted."""
    rng = np.random.default_rng(0)
    waves = np.sin(np.arange(300)[:, None] / [4, 6, 9]) + 0.05 * rng.normal(size=(300, 3))
    return _frames(waves * [1, 2, 3] + [0, 50, -3], [8, 16, 24])


@cache
def windows() -> ExampleData:
    """Return windows of 4 rows cut from waves; anomalous windows are lifted."""
    rows = series().train.to_numpy()
    cut = np.stack([rows[start : start + WINDOW] for start in range(0, 240, 2)])
    return _arrays(cut, cut[:20] + [8, 16, 24])


@cache
def images() -> ExampleData:
    """Return blurred spots of 8×8 pixels; anomalous images are noise."""
    rng = np.random.default_rng(0)
    axis = np.linspace(-1, 1, 8)
    shift = rng.normal(size=(120, 2, 1, 1)) * 0.1
    squares = (axis[:, None] - shift[:, 0]) ** 2 + (axis - shift[:, 1]) ** 2
    spots = 255 * np.exp(-4 * squares)[..., None]
    return _arrays(spots, rng.uniform(0, 255, size=(20, 8, 8, 1)))


KINDS: dict[str, Callable[[], ExampleData]] = {
    "table": table,
    "series": series,
    "windows": windows,
    "images": images,
}


def _arrays(normal: np.ndarray, anomalous: np.ndarray) -> ExampleData:
    test = np.concatenate([normal[:30], anomalous])
    return ExampleData(normal, test, np.repeat([0, 1], [30, len(anomalous)]))


def _frames(rows: np.ndarray, lift: list[float]) -> ExampleData:
    data = _arrays(rows, rows[30:50] + lift)
    names = ["speed", "load", "heat"]
    times = pd.date_range("2026-01-01", periods=len(data.test), freq="min")
    return ExampleData(
        pd.DataFrame(data.train, columns=names),
        pd.DataFrame(data.test, columns=names, index=times),
        data.labels,
    )
