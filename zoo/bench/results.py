"""The file that `zoo bench` writes: `{"environment": {...}, "rows": [...]}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.report import strict_json

if TYPE_CHECKING:
    from zoo.bench.run import Outcome

ROW_KEYS = (
    "model",
    "backend",
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
"""What every row holds; what was not measured is null."""
IDENTITY = ROW_KEYS[:4]
TEXTS = ("model", "backend", "device")


class ResultsError(ZooError, ValueError):
    """A file that is no benchmark's; the message names it, what is wrong and what to do."""


def write(path: str | Path, outcome: Outcome) -> None:
    """Write an outcome, whole or not at all.

    Args:
        path: `.json` file; one that exists is replaced.
        outcome: what `zoo.bench.measure` returned.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial")
    content = {"environment": outcome.environment, "rows": outcome.rows}
    if outcome.interrupted:
        content["interrupted"] = True
    strict_json.write(partial, content)
    partial.replace(path)


def read(path: str | Path) -> dict[str, Any]:
    """Read what `write` wrote.

    Args:
        path: `.json` file.

    Returns:
        A dict with `environment` and `rows`.

    Raises:
        ResultsError: damaged, or the file of something else.
        OSError: there is none, or it cannot be read.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResultsError(
            f"{path} is no JSON ({error}); give a file that zoo bench --out wrote"
        ) from error
    check(found, path)
    return found


def check(found: Any, path: str | Path = "the results") -> None:
    """Make sure that these are results of `zoo bench`.

    Args:
        found: what the JSON holds.
        path: for the message.

    Raises:
        ResultsError: they are not.
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
    """What tells a row from the others: model, backend, device, batch size."""
    return tuple(row[key] for key in IDENTITY)


def row_name(row: tuple[Any, ...]) -> str:
    """`gru_64 on jax (cpu, batch 64)`."""
    model, backend, device, size = row
    return f"{model} on {backend} ({device}, batch {size})"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
