"""Detectors on files: fit on a CSV, score one of any length, watch lines as they come in."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

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

from zoo.data.arrays.checks import require_binary, require_columns, require_numeric, resolve_missing
from zoo.data.tables.csv_files import read_csv
from zoo.detectors import Detector
from zoo.detectors.inputs import LARGEST
from zoo.detectors.stream import Drift, StreamScorer
from zoo.errors import InputError

CHUNK = 50_000  # rows read and scored at a time
LABELS = ("label", "labels", "anomaly", "is_anomaly", "outlier", "fraud", "class", "target")
LINES = 512  # lines that are scored together, where so many wait
PAUSE = 0.2  # seconds between looks at a file that may have grown


def read_features(
    path: str | Path,
    ignore: Sequence[str] = (),
    label_column: str | None = None,
    missing: bool = False,
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """The columns of numbers to learn from, and the labels if there is a column of them.

    Args:
        path: CSV file with a header.
        ignore: columns to leave out: times, names.
        label_column: column of 0 and 1, 1 = anomaly, which is no feature; anomalies are left out.
        missing: whether empty cells may stay.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no such column; text in a feature; missing values; a column that looks like
            labels and was not said to be.
    """
    name = str(path)
    table = read_csv(path, "numbers")
    known = [*ignore, *([label_column] if label_column else [])]
    require_columns(table, known, name)
    features = [column for column in table.columns if column not in known]
    if not features:
        raise InputError(f"'{name}' has no column left to learn from; ignore fewer")
    text = [c for c in features if not pd.api.types.is_numeric_dtype(table[c])]
    for column in text:
        if pd.to_datetime(table[column].head(20), errors="coerce", format="mixed").notna().all():
            raise InputError(
                f"'{name}' has times in column '{column}'; give --ignore {column} to leave it out"
            )
    for column in features:
        if column.lower() in LABELS and set(table[column].dropna().unique()) <= {0, 1}:
            raise InputError(
                f"'{name}' has a column '{column}' of 0 and 1 that looks like labels; give "
                f"--label-column {column}, or rename it if it is a feature"
            )
    table[features] = require_numeric(table, features, name)[features]
    if not missing:
        resolve_missing(table[features], "error", name)
    labels = None
    if label_column:
        labels = require_binary(table[label_column], name)
        table, labels = table[labels == 0], labels[labels == 0]
    return table[features], labels


def score_file(
    detector: Detector, path: str | Path, out: str | Path, overwrite: bool = False
) -> int:
    """Score a CSV file of any length, a chunk at a time, and write a row for each of its rows.

    Columns are matched by name; others are left alone. Written are `line` (of the file, the header
    being 1), `score`, `probability`, `anomaly`, and for a series `warm_up`.

    Args:
        detector: fitted estimator for a table or a series.
        path: CSV file with a header.
        out: CSV file to write, whole or not at all.
        overwrite: replace `out` if it exists.

    Returns:
        Rows scored.

    Raises:
        FileNotFoundError: no such file.
        FileExistsError: `out` exists.
        ValueError: columns or values that the detector cannot read.
    """
    path, out = Path(path).expanduser(), Path(out).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"'{path}' does not exist; expected a CSV file of numbers there")
    if out.exists() and not overwrite:
        raise FileExistsError(f"{out} exists already; give --overwrite, or another --out")
    if detector.kind_ not in ("table", "series"):
        raise InputError(f"the detector judges {detector.kind_}; a CSV file holds none")
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    stream = StreamScorer(detector)
    warm_up = detector.window - 1 if detector.kind_ == "series" else 0
    try:
        with open(beside, "w", newline="") as file, _progress(path) as advance:
            for chunk, position in _chunks(detector, path, max(CHUNK, warm_up + 1)):
                if stream.rows_seen == 0 and len(chunk) <= warm_up:
                    raise InputError(
                        f"'{path}' has {len(chunk)} rows, fewer than the window of "
                        f"{detector.window}; give more"
                    )
                _scored(stream, chunk, warm_up).to_csv(file, header=position[0] == 0)
                advance(position[1], stream.rows_seen)
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
) -> pd.DataFrame:
    """What made the strangest rows of a CSV file strange.

    Args:
        detector: fitted estimator for a table or a series.
        path: CSV file with a header; it is read whole.
        count: rows to explain, of a series those whose windows do not overlap.
        top: features a row.
        method: as in `Detector.explain`.

    Returns:
        `zoo.explain.Explanation.table`; `row` is the line of the file, the header being 1.

    Raises:
        FileNotFoundError: no such file.
        ValueError: columns, values or settings that cannot be used.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"'{path}' does not exist; expected a CSV file of numbers there")
    if detector.kind_ not in ("table", "series"):
        raise InputError(f"the detector judges {detector.kind_}; a CSV file holds none")
    chunks = [chunk for chunk, _ in _chunks(detector, path, CHUNK)]
    if not chunks:
        raise InputError(f"'{path}' has a header and no rows")
    return detector.explain(pd.concat(chunks), count=count, method=method).table(top)


def watch(
    detector: Detector,
    source: str | Path | None = None,
    out: TextIO | None = None,
    columns: Sequence[str] | None = None,
    drift: Drift | None = None,
    follow: bool = True,
    complain: TextIO | None = None,
) -> int:
    """Score lines of CSV as they come in; a line out for each line in, flushed at once.

    Lines that wait are scored together, so that a flood costs less a line than a trickle. A line
    that cannot be read is told of and skipped; the stream goes on without it.

    Args:
        detector: fitted estimator for a table or a series.
        source: file that grows; None reads standard input.
        out: where `line,score,anomaly,threshold` goes; None is standard output.
        columns: names of the cells; None takes the first line as the header.
        drift: how the threshold adapts; None keeps the detector's own.
        follow: wait for more at the end of a file.
        complain: where unreadable lines are told of; None is standard error.

    Returns:
        Lines scored.
    """
    out, complain = out or sys.stdout, complain or sys.stderr
    stream = StreamScorer(detector, drift)
    names = getattr(detector, "feature_names_in_", None)
    reader = _Lines(source, follow)
    wanted = None if columns is None else _positions(list(columns), names, detector)
    out.write("line,score,anomaly,threshold\n")
    out.flush()
    number = scored = 0
    for lines in reader:
        numbers, rows = [], []
        for line in lines:
            number += 1
            if not line.strip():
                continue
            if wanted is None:
                wanted = _positions(_cells(line), names, detector)
                continue
            row = _row(_cells(line), wanted, detector, number, complain)
            if row is not None:
                numbers.append(number)
                rows.append(row)
        if not rows:
            continue
        table = stream.push(np.array(rows))
        score = ["" if np.isnan(s) else f"{s:.9g}" for s in table["score"]]
        out.writelines(
            f"{n},{s},{a},{t:.9g}\n"
            for n, s, a, t in zip(numbers, score, table["anomaly"], table["threshold"], strict=True)
        )
        out.flush()
        scored += len(rows)
    return scored


def _scored(stream: StreamScorer, chunk: pd.DataFrame, warm_up: int) -> pd.DataFrame:
    """The next rows of the output; rows of the warm-up take the first window's score."""
    first = stream.rows_seen
    scores = stream.push(chunk)["score"].to_numpy(np.float32)
    if first == 0 and warm_up:
        scores[:warm_up] = scores[warm_up]
    table = stream.detector.judged(scores, chunk.index)
    if warm_up:
        table["warm_up"] = np.arange(first, first + len(chunk)) < warm_up
    return table


def _chunks(
    detector: Detector, path: Path, size: int
) -> Iterator[tuple[pd.DataFrame, tuple[int, int]]]:
    """Feature columns, `size` rows at a time; rows before them, and bytes of the file read."""
    name = str(path)
    names = getattr(detector, "feature_names_in_", None)
    with open(path, "rb") as raw:
        try:
            header = pd.read_csv(path, nrows=0, skipinitialspace=True, encoding="utf-8-sig")
            header.columns = header.columns.str.strip()
            if names is None and len(header.columns) != detector.n_features_in_:
                raise InputError(
                    f"'{name}' has {len(header.columns)} columns; the detector was fitted without "
                    f"names, on {detector.n_features_in_} features"
                )
            wanted = list(header.columns if names is None else names)
            require_columns(header, wanted, name)
            first = 2
            for chunk in pd.read_csv(
                raw, chunksize=size, skipinitialspace=True, encoding="utf-8-sig"
            ):
                if chunk.empty:
                    continue
                chunk.columns = chunk.columns.str.strip()
                chunk.index = pd.RangeIndex(first, first + len(chunk), name="line")
                first += len(chunk)
                chunk = require_numeric(chunk[wanted], wanted, name)
                if detector.missing == "error":
                    resolve_missing(chunk, "error", name)
                if names is None:
                    chunk.columns = range(len(wanted))
                yield chunk, (first - 2 - len(chunk), raw.tell())
        except pd.errors.EmptyDataError as error:
            raise InputError(f"'{name}' is empty; expected a CSV file with a header") from error
        except (pd.errors.ParserError, UnicodeError) as error:
            raise InputError(
                f"'{name}' cannot be read as CSV ({str(error).strip()}); repair the file"
            ) from error


@contextmanager
def _progress(path: Path) -> Iterator[Any]:
    """A bar with rate and time left on standard error, where that is a terminal."""
    columns = (
        TextColumn("scoring"), BarColumn(), TaskProgressColumn(), FileSizeColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} a second"),
        TimeRemainingColumn(),
    )  # fmt: skip
    start = time.perf_counter()
    from rich.console import Console

    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("scoring", total=path.stat().st_size, rows=0, rate=0.0)

        def advance(position: int, rows: int) -> None:
            rate = rows / max(time.perf_counter() - start, 1e-9)
            bar.update(task, completed=position, rows=rows, rate=rate)

        yield advance


class _Lines:
    """Complete lines of a file or of standard input, those that wait together."""

    def __init__(self, source: str | Path | None, follow: bool):
        self.source = source
        self.follow = follow and source is not None
        if source is not None and not Path(source).is_file():
            raise FileNotFoundError(f"'{source}' does not exist; expected a file of CSV lines")

    def __iter__(self) -> Iterator[list[str]]:
        handle = 0 if self.source is None else os.open(self.source, os.O_RDONLY)
        pending = b""
        try:
            while True:
                if self.source is None:
                    select.select([handle], [], [])
                read = os.read(handle, 1 << 16)
                if not read:
                    if self.follow:
                        time.sleep(PAUSE)
                        continue
                    break
                *whole, pending = (pending + read).split(b"\n")
                for start in range(0, len(whole), LINES):
                    yield [_text(line) for line in whole[start : start + LINES]]
            if pending:
                yield [_text(pending)]
        finally:
            if self.source is not None:
                os.close(handle)


def _text(line: bytes) -> str:
    return line.decode("utf-8-sig", errors="replace").strip("\r")


def _cells(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(",")]


def _positions(header: list[str], names: Any, detector: Detector) -> list[int]:
    """Where in a line the features stand."""
    if names is None:
        if len(header) != detector.n_features_in_:
            raise InputError(
                f"lines have {len(header)} cells; the detector was fitted without names, on "
                f"{detector.n_features_in_} features"
            )
        return list(range(len(header)))
    missing = [name for name in names if name not in header]
    if missing:
        raise InputError(
            f"the first line, {','.join(header)[:100]!r}, lacks the columns {', '.join(missing)}; "
            f"send the header first, or give --columns"
        )
    return [header.index(name) for name in names]


def _row(
    cells: list[str], wanted: list[int], detector: Detector, number: int, complain: TextIO
) -> list[float] | None:
    """Numbers of a line, or None after saying what is wrong with it."""
    try:
        row = [float(cells[i] or "nan") for i in wanted]
        if any(np.isinf(row)) or (detector.missing == "error" and any(np.isnan(row))):
            raise InputError("missing or infinite values")
        if any(abs(value) > LARGEST for value in row):
            raise InputError(f"a value beyond {LARGEST:g}")
    except (ValueError, IndexError) as error:
        said = f"{len(cells)} cells" if isinstance(error, IndexError) else str(error)
        print(f"line {number} skipped: {said}", file=complain, flush=True)
        return None
    return row
