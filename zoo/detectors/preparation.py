"""Scaling and filling of the data before a network sees them, fitted once and saved along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import MinMaxScaler, RobustScaler

from zoo.errors import InputError

SCALINGS = ("standard", "minmax", "robust", "none")
MISSING = ("error", "mean", "forward")
REACH = 1e6  # scaled values are clipped to ±REACH, so that no square of them overflows float32
PIECE = 2**20  # elements copied at a time, so that large data are never in memory twice


class Preparation:
    """Fill missing values, then bring every feature to a common scale: (x - offset) / factor.

    Args:
        scaling: `"standard"`: mean 0, variance 1; `"minmax"`: [0, 1] in training; `"robust"`:
            median 0, interquartile range 1; `"none"`.
        missing: `"error"`; `"mean"`: the training mean of the feature; `"forward"`: the value of
            the row before, for series, and the training mean where there is none.
        shared: one offset and factor for all features, as for pixels.

    Attributes:
        offset_, factor_, mean_: `(features,)` float64, learned by `fit`; `(1,)` if shared.

    Example:
        >>> prepared = Preparation("minmax").fit(np.array([[0.0], [10.0]]))
        >>> prepared.transform(np.array([[5.0]])).tolist()
        [[0.5]]
    """

    def __init__(self, scaling: str = "standard", missing: str = "error", shared: bool = False):
        for name, value, known in (("scaling", scaling, SCALINGS), ("missing", missing, MISSING)):
            if value not in known:
                raise InputError(f"{name} is {value!r}; choose one of {', '.join(known)}")
        self.scaling = scaling
        self.missing = missing
        self.shared = shared

    def fit(self, values: np.ndarray) -> Self:
        """Learn from training data `(n, ..., features)`, NaN allowed."""
        rows = values.reshape(-1, 1 if self.shared else values.shape[-1])
        known = sum(np.count_nonzero(~np.isnan(piece), axis=0) for piece in _pieces(rows))
        if not known.all():
            empty = int(np.flatnonzero(known == 0)[0])
            raise InputError(f"feature {empty} has no value at all; leave it out")
        self.mean_: np.ndarray = sum(np.nansum(piece, axis=0) for piece in _pieces(rows)) / known
        self.offset_, self.factor_ = _affine(self.scaling, rows, self.mean_, known)
        return self

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Return the values scaled, float32 of the same shape, within ±10⁶."""
        scaled = np.empty(values.shape, np.float32)
        start, last = 0, None
        for piece in _pieces(values):
            piece, last = self._filled(piece, last)
            with np.errstate(over="ignore"):
                piece = (piece - self.offset_) / self.factor_
            scaled[start : start + len(piece)] = np.clip(piece, -REACH, REACH)
            start += len(piece)
        return scaled

    def fill(self, values: np.ndarray) -> np.ndarray:
        """Return the values without NaN; the same array if there were none."""
        return self._filled(values)[0] if np.isnan(values).any() else values

    def _filled(
        self, values: np.ndarray, last: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the values without NaN, and the last row, which `"forward"` repeats.

        `last` is that row of the values before these.
        """
        unknown = np.isnan(values)
        if self.missing == "forward" and values.ndim == 2:
            if last is None:
                last = np.full(values.shape[1:], np.nan)
            if unknown.any():
                rows = np.where(unknown, 0, np.arange(1, len(values) + 1)[:, None])
                rows = np.maximum.accumulate(rows, axis=0)
                values = np.take_along_axis(np.concatenate([last[None], values]), rows, axis=0)
                unknown = np.isnan(values)
            last = values[-1]
        return (np.where(unknown, self.mean_, values) if unknown.any() else values), last

    def to_dict(self) -> dict[str, Any]:
        """Return settings and learned numbers, for JSON."""
        learned = {name: getattr(self, name).tolist() for name in ("mean_", "offset_", "factor_")}
        settings = {"scaling": self.scaling, "missing": self.missing, "shared": self.shared}
        return {**settings, **learned}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Self:
        """Return the fitted preparation that `to_dict` described.

        Raises:
            ValueError: numbers that no `fit` gives.
        """
        made = cls(saved["scaling"], saved["missing"], bool(saved["shared"]))
        for name in ("mean_", "offset_", "factor_"):
            learned = np.asarray(saved[name], dtype=np.float64)
            if learned.ndim != 1 or not np.isfinite(learned).all():
                raise InputError(f"{name} of the preparation is not a list of finite numbers")
            setattr(made, name, learned)
        if not made.factor_.all():
            raise InputError("a factor of the preparation is 0")
        return made


def _affine(
    scaling: str, rows: np.ndarray, mean: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return offset and factor of each column as scikit-learn does; a constant one keeps its unit.

    scikit-learn's own scalers need all rows at once, several times over, or give NaN for a column
    that has no value in one piece.
    """
    if scaling == "none":
        return np.zeros(rows.shape[1]), np.ones(rows.shape[1])
    if scaling == "robust":  # quartiles need all rows at once, but one column at a time
        columns = (rows[:, [i]].astype(np.float64) for i in range(rows.shape[1]))
        fitted = [RobustScaler().fit(column) for column in columns]
        centers, scales = [each.center_ for each in fitted], [each.scale_ for each in fitted]
        return np.concatenate(centers), np.concatenate(scales)
    if scaling == "minmax":
        low = np.fmin.reduce([np.fmin.reduce(piece, axis=0) for piece in _pieces(rows)])
        high = np.fmax.reduce([np.fmax.reduce(piece, axis=0) for piece in _pieces(rows)])
        return low, 1 / MinMaxScaler().fit([low, high]).scale_
    squares = sum(np.nansum((piece - mean) ** 2, axis=0) for piece in _pieces(rows))
    rest = sum(np.nansum(piece - mean, axis=0) for piece in _pieces(rows))  # 0 up to rounding
    variance = (squares - rest**2 / known) / known
    error = np.finfo(np.float64).eps * known
    constant = variance <= error * variance + (error * mean) ** 2
    return mean, np.sqrt(np.where(constant, 1.0, variance))


def _pieces(values: np.ndarray) -> Iterator[np.ndarray]:
    """Yield some rows at a time, float64."""
    most = max(1, PIECE // max(1, values[:1].size))
    for start in range(0, len(values), most):
        yield values[start : start + most].astype(np.float64, copy=False)
