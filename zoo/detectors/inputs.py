"""Convert a user's data to finite numbers with names, or raise an error that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from zoo.errors import InputError

LARGEST = 1e100  # beyond it squares overflow


@dataclass(frozen=True)
class Given:
    """Numbers of a table, series, stack of windows or stack of images, with names and index.

    `values` is float64 or float32, samples or time along the first axis, with NaN only if `missing`
    allows it. It may share memory with the input.
    """

    values: np.ndarray
    names: tuple[str, ...] | None = None
    index: pd.Index | None = None


def read(X: Any, missing: bool = False, least: int = 1, detector: Any = None) -> Given:
    """Convert the `X` of `fit` or a scoring method to numbers.

    Args:
        X: array or nested lists of two to four axes, pandas or polars frame.
        missing: whether NaN is allowed.
        least: smallest number of samples.
        detector: named in errors.

    Raises:
        ValueError: says what was found and what was expected.
        TypeError: a sparse matrix, or an object that holds no numbers.
    """
    names = index = None
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        X, names, index = _from_frame(X)
    values = check_array(
        X,
        dtype="numeric" if names is None else np.float64,
        ensure_all_finite="allow-nan",
        allow_nd=True,
        ensure_min_samples=least,
        estimator=detector,
        input_name="X",
    )
    if values.dtype.kind not in "biuf":
        raise InputError(f"X holds values of type {values.dtype}; expected numbers")
    if values.ndim > 4:
        raise InputError(
            f"X has {values.ndim} axes; expected 2 (table or series), 3 (windows) or 4 (images)"
        )
    if 0 in values.shape:
        raise InputError(f"X has shape {values.shape}; expected no axis of length 0")
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    if not missing and np.isnan(values.min()):
        unknown = np.isnan(values)
        where = np.argwhere(unknown)[0]
        column = f"column {names[where[-1]]!r}" if names is not None else f"feature {where[-1]}"
        raise InputError(
            f"X has {int(unknown.sum())} NaN, the first in row {where[0]}, {column}; fill them, or "
            f"give missing='mean' (or 'forward', for a series)"
        )
    largest = float(max(np.nanmax(values, initial=0), -np.nanmin(values, initial=0)))
    if largest > LARGEST:
        raise InputError(f"X holds {largest:.3g}; expected values up to {LARGEST:g}: rescale it")
    return Given(values, names, index)


def in_order(given: Given, names: Sequence[str] | None, features: int, who: str) -> Given:
    """Return the columns in the order of training, matched by name where both sides have names.

    Raises:
        ValueError: names missing, surplus or repeated columns; another number of features.
    """
    if names is None or given.names is None or tuple(names) == given.names:
        found = given.values.shape[-1]
        if found != features:
            raise InputError(
                f"X has {found} features, but {who} is expecting {features} features as input"
                f"{': ' + _quoted(names) if names is not None else ''}"
            )
        return given
    lacking = [name for name in names if name not in given.names]
    surplus = [name for name in given.names if name not in names]
    if lacking or surplus:
        said = [f"lacks {_quoted(lacking)}"] if lacking else []
        said += [f"has {_quoted(surplus)} besides"] if surplus else []
        raise InputError(
            f"X {' and '.join(said)}; expected the feature names of the training data: "
            f"{_quoted(names)}"
        )
    order = [given.names.index(name) for name in names]
    return Given(given.values[:, order], tuple(names), given.index)


def _from_frame(frame: Any) -> tuple[np.ndarray, tuple[str, ...] | None, pd.Index | None]:
    """Return values, names and index of a pandas frame, or of another that has `to_numpy`."""
    columns = list(frame.columns)
    twice = sorted({str(name) for name in columns if columns.count(name) > 1})
    if twice:
        raise InputError(f"X has {_quoted(twice)} more than once; rename or leave out one")
    if isinstance(frame, pd.DataFrame):
        odd = {name: kind for name, kind in frame.dtypes.items() if not _is_number(frame[name])}
        index = frame.index
    else:
        odd, index = {}, None
    if odd:
        name, kind = next(iter(odd.items()))
        text = next((repr(v) for v in frame[name] if isinstance(v, str)), None)
        raise InputError(
            f"X has {kind} in column {str(name)!r}{f': {text} for one' if text else ''}; expected "
            f"numbers: leave the column out, or encode it"
        )
    named = all(isinstance(name, str) for name in columns)
    if isinstance(frame, pd.DataFrame):
        values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = frame.to_numpy()
    return values, tuple(columns) if named else None, index


def _is_number(column: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return not pd.api.types.is_complex_dtype(column)
    if column.dtype != object:
        return False
    values = column.dropna()
    return bool(values.map(lambda v: isinstance(v, (bool, int, float, np.number))).all())


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in list(names)[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
