"""Comparison with earlier results: changes of speed, and the guard that CI runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zoo.bench.contestants import FAST, NATIVE
from zoo.bench.results import IDENTITY, ResultsError, identity, row_name
from zoo.errors import InputError

MEASURES = {
    "train_per_second": "train/s",
    "score_per_second": "score/s",
    "predict_per_second": "predict/s",
    "p50_ms": "p50 ms",
}
MIN_CHANGE = 0.1  # a smaller relative change gets no verdict
MIN_NOISES = 3  # ... nor one below this many times the noise
VERBS = ("train", "score", "predict")
MIN_SHARE = 0.7  # of its recorded value, below which a ratio fails
MACHINE = ("cpu", "cores", "memory_gib", "platform", "accelerator")


class Change(NamedTuple):
    """One measure of one row, before and now.

    Attributes:
        row: model, backend, engine, device, batch size.
        measure: title of the measure.
        before: the earlier value.
        now: the new value.
        change: now / before; None on another machine.
        verdict: `slower`, `faster` or empty.
    """

    row: tuple[Any, ...]
    measure: str
    before: float
    now: float
    change: float | None
    verdict: str


class Shortfall(NamedTuple):
    """A ratio to the native loop that fell too low.

    Attributes:
        row: model, backend, engine, device, batch size.
        verb: `train`, `score` or `predict`.
        recorded: the recorded ratio.
        now: the new ratio; None where the row failed.
    """

    row: tuple[Any, ...]
    verb: str
    recorded: float
    now: float | None

    def __str__(self) -> str:
        now = "not measured" if self.now is None else f"{self.now:.2f} × native"
        return (
            f"{row_name(self.row)}: {self.verb} {now}, recorded {self.recorded:.2f}, expected "
            f"{MIN_SHARE * self.recorded:.2f} or more"
        )


def other_machine(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """Return a phrase per fact in which the machines of two results differ.

    Args:
        new: results from `zoo.bench.results.read`.
        old: earlier results.
    """
    now, before = new["environment"], old["environment"]
    return [
        f"{name} {before.get(name)} then, {now.get(name)} now"
        for name in MACHINE
        if before.get(name) != now.get(name)
    ]


def other_versions(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """Return a phrase per package whose version differs."""
    before, now = (found["environment"].get("versions") or {} for found in (old, new))
    return [
        f"{name} {before.get(name)} then, {now.get(name)} now"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]


def changes(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[Change]:
    """Return the changes of every measure that both results have.

    The machine's load moves the native loop too, so verdicts go by ratios to it where both results
    have them. A verdict needs a change of a tenth and of three times the noise.

    Args:
        new: results from `zoo.bench.results.read`.
        old: earlier results; those of another machine give no `change` and no verdict.
    """
    comparable = not other_machine(new, old)
    earlier = {identity(row): row for row in old["rows"]}
    found = []
    for row in new["rows"]:
        past = earlier.get(identity(row))
        for key, title in MEASURES.items():
            if past is None or not row.get(key) or not past.get(key):
                continue
            change = row[key] / past[key] if comparable else None
            verdict = _verdict(row, past, key) if comparable else ""
            found.append(Change(identity(row), title, past[key], row[key], change, verdict))
    return found


def unmatched(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the identities of rows that only one of two results has."""
    rows = [{identity(row) for row in found["rows"]} for found in (new, old)]
    return sorted(rows[0] ^ rows[1], key=str)


def record(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the fast engine's ratios to the native loop, for `shortfalls` to compare with later.

    The low end of each interval is recorded, so that a lucky measurement fails nothing later.

    Args:
        path: `.json` file; one that exists is replaced.
        rows: of a run with native rows.

    Raises:
        InputError: no row has a ratio.
    """
    kept = [
        {
            **dict(zip(IDENTITY, identity(row), strict=True)),
            **{verb: round(low, 3) for verb in VERBS if (low := _low_end(row, verb))},
        }
        for row in rows
        if row["engine"] == FAST and row.get("train_ratio")
    ]
    if not kept:
        raise InputError("no row has a ratio to record; measure native and another backend")
    lines = ",\n".join(f"  {json.dumps(each)}" for each in kept)
    Path(path).write_text(f'{{"rows": [\n{lines}\n]}}\n', encoding="utf-8")


def read_record(path: str | Path) -> list[dict[str, Any]]:
    """Read a file of `record`.

    Raises:
        ResultsError: `record` did not write it.
        OSError: it cannot be read.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))["rows"]
        for row in rows:
            identity(row)
            if not all(isinstance(row[verb], float) for verb in VERBS if verb in row):
                raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise ResultsError(
            f"{path} holds no recorded ratios; give a file that zoo bench --record wrote"
        ) from error
    return rows


def shortfalls(
    rows: Sequence[Mapping[str, Any]], recorded: Sequence[Mapping[str, Any]]
) -> list[Shortfall]:
    """Return the ratios that fell below 0.7 of their recorded value.

    Args:
        rows: of a run.
        recorded: from `read_record`; rows that the run did not measure, or whose backend or device
            is missing here, are skipped.
    """
    now = {identity(row): row for row in rows}
    found = []
    for past in recorded:
        row = now.get(identity(past))
        if row is None or row.get("status") in ("not installed", "no such device"):
            continue
        for verb in VERBS:
            if verb in past:
                ratio = row.get(f"{verb}_ratio")
                if ratio is None or ratio < MIN_SHARE * past[verb]:
                    found.append(Shortfall(identity(past), verb, past[verb], ratio))
    return found


def _low_end(row: Mapping[str, Any], verb: str) -> float | None:
    return row.get(f"{verb}_ratio_low") or row.get(f"{verb}_ratio")


def _verdict(row: Mapping[str, Any], past: Mapping[str, Any], key: str) -> str:
    ratio = key.replace("_per_second", "_ratio")
    shared = row["engine"] != NATIVE and ratio != key and row.get(ratio) and past.get(ratio)
    change = row[ratio] / past[ratio] if shared else row[key] / past[key]
    noise = max(each.get("noise_percent") or 0 for each in (row, past)) / 100
    least = 1 + max(MIN_CHANGE, MIN_NOISES * noise)
    if key == "p50_ms":
        change = 1 / change
    return "slower" if change < 1 / least else "faster" if change > least else ""
