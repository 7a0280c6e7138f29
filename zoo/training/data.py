"""Turn what a user gives to `fit` and `predict` into arrays in batches."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from zoo.errors import InputError
from zoo.training.batches import Batches


def is_array_like(data: Any) -> bool:
    """Return whether `data` is an array, a tensor of any backend, a frame, or nested lists.

    Example:
        >>> is_array_like([[1.0, 2.0]]), is_array_like(iter([1.0]))
        (True, False)
    """
    if isinstance(data, (list, tuple)):
        return True
    return hasattr(data, "__array__") and getattr(data, "ndim", 1) > 0


def as_array(data: Any, name: str = "x") -> np.ndarray:
    """Return what `is_array_like` as a NumPy array; one that is one already stays as it is.

    Args:
        data: as for `is_array_like`.
        name: of the argument, for the error.

    Raises:
        InputError: rows of different lengths, or something other than numbers.

    Example:
        >>> as_array([[1, 2], [3, 4]]).shape
        (2, 2)
    """
    if hasattr(data, "detach"):  # torch's tensors, whatever device they are on
        data = data.detach().cpu()
    try:
        array = np.asarray(data)
        if array.dtype == object:  # a frame of several kinds of column
            array = array.astype(keras.config.floatx())
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} is a {type(data).__name__} that is no array of numbers ({error}); give rows "
            f"of equal length that hold numbers alone."
        ) from None
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise InputError(f"{name} holds {array.dtype}, expected numbers; encode it first.")
    if not array.ndim:
        raise InputError(f"{name} is a single number, expected an array (n, ...).")
    return array


def in_batches_of(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    batch_size: int | None = None,
    shuffle: bool = True,
) -> Any:
    """Return data in batches; what Keras must iterate itself stays as it is.

    Args:
        x: `Batches`, whatever `is_array_like`, or a data set.
        y: labels `(n,)`, or None.
        sample_weight: `(n,)`, or None.
        class_weight: label to the weight of its samples, 1 where it has none; needs labels.
        batch_size: samples a batch, of arrays; 32 unless given.
        shuffle: whether the order of arrays changes each epoch.

    Raises:
        InputError: labels or weights of another length than x, negative weights, both kinds of
            weights, or labels and weights beside a data set, whose batches should hold them.
    """
    if class_weight and sample_weight is not None:
        raise InputError("both sample_weight and class_weight are given; give one.")
    if not is_array_like(x):
        for name, given in (("y", y), ("sample_weight", sample_weight)):
            if given is not None:
                where = f"Batches(x, {name}=...)" if isinstance(x, Batches) else "its batches"
                raise InputError(f"x is a {type(x).__name__}, so {name} belongs into {where}.")
        if class_weight and isinstance(x, Batches):
            x = copy.copy(x)
            x.sample_weight = _weights_by_label(x.y, class_weight)
        return x
    x = as_array(x)
    y = None if y is None else _as_long_as(x, y, "y")
    if class_weight:
        sample_weight = _weights_by_label(y, class_weight)
    if sample_weight is not None:
        sample_weight = _as_long_as(x, sample_weight, "sample_weight").reshape(-1)
        sample_weight = sample_weight.astype("float32")
        if not np.all(np.isfinite(sample_weight) & (sample_weight >= 0)):
            raise InputError("sample_weight holds negative or missing numbers; give 0 or more.")
    seed = np.random.randint(2**31) if shuffle else None
    return Batches(x, batch_size or 32, seed, y, sample_weight=sample_weight)


def split(
    x: Any, y: Any, sample_weight: Any, validation_split: float
) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """Return the leading part of each array, to train on, and its last part, to validate on.

    As in Keras, the split comes before any shuffling.

    Args:
        x: whatever `is_array_like`.
        y: the same, or None.
        sample_weight: the same, or None.
        validation_split: share of the last part, above 0 and below 1.

    Raises:
        InputError: a data set, a share out of range, or a part without samples.

    Example:
        >>> train, validation = split(np.arange(10), None, None, 0.3)
        >>> train[0].tolist(), validation[0].tolist()
        ([0, 1, 2, 3, 4, 5, 6], [7, 8, 9])
    """
    if not is_array_like(x):
        raise InputError(
            f"validation_split cuts arrays, and x is a {type(x).__name__}; give validation_data."
        )
    x = as_array(x)
    if not 0 < validation_split < 1:
        raise InputError(
            f"validation_split is {validation_split}, expected a share above 0 and below 1."
        )
    at = math.floor(len(x) * (1.0 - validation_split))
    if at in (0, len(x)):
        raise InputError(
            f"validation_split={validation_split} of {len(x)} samples leaves a part without any; "
            f"give more samples or another share."
        )
    others = [
        None if each is None else _as_long_as(x, each, name)
        for each, name in ((y, "y"), (sample_weight, "sample_weight"))
    ]
    first, last = (
        tuple(None if each is None else each[part] for each in (x, *others))
        for part in (slice(at), slice(at, None))
    )
    return first, last  # type: ignore[return-value]


def has_weights(data: Any) -> bool:
    """Return whether `data` is `Batches` with weights."""
    return getattr(data, "sample_weight", None) is not None


def _as_long_as(x: np.ndarray, given: Any, name: str) -> np.ndarray:
    array = as_array(given, name)
    if len(array) != len(x):
        raise InputError(f"{name} has {len(array)} samples and x {len(x)}; give one for each.")
    return array


def _weights_by_label(y: np.ndarray | None, class_weight: Mapping[int, float]) -> np.ndarray:
    if y is None:
        raise InputError("class_weight weighs samples by their labels, and there are none.")
    labels = np.round(np.asarray(y).reshape(len(y))).astype("int64")
    known, where = np.unique(labels, return_inverse=True)
    return np.array([class_weight.get(int(each), 1.0) for each in known], "float32")[where]
