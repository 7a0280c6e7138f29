"""JSON that every parser accepts: NumPy types become Python's, NaN and infinity become null."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """Reduce a value to the types of JSON.

    Args:
        value: dataclass, mapping, sequence, set, NumPy scalar or array, path, enum, date, or None.

    Returns:
        The same as dict, list, str, int, float, bool or None; numbers that are not finite are None.

    >>> import numpy as np
    >>> plain({"auc": np.float32(0.5), "f1": float("nan"), "shape": (2, 3)})
    {'auc': 0.5, 'f1': None, 'shape': [2, 3]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # a NumPy array or scalar
        return plain(value.tolist())
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def write(path: Path, value: Any) -> None:
    """Write `value`, reduced by `plain`, as indented UTF-8 JSON."""
    text = json.dumps(plain(value), indent=2, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
