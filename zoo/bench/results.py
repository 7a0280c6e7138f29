"""The file that `zoo bench` writes: `{"environment": {...}, "rows": [...]}`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.bench.contestants import title
from zoo.errors import ZooError
from zoo.report import strict_json

if TYPE_CHECKING:
    from zoo.bench.run import Outcome

ROW_KEYS = (
    "model",
    "backend",
    "engine",
    "device",
    "batch_size",
    "train_per_second",
    "score_per_second",
    "p50_ms",
    "p99_ms",
    "compile_seconds",
    "peak_memory_mb",
    "parameters",
    "flops_per_sample",
)
"""The keys of every row; a value that was not measured is null."""
IDENTITY = ROW_KEYS[:5]
TEXTS = ("model", "backend", "engine", "device")


class ResultsError(ZooError, ValueError):
    """A file that `zoo bench` did not write; the message says what is wrong and what to do."""


def write(path: str | Path, outcome: Outcome) -> None:
    """Write an outcome; the file appears whole or not at all.

    Args:
        path: `.json` file; one that exists is replaced.
        outcome: from `zoo.bench.measure`.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    content = {"environment": outcome.environment, "rows": outcome.rows}
    if outcome.interrupted:
        content["interrupted"] = True
    strict_json.write(partial, content)
    partial.replace(path)


def read(path: str | Path) -> dict[str, Any]:
    """Read a file of `write`.

    Args:
        path: `.json` file.

    Returns:
        A dict with `environment` and `rows`.

    Raises:
        ResultsError: the file is damaged, or not one of `zoo bench`.
        OSError: it cannot be read.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResultsError(
            f"{path} is no JSON ({error}); give a file that zoo bench --out wrote"
        ) from error
    check(found, path)
    return found


def read_all(paths: Sequence[str | Path]) -> dict[str, Any]:
    """Read files of `write` that were measured on one machine, as one.

    Args:
        paths: `.json` files.

    Returns:
        A dict with the `environment` of the first and the `rows` of all.

    Raises:
        ResultsError: as `read`, or the files come from different machines or versions.
        OSError: a file cannot be read.
    """
    parts = [read(path) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        for fact in ("cpu", "cores", "versions"):
            own, first = (each["environment"].get(fact) for each in (part, parts[0]))
            if own != first:
                raise ResultsError(
                    f"{path}: {fact} {own}, but {first} in {paths[0]}; show them one by one"
                )
    found = parts[0] | {"rows": [row for part in parts for row in part["rows"]]}
    if any(part.get("interrupted") for part in parts):
        found["interrupted"] = True
    return found


def check(found: Any, path: str | Path = "the results") -> None:
    """Raise unless these are results of `zoo bench`.

    Args:
        found: the content of the JSON.
        path: for the message.

    Raises:
        ResultsError: a key is missing or has a wrong type.
    """

    def refuse(what: str) -> None:
        raise ResultsError(f"{path}: {what}; give a file that zoo bench --out wrote")

    if not isinstance(found, Mapping) or not isinstance(found.get("environment"), Mapping):
        refuse("no object with an 'environment'")
    if not isinstance(found.get("rows"), list):
        refuse("no list of 'rows'")
    for number, row in enumerate(found["rows"], start=1):
        if not isinstance(row, Mapping):
            refuse(f"row {number} is no object")
        missing = [key for key in ROW_KEYS if key not in row]
        if missing:
            refuse(f"row {number} has no {missing[0]!r}")
        for key in ROW_KEYS:
            value = row[key]
            right = isinstance(value, str) if key in TEXTS else value is None or _is_number(value)
            if not right:
                refuse(f"row {number} has {key} {value!r}")


def identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values that tell a row from others: model, backend, engine, device, batch size."""
    return tuple(row[key] for key in IDENTITY)


def row_name(row: tuple[Any, ...]) -> str:
    """Return `gru_64 on jax (fast, cpu, batch 64)` for such an identity."""
    model, backend, engine, device, size = row
    way = "" if engine == backend else f"{title(engine)}, "
    return f"{model} on {backend} ({way}{device}, batch {size})"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
