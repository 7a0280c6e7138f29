"""Watch a stream of CSV: score lines as they come in, from standard input or a growing file."""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from zoo.cli.csv_files import feature_names, require_finite
from zoo.data.tables.dialect import Dialect
from zoo.data.tables.reader import Layout, Parser, first_record, layout_of
from zoo.data.tables.records import Block, Cutter, Decoder, open_source, split_records
from zoo.data.tables.stored import stored_kind
from zoo.detectors import Detector
from zoo.detectors.stream import Drift, StreamScorer
from zoo.errors import InputError

LINES = 512  # lines that are scored together, where so many wait
PAUSE = 0.2  # seconds between looks at a file that may have grown
LARGEST_RECORD = 1 << 16  # bytes between quotation marks before a mark counts as forgotten


def watch(
    detector: Detector,
    source: str | Path | None = None,
    out: TextIO | None = None,
    columns: Sequence[str] | None = None,
    drift: Drift | None = None,
    follow: bool = True,
    complain: TextIO | None = None,
    dialect: Dialect | None = None,
) -> int:
    """Score lines of CSV as they come in; a line out for each line in, flushed at once.

    Lines that wait are scored together, so that a flood costs less a line than a trickle. A line
    that cannot be read is told of and skipped; the stream goes on without it. A followed file that
    is replaced or cut short is read anew from its start, as a continuation of the stream. Whoever
    reads the output may leave: then the watch ends.

    Args:
        detector: fitted detector for a table or a series.
        source: file that grows; None reads standard input.
        out: where `line,score,anomaly,threshold` goes; None is standard output.
        columns: names of the cells; None takes the first line as the header.
        drift: how the threshold adapts; None keeps the detector's own.
        follow: wait for more at the end of a file.
        complain: where unreadable lines are told of; None is standard error.
        dialect: how lines are written; None is the default.

    Returns:
        Lines scored.

    Raises:
        FileNotFoundError: no such file.
        InputError: a header without the columns of the training; a packed file.
        KeyboardInterrupt: Ctrl-C; the message says how many lines were scored.
    """
    stream = _Watched(detector, source, out or sys.stdout, columns, drift, complain or sys.stderr,
                      dialect or Dialect())  # fmt: skip
    try:
        stream.run(follow)
    except BrokenPipeError:
        if out is None:  # or the interpreter would complain when it flushes at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(f"stopped after {stream.scored:,} rows") from error
    return stream.scored


class _Watched:
    """A stream of CSV between its source and what is written about it."""

    def __init__(
        self,
        detector: Detector,
        source: str | Path | None,
        out: TextIO,
        columns: Sequence[str] | None,
        drift: Drift | None,
        complain: TextIO,
        dialect: Dialect,
    ):
        self.scored = 0
        self._detector = detector
        self._stream = StreamScorer(detector, drift)
        self._source = source
        self._out = out
        self._columns = columns
        self._complain = complain
        self._dialect = dialect
        self._name = "standard input" if source is None else str(source)
        self._names = feature_names(detector)
        self._parser: Parser | None = None
        if source is not None:
            _require_plain(Path(source).expanduser(), str(source))
        self._start()

    def run(self, follow: bool) -> None:
        """Score until the source ends."""
        self._out.write("line,score,anomaly,threshold\n")
        self._out.flush()
        handle = _Handle(self._source, follow, self._out)
        for piece in handle.pieces():
            if piece is not None:
                self._take(piece)
                continue
            self._finish()
            self._start()
            self._say(f"{self._name} was replaced or cut short; it is read anew from its start")
        self._finish()

    def _start(self) -> None:
        """Expect the first line of a file."""
        self._first = True
        self._decoder = Decoder(self._dialect.encoding, self._name, strict=False)
        self._cutter = Cutter(self._dialect.separator, self._name, LARGEST_RECORD)

    def _take(self, piece: bytes) -> None:
        self._cut(self._decoder.feed(piece), final=False)

    def _finish(self) -> None:
        """Score what no newline ended."""
        self._cut(self._decoder.feed(b"", final=True), final=False)
        while self._cutter.pending:
            self._cut(b"", final=True)

    def _cut(self, text: bytes, final: bool) -> None:
        """Score the records that are complete with `text`."""
        try:
            block = self._cutter.finish() if final else self._cutter.feed(text)
        except InputError:
            self._say(f"line {self._cutter.line} skipped: a quotation mark is never closed")
            self._cutter.drop_line()
            return self._cut(b"", final=False)
        if block is not None:
            self._score(block)

    def _score(self, block: Block) -> None:
        """Score whole records, `LINES` at a time."""
        records = split_records(block, self._dialect.separator)
        while self._first and records:
            records = self._after_header(records)
        for start in range(0, len(records), LINES):
            batch = records[start : start + LINES]
            lines, values = self._numbers(batch)
            if not len(lines):
                continue
            table = self._stream.push(values)
            self.scored += len(lines)
            score = ["" if np.isnan(s) else f"{s:.9g}" for s in table["score"]]
            self._out.writelines(
                f"{n},{s},{a},{t:.9g}\n"
                for n, s, a, t in zip(
                    lines, score, table["anomaly"], table["threshold"], strict=True
                )
            )
            self._out.flush()

    def _after_header(self, records: list[Block]) -> list[Block]:
        """Return the records below the header, once the first that is not blank was seen."""
        first = first_record(records[0], self._dialect.separator)
        if first is None:
            return records[1:]
        cells = [cell.strip() for cell in first[1]]
        self._first = False
        is_header = not self._columns or set(self._columns) <= set(cells)
        if self._parser is not None and self._names is not None:  # the file was replaced
            is_header = set(self._names) <= set(cells)
            if not is_header:
                return records
        layout = self._layout(cells)
        self._parser = Parser(layout, self._dialect, self._name)
        return records[1:] if is_header else records

    def _layout(self, cells: list[str]) -> Layout:
        detector = self._detector
        layout = layout_of(cells, self._columns, self._name)
        if self._names is None:
            if len(layout.names) != detector.n_features_in_:
                raise InputError(
                    f"lines have {len(layout.names)} cells; the detector was fitted without names, "
                    f"on {detector.n_features_in_} features"
                )
            return layout
        missing = [name for name in self._names if name not in layout.names]
        if missing:
            shown = self._dialect.separator.join(cells)[:100]
            raise InputError(
                f"the first line, {shown!r}, lacks the columns {', '.join(missing)}; send the "
                f"header first, or give --columns; --separator tells what stands between cells"
            )
        return layout

    def _numbers(self, batch: list[Block]) -> tuple[list[int], np.ndarray]:
        """Lines and numbers of the records that can be read; the others are told of."""
        whole = Block(b"".join(record.data for record in batch), batch[0].line)
        try:
            return self._read(whole)
        except InputError:
            pass
        found = []
        for record in batch:
            try:
                found.append(self._read(record))
            except InputError as error:
                said = str(error).removeprefix(f"'{self._name}' has ")
                said = re.sub(rf",? in line {record.line}\b", "", said, count=1)
                self._say(f"line {record.line} skipped: {said.rpartition('; ')[0]}")
        lines = [line for each in found for line in each[0]]
        return lines, np.concatenate([each[1] for each in found]) if lines else np.empty((0, 0))

    def _read(self, block: Block) -> tuple[list[int], np.ndarray]:
        names = self._parser.layout.names if self._names is None else self._names
        lines, values = self._parser.numbers(block, names)
        require_finite(values, lines, names, self._name, self._detector.missing != "error")
        return lines.tolist(), values

    def _say(self, text: str) -> None:
        print(text, file=self._complain, flush=True)


class _Handle:
    """Bytes of standard input or of a file, as they come in."""

    def __init__(self, source: str | Path | None, follow: bool, out: TextIO):
        self.path = None if source is None else Path(source).expanduser()
        self.follow = follow and source is not None
        self._out = out

    def pieces(self) -> Iterator[bytes | None]:
        """Yield bytes; None where a followed file starts anew.

        Raises:
            BrokenPipeError: nobody reads the output any more.
        """
        handle = 0 if self.path is None else os.open(self.path, os.O_RDONLY)
        try:
            while True:
                if self.path is None:
                    while not select.select([handle], [], [], 1.0)[0]:
                        _require_reader(self._out)
                piece = os.read(handle, 1 << 16)
                if piece:
                    yield piece
                elif not self.follow:
                    return
                elif self._replaced(handle):
                    while piece := os.read(handle, 1 << 16):
                        yield piece
                    os.close(handle)
                    handle = os.open(self.path, os.O_RDONLY)
                    yield None
                else:
                    _require_reader(self._out)
                    time.sleep(PAUSE)
        finally:
            if self.path is not None:
                os.close(handle)

    def _replaced(self, handle: int) -> bool:
        """Tell whether another file has the name now, or the same one is shorter than was read."""
        try:
            there, here = os.stat(self.path), os.fstat(handle)
        except FileNotFoundError:
            return False  # between two moves of a rotation
        moved = (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
        return moved or there.st_size < os.lseek(handle, 0, os.SEEK_CUR)


def _require_plain(path: Path, name: str) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"'{name}' does not exist; expected a file of CSV lines")
    source = open_source(path, name)
    packed = source.stream is not source.file
    source.close()
    if packed or stored_kind(path) is not None:
        raise InputError(
            f"'{name}' is packed, or no text; lines cannot be watched in it: unpack it, or use "
            f"zoo score"
        )


def _require_reader(out: TextIO) -> None:
    """Raise `BrokenPipeError` if the other end of a pipe is closed."""
    try:
        number = out.fileno()
    except (OSError, ValueError, AttributeError):
        return
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(number, 0)
        if any(event & select.POLLERR for _, event in poll.poll(0)):
            raise BrokenPipeError
