"""Explanations of a detector's scores: `zoo.explain` on raw data, by the names of the features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from zoo import explain
from zoo.detectors.outlier import OutlierDetector
from zoo.detectors.settings import SettingError
from zoo.errors import InputError
from zoo.evaluation.metrics.events import distinct_peaks

METHODS = ("auto", "error", "integrated_gradients", "occlusion")


def explanation(
    detector: OutlierDetector, X: Any, rows: Sequence[int] | None, count: int, method: str
) -> explain.Explanation:
    """Return the explanation of rows of `X`; arguments and errors as in `Detector.explain`."""
    given = detector._read(X)
    if method not in METHODS:
        raise SettingError("method", f"is {method!r}; choose one of {', '.join(METHODS)}")
    if count < 1:
        raise SettingError("count", f"is {count}; give 1 or more")
    model, prepared, length = detector.model_, detector.preparation_, len(given.values)
    series = detector.kind_ == "series"
    window = detector._window_length
    if rows is None:
        chosen: Any = distinct_peaks(detector._score_values(given.values), count, window)
    else:
        chosen = rows
    positions = _checked(chosen, length)

    filled = prepared.fill(given.values)
    if series:
        detector._require_window(length)
        starts = np.maximum(positions - window + 1, 0)
        steps = starts[:, None] + np.arange(window)
        values = filled[steps].astype(np.float64)
    else:
        values = filled[positions].astype(np.float64)
    x = prepared.transform(values)

    if method == "auto":
        other = "occlusion" if detector.kind_ == "table" else "integrated_gradients"
        method = "error" if model.errors_explain == "all" else other
    usual = np.broadcast_to(prepared.mean_, values.shape[-1])
    if method == "error":
        contributions = explain.error_map(model, x)
    else:
        normal = np.zeros(1) if detector.kind_ == "images" else prepared.transform(usual[None])[0]
        contributions = getattr(explain, method)(model, x, normal)
    names = getattr(detector, "feature_names_in_", None)
    if names is None:
        names = [f"feature {number}" for number in range(values.shape[-1])]
    index = pd.RangeIndex(length) if given.index is None else given.index
    return explain.Explanation(
        rows=positions,
        index=index[positions],
        scores=detector._scores(x),
        names=tuple(map(str, names)),
        values=values,
        usual=usual,
        contributions=contributions,
        method=method,
    )


def _checked(given: Any, length: int) -> np.ndarray:
    rows = np.atleast_1d(np.asarray(given))
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise InputError(f"rows is {rows!r}; expected positions of rows, a list of whole numbers")
    if rows.min() < -length or rows.max() >= length:
        raise InputError(
            f"rows asks for {int(max(rows.max(), -rows.min()))}, but X has {length} rows, counted "
            f"from 0"
        )
    return np.where(rows < 0, rows + length, rows)
