"""Why an estimator gave rows their scores: `zoo.explain` on raw data, by the features' names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zoo import explain
from zoo.errors import InputError
from zoo.evaluation.metrics.events import distinct_peaks

if TYPE_CHECKING:
    from zoo.detectors.base import Detector

METHODS = ("auto", "error", "integrated_gradients", "occlusion")


def explanation(
    detector: Detector, given: Any, rows: Any, count: int, method: str
) -> explain.Explanation:
    """The explanation of `rows` of checked data; see `Detector.explain`."""
    if method not in METHODS:
        raise InputError(f"method is {method!r}; choose one of {', '.join(METHODS)}")
    if count < 1:
        raise InputError(f"count is {count}; give 1 or more")
    model, prepared, length = detector.model_, detector.preparation_, len(given.values)
    series = detector.kind_ == "series"
    if rows is None:
        scores = detector._score_values(given.values)
        rows = distinct_peaks(scores, count, detector.window if series else 1)
    rows = _checked(rows, length)

    filled = prepared.fill(given.values)
    if series:
        detector._require_window(length)
        starts = np.maximum(rows - detector.window + 1, 0)
        steps = starts[:, None] + np.arange(detector.window)
        values = filled[steps].astype(np.float64)
    else:
        values = filled[rows].astype(np.float64)
    x = prepared.transform(values)

    if method == "auto":
        other = "occlusion" if detector.kind_ == "table" else "integrated_gradients"
        method = "error" if redraws_only(model) else other
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
        rows=rows,
        index=index[rows],
        scores=detector._scores(x),
        names=tuple(map(str, names)),
        values=values,
        usual=usual,
        contributions=contributions,
        method=method,
    )


def redraws_only(model) -> bool:
    """Whether a score is nothing but what could not be redrawn, so that errors explain it."""
    return hasattr(model, "errors") and not hasattr(model, "sphere")


def _checked(rows: Any, length: int) -> np.ndarray:
    rows = np.atleast_1d(np.asarray(rows))
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise InputError(f"rows is {rows!r}; expected positions of rows, a list of whole numbers")
    if rows.min() < -length or rows.max() >= length:
        raise InputError(
            f"rows asks for {int(max(rows.max(), -rows.min()))}, but X has {length} rows, counted "
            f"from 0"
        )
    return np.where(rows < 0, rows + length, rows)
