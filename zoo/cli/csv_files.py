"""Detectors on files of tables: fit on one, score one of any length, explain its rows."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import (
    BarColumn,
    FileSizeColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from zoo.data.arrays.checks import name_rows
from zoo.data.tables.columns import Finding, interleaved, look_at, to_labels
from zoo.data.tables.dialect import Dialect
from zoo.data.tables.reader import TableReader
from zoo.detectors import Detector
from zoo.detectors.inputs import LARGEST
from zoo.detectors.stream import StreamScorer
from zoo.errors import InputError

CHUNK = 50_000  # rows read and scored at a time
FIT_AGAIN = "the detector takes none: repair the file, or fit again with --missing mean"
ARGUMENTS = ("separator", "decimal", "thousands", "encoding", "columns", "normal_label")
ARGUMENT = re.compile(rf"\b({'|'.join(ARGUMENTS)})=('[^']*'|\"[^\"]*\"|\w+)")


def read_features(
    path: str | Path,
    ignore: Sequence[str] = (),
    label_column: str | None = None,
    missing: bool = False,
    *,
    dialect: Dialect | None = None,
    columns: Sequence[str] = (),
    keep: Sequence[str] = (),
    normal_label: str | None = None,
    windowed: bool = False,
) -> tuple[pd.DataFrame, np.ndarray | None, list[str]]:
    """Return the columns of numbers to learn from, the labels, and what the user should know.

    Args:
        path: CSV file with a header, possibly packed; Parquet; Excel.
        ignore: columns to leave out: times, names.
        label_column: column of labels, which is no feature; rows of anomalies are left out.
        missing: whether empty cells may stay.
        dialect: how the file is written; None is the default.
        columns: columns to read; of a file without a header, the names of its cells.
        keep: columns to learn although they look like times, counters, ids or labels.
        normal_label: the value of `label_column` that means normal.
        windowed: whether rows are learned in windows of time.

    Returns:
        Features, indexed by `line`; labels `(n,)` or None; notes, a sentence each.

    Raises:
        FileNotFoundError: no such file.
        InputError: no such column; text in a feature; missing values; a column that looks like no
            measurement and that no option speaks of; several machines in one series.
    """
    name = str(path)
    special = [*ignore, *([label_column] if label_column else [])]
    if columns:
        columns = [*columns, *(column for column in special if column not in columns)]
    reader = TableReader(path, dialect or Dialect(), columns or None)
    reader.require([*special, *keep])
    table = reader.read()
    if not len(table):
        raise InputError(f"'{name}' has a header and no rows{reader.hint()}")
    features = [column for column in table.columns if column not in special]
    if not features:
        raise InputError(f"'{name}' has no column left to learn from; ignore fewer")
    notes = []
    if reader.unnamed:
        which = "column" if reader.unnamed == 1 else f"{reader.unnamed} columns"
        notes.append(f"the first {which} of '{name}' without a name: left out, as an index is")
    findings = look_at(table, features)
    _refuse(findings, keep, name)
    numbers = reader.to_numbers(table, features)
    cure = "repair the file, or give --missing mean (or forward, for a series)"
    require_finite(numbers.to_numpy(), numbers.index, features, name, missing, cure)
    notes += [
        f"column '{found.column}' of '{name}' {found.said}; it is learned as a constant"
        for found in findings
        if found.kind == "constant"
    ]
    if windowed:
        notes += _check_interleaved(table, [label_column] if label_column else [], name)
    labels = None
    if label_column:
        labels = to_labels(table[label_column], name, normal_label)
        numbers, labels = numbers[labels == 0], labels[labels == 0]
        if not len(numbers):
            raise InputError(
                f"'{name}' has no row that column '{label_column}' calls normal; say with "
                f"--normal-label which value means normal"
            )
    return numbers, labels, notes


def score_file(
    detector: Detector,
    path: str | Path,
    out: str | Path,
    overwrite: bool = False,
    dialect: Dialect | None = None,
    columns: Sequence[str] = (),
) -> int:
    """Score a file of any length, a chunk at a time, and write a row for each of its rows.

    Columns are matched by name; others are left alone. Written are `line` (of the file, the header
    being 1), `score`, `probability`, `anomaly`, and for a series `warm_up`.

    Args:
        detector: fitted detector for a table or a series.
        path: CSV file with a header, possibly packed; Parquet; Excel.
        out: CSV file to write, whole or not at all.
        overwrite: replace `out` if it exists.
        dialect: how the file is written; None is the default.
        columns: of a file without a header, the names of its cells.

    Returns:
        Rows scored.

    Raises:
        FileNotFoundError: no such file.
        FileExistsError: `out` exists.
        InputError: columns or values that the detector cannot read.
    """
    path, out = Path(path).expanduser(), Path(out).expanduser()
    if out.exists() and not overwrite:
        raise FileExistsError(f"{out} exists already; give --overwrite, or another --out")
    if not out.parent.is_dir():
        raise FileNotFoundError(f"{out.parent} does not exist; make that folder first")
    reader = open_reader(detector, path, dialect, columns)
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    stream = StreamScorer(detector)
    warm_up = detector.window - 1 if detector.kind_ == "series" else 0
    try:
        with open(beside, "w", newline="") as file, _progress(reader.size) as advance:
            for chunk in feature_chunks(detector, reader, max(CHUNK, warm_up + 1)):
                if stream.rows_seen == 0 and len(chunk) <= warm_up:
                    raise InputError(
                        f"'{path}' has {len(chunk)} rows, fewer than the window of "
                        f"{detector.window}; give more"
                    )
                header = stream.rows_seen == 0
                _scored(stream, chunk, warm_up).to_csv(file, header=header)
                advance(reader.position, stream.rows_seen)
        if stream.rows_seen == 0:
            raise InputError(f"'{path}' has a header and no rows")
        os.replace(beside, out)
    finally:
        beside.unlink(missing_ok=True)
    return stream.rows_seen


def explain_file(
    detector: Detector,
    path: str | Path,
    count: int = 5,
    top: int = 3,
    method: str = "auto",
    dialect: Dialect | None = None,
    columns: Sequence[str] = (),
) -> pd.DataFrame:
    """Return what made the most anomalous rows of a file anomalous.

    Args:
        detector: fitted detector for a table or a series.
        path: CSV file with a header, possibly packed; Parquet; Excel. It is read whole.
        count: rows to explain, of a series those whose windows do not overlap.
        top: features a row.
        method: as in `Detector.explain`.
        dialect: how the file is written; None is the default.
        columns: of a file without a header, the names of its cells.

    Returns:
        `zoo.explain.Explanation.table`; `row` is the line of the file, the header being 1.

    Raises:
        FileNotFoundError: no such file.
        InputError: columns, values or settings that cannot be used.
    """
    path = Path(path).expanduser()
    reader = open_reader(detector, path, dialect, columns)
    chunks = list(feature_chunks(detector, reader, CHUNK))
    if not chunks:
        raise InputError(f"'{path}' has a header and no rows")
    return detector.explain(pd.concat(chunks), count=count, method=method).table(top)


def open_reader(
    detector: Detector, path: Path, dialect: Dialect | None, columns: Sequence[str]
) -> TableReader:
    """Open a file whose rows a detector can score.

    Raises:
        FileNotFoundError: no such file.
        InputError: a detector of windows or images; a file without the columns of the training.
    """
    if detector.kind_ not in ("table", "series"):
        raise InputError(f"the detector judges {detector.kind_}; a CSV file holds none")
    reader = TableReader(path, dialect or Dialect(), columns or None)
    names = feature_names(detector)
    if names is not None:
        reader.require(names)
    elif len(reader.names) != detector.n_features_in_:
        raise InputError(
            f"'{path}' has {len(reader.names)} columns; the detector was fitted without names, on "
            f"{detector.n_features_in_} features{reader.hint()}"
        )
    return reader


def feature_chunks(detector: Detector, reader: TableReader, rows: int) -> Iterator[pd.DataFrame]:
    """Yield the features of a file, `rows` at a time, checked, indexed by `line`.

    Raises:
        InputError: text; values that are missing, infinite or too large; names the line.
    """
    names = feature_names(detector)
    allowed = detector.missing != "error"
    for chunk in reader.chunks(names, rows):
        values = chunk.to_numpy()
        require_finite(values, chunk.index, chunk.columns, reader.name, allowed, FIT_AGAIN)
        if names is None:
            chunk.columns = range(chunk.shape[1])
        yield chunk


def feature_names(detector: Detector) -> list[str] | None:
    """Return the names of the training's columns, or None where they had none."""
    names = getattr(detector, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def require_finite(
    values: np.ndarray,
    lines: Sequence[int],
    names: Sequence[Any],
    name: str,
    missing: bool,
    cure: str = "repair the file",
) -> None:
    """Raise on values that are infinite, too large or, unless allowed, missing.

    Args:
        values: `(n, features)` numbers.
        lines: `(n,)`, where in the file they stand.
        names: of the features.
        name: what errors call the file.
        missing: whether NaN may stay.
        cure: what to do about missing values.

    Raises:
        InputError: says how many, in which lines and columns.
    """
    if np.isfinite(values).all() and np.abs(values).max(initial=0) <= LARGEST:
        return
    unknown, infinite = np.isnan(values), np.isinf(values)
    beyond = ~infinite & (np.abs(values) > LARGEST)
    for kind, bad, what_to_do in (
        ("missing {}", unknown & (not missing), cure),
        ("infinite {}", infinite, "repair the file"),
        (f"{{}} beyond {LARGEST:g}", beyond, "rescale them"),
    ):
        count = int(bad.sum())
        if not count:
            continue
        found = kind.format("value" if count == 1 else "values")
        where = name_rows(pd.Index(lines, name="line")[bad.any(axis=1)])
        columns = [f"'{names[i]}'" for i in np.flatnonzero(bad.any(axis=0))]
        raise InputError(
            f"'{name}' has {count} {found}, in {where}, "
            f"column{'s' if len(columns) > 1 else ''} {', '.join(columns[:8])}; {what_to_do}"
        )


@contextmanager
def options_named() -> Iterator[None]:
    """Say `--separator ';'` where the library says `separator=';'`."""
    try:
        yield
    except InputError as error:
        said = ARGUMENT.sub(lambda m: f"--{m[1].replace('_', '-')} {m[2]}", str(error))
        if said == str(error):
            raise
        raise InputError(said) from error


def _refuse(findings: Sequence[Finding], keep: Sequence[str], name: str) -> None:
    """Raise on columns that look like no measurement and are not to be kept."""
    said, leave, cures = [], [], []
    for found in findings:
        if found.kind == "constant" or found.column in keep:
            continue
        if found.kind == "labels":
            said.append(f"column '{found.column}' {found.said}")
            cures.append(f"--label-column {found.column}")
            leave.append(found.column)
        else:
            said.append(f"column '{found.column}', which {found.said}")
            if found.kind == "times":
                said[-1] = f"times in column '{found.column}' ({found.said})"
            leave.append(found.column)
    if not said:
        return
    given = " ".join(leave)
    cure = f"give {cures[0]}, or " if cures else "give "
    raise InputError(
        f"'{name}' has {', and '.join(said)}; {cure}--ignore {given} to leave "
        f"{'it' if len(leave) == 1 else 'them'} out, or --keep {given} to learn from "
        f"{'it' if len(leave) == 1 else 'them'}"
    )


def _check_interleaved(table: pd.DataFrame, leave_out: Sequence[str], name: str) -> list[str]:
    """Refuse a table of several machines, or note that it may be one."""
    found = interleaved(table, leave_out)
    if found is None:
        return []
    column, sure, why = found
    if sure:
        raise InputError(
            f"'{name}' holds the rows of several series, told apart by column '{column}' ({why}); "
            f"windows would mix them: make a file of each and fit a detector to each"
        )
    return [
        f"column '{column}' of '{name}' may tell several series apart ({why}); windows mix their "
        f"rows, so make a file of each if it does"
    ]


def _scored(stream: StreamScorer, chunk: pd.DataFrame, warm_up: int) -> pd.DataFrame:
    """Return the next rows of the output; rows of the warm-up take the first window's score."""
    first = stream.rows_seen
    scores = stream.push(chunk)["score"].to_numpy(np.float32)
    if first == 0 and warm_up:
        scores[:warm_up] = scores[warm_up]
    table = stream.detector.decisions(scores, chunk.index)
    if warm_up:
        table["warm_up"] = np.arange(first, first + len(chunk)) < warm_up
    return table


@contextmanager
def _progress(size: int) -> Iterator[Any]:
    """Show a bar with rate and time left on standard error, where that is a terminal."""
    columns = (
        TextColumn("scoring"), BarColumn(), TaskProgressColumn(), FileSizeColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} a second"),
        TimeRemainingColumn(),
    )  # fmt: skip
    start = time.perf_counter()
    from rich.console import Console

    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("scoring", total=size, rows=0, rate=0.0)

        def advance(position: int, rows: int) -> None:
            rate = rows / max(time.perf_counter() - start, 1e-9)
            bar.update(task, completed=position, rows=rows, rate=rate)

        yield advance
