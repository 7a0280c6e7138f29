"""The one reader of tables: CSV of any dialect, packed or not, Parquet and Excel; lines are told.

pandas reads the cells, some MiB at a time. Around it stands what keeps every command at the same
answer: `zoo.data.tables.records` cuts the text where records end and counts lines,
`zoo.data.tables.numbers` says which texts are numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zoo.data.arrays.checks import MISSING_WORDS, name_rows, require_columns
from zoo.data.tables.dialect import Dialect, look_alike
from zoo.data.tables.numbers import NotANumber, to_numbers
from zoo.data.tables.records import (
    NEWLINE,
    Block,
    Cutter,
    Decoder,
    Source,
    open_source,
    quoted,
    records,
    well_quoted,
)
from zoo.data.tables.stored import stored_chunks, stored_kind
from zoo.errors import InputError

CHUNK = 50_000  # rows of a chunk
SMALL = 4096  # bytes below which pandas takes longer to start than Python to read
HEAD = 1 << 16  # bytes read to find the header
SAMPLE = 50  # lines looked at for another dialect
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
BLANK = re.compile(rb"^[ \t]*$(?!\Z)", re.MULTILINE)  # a line without a cell
MISSING = sorted({form for w in MISSING_WORDS for form in (w, w.upper(), w.title(), w.lower())}
                 | {"NaN", "-NaN", "<NA>"})  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Which cell of a record belongs to which column.

    Attributes:
        names: of the columns.
        unnamed: cells before them whose column has no name: an index, as pandas writes it.
    """

    names: tuple[str, ...]
    unnamed: int = 0

    @property
    def width(self) -> int:
        """Cells of a record; more may follow if they are empty."""
        return self.unnamed + len(self.names)

    def positions(self, names: Sequence[str]) -> list[int]:
        """Return where in a record the columns stand."""
        return [self.unnamed + self.names.index(name) for name in names]


class TableReader:
    """A table in a file, read whole or a chunk at a time.

    Args:
        path: CSV file with a header, possibly packed with gzip, bz2, xz or zip; Parquet; Excel.
        dialect: how the CSV file is written; None is the default, and errors then say how to write
            the file instead of which argument to give.
        columns: names of the columns to read. Where the first line of a CSV file is not a header
            that has them all, they are the names of its cells.
        what: what the file should hold, in the plural, for errors.

    Raises:
        FileNotFoundError: no such file.
        InputError: empty; no header; a column twice or without a name; no text of this encoding.

    Attributes:
        names: columns of the file, those without a name left out.
        unnamed: how many columns without a name stand before them.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "own.csv"
        >>> _ = path.write_text("temp;flow\\n20,5;1\\n")
        >>> TableReader(path, Dialect(separator=";", decimal=",")).read()
              temp  flow
        line
        2     20.5     1
    """

    def __init__(
        self,
        path: str | Path,
        dialect: Dialect | None = None,
        columns: Sequence[str] | None = None,
        what: str = "numbers",
    ):
        self.name = str(path)
        self.path = Path(path).expanduser()
        if not self.path.is_file():
            raise FileNotFoundError(
                f"'{self.name}' does not exist; expected a CSV file of {what} there"
            )
        self.size = self.path.stat().st_size
        self.position = 0
        self.dialect = dialect or Dialect()
        self._told = dialect is not None
        self._what = what
        self._sample: list[str] = []
        self.kind = stored_kind(self.path)
        if self.kind is not None:
            head = next(stored_chunks(self.path, self.kind, self.name, 1))
            self.layout = layout_of([str(c) for c in head.columns], None, self.name)
            if columns is not None:
                require_columns(head, columns, self.name)
                self.layout = Layout(tuple(columns))
            return
        source = open_source(self.path, self.name)
        try:
            first = next(self._blocks(source, HEAD), None)
        finally:
            source.close()
        cells = None if first is None else first_record(first, self.dialect.separator)
        if first is None or cells is None:
            raise InputError(f"'{self.name}' is empty; expected {what} as CSV with a header")
        self._sample = first.data[:65536].decode(errors="replace").split("\n")[:SAMPLE]
        self._sample = self._sample[cells[0] :]
        self._header_in_file = not columns or set(columns) <= {c.strip() for c in cells[1]}
        try:
            self.layout = layout_of(cells[1], columns, self.name)
        except InputError as error:
            raise InputError(f"{error}{self.hint()}") from error
        self._chosen = tuple(columns) if columns else self.layout.names

    @property
    def names(self) -> tuple[str, ...]:
        """Columns to read, in the order of the file or of `columns`."""
        return self.layout.names if self.kind else self._chosen

    @property
    def unnamed(self) -> int:
        """Columns without a name before the first."""
        return self.layout.unnamed

    def read(self) -> pd.DataFrame:
        """Read all rows; columns of numbers become numbers, others stay text.

        Returns:
            The table. Its index `line` holds the line of the file at which each row begins.

        Raises:
            InputError: rows with too many or too few cells, quotation marks never closed, damage.
        """
        frames = list(self._frames(self.names))
        if not frames:
            return pd.DataFrame(
                {name: pd.Series(dtype=object) for name in self.names},
                index=pd.RangeIndex(2, 2, name="line"),
            )
        for name in self.names:
            numeric = [pd.api.types.is_numeric_dtype(frame[name]) for frame in frames]
            if any(numeric) and not all(numeric):
                for frame in frames:
                    frame[name] = _as_text(frame[name])
        table = pd.concat(frames) if len(frames) > 1 else frames[0]
        return _plain_index(table)

    def chunks(
        self, names: Sequence[str] | None = None, rows: int | None = None
    ) -> Iterator[pd.DataFrame]:
        """Read columns of numbers, `rows` at a time.

        Args:
            names: columns, in the order wanted; None takes all.
            rows: of each chunk but the last; None takes `CHUNK`.

        Yields:
            float64 frames indexed by `line`; missing values are NaN.

        Raises:
            InputError: no such column, text where a number should be; and as in `read`.
        """
        wanted = list(self.names if names is None else names)
        self.require(wanted)
        rows = CHUNK if rows is None else rows
        held: list[pd.DataFrame] = []
        count = 0
        for frame in self._numbers(wanted):
            held.append(frame)
            count += len(frame)
            if count < rows:
                continue
            table = pd.concat(held) if len(held) > 1 else held[0]
            whole = count - count % rows
            for start in range(0, whole, rows):
                yield table.iloc[start : start + rows]
            held, count = [table.iloc[whole:]], count - whole
        if count:
            yield pd.concat(held) if len(held) > 1 else held[0]

    def require(self, names: Sequence[str]) -> None:
        """Raise unless the file has all these columns.

        Raises:
            InputError: says which are missing, and what the dialect looks like if that is why.
        """
        try:
            require_columns(pd.DataFrame(columns=list(self.names)), names, self.name)
        except InputError as error:
            raise InputError(f"{error}{self.hint()}") from error

    def to_numbers(self, table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of a table of this file as float64.

        Raises:
            InputError: text in one; names the column, the line and the text.
        """
        parts = {}
        for name in names:
            column = table[name]
            if getattr(column.dtype, "kind", "O") in "biuf":
                parts[name] = column.to_numpy(np.float64)
                continue
            try:
                cells = column.astype(object).where(column.notna(), np.nan)
                parts[name] = to_numbers(cells, self.dialect.decimal, self.dialect.thousands)
            except (NotANumber, TypeError, ValueError) as error:
                position = getattr(error, "position", 0)
                raise self._text_in(name, table.index[[position]], column.iloc[position]) from error
        return pd.DataFrame(parts, index=table.index)

    def hint(self) -> str:
        """Return how the file looks written, if not as told, to be put behind an error."""
        if not self._sample:
            return ""
        other = look_alike(self._sample, self.dialect)
        if other is None:
            return ""
        if self._told:
            return f"; it looks otherwise written: give {self.dialect.describe(other)}"
        return (
            f"; it looks written with {self.dialect.describe(other)}: write it with ',' between "
            f"cells and '.' in numbers"
        )

    def _blocks(self, source: Source, size: int | None = None) -> Iterator[Block]:
        decoder = Decoder(self.dialect.encoding, self.name)
        cutter = Cutter(self.dialect.separator, self.name)
        for piece in source.pieces(self.name, size):
            block = cutter.feed(decoder.feed(piece, final=not piece))
            if block is not None:
                yield block
        block = cutter.finish()
        if block is not None:
            yield block

    def _bodies(self) -> Iterator[Block]:
        """Blocks of the rows below the header."""
        source = open_source(self.path, self.name)
        try:
            header = self._header_in_file
            for block in self._blocks(source):
                self.position = source.file.tell()
                if header:
                    block, header = without_first(block, self.dialect.separator), False
                if block.data:
                    yield block
        finally:
            source.close()

    def _numbers(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Frames of numbers as large as the file gives them."""
        if self.kind is not None:
            for frame in self._frames(names):
                yield self.to_numbers(frame, names)
            return
        parser = self.parser()
        for block in self._bodies():
            lines, values = parser.numbers(block, names)
            if len(lines):
                yield pd.DataFrame(values, columns=list(names), index=_lines(lines))

    def _frames(self, names: Sequence[str]) -> Iterator[pd.DataFrame]:
        if self.kind is not None:
            for frame in stored_chunks(self.path, self.kind, self.name, CHUNK):
                frame.columns = [str(c) for c in frame.columns]
                self.position = self.size
                if len(frame):
                    yield frame[list(names)]
            return
        parser = self.parser()
        for block in self._bodies():
            frame = parser.table(block, names)
            if len(frame):
                yield frame

    def parser(self) -> Parser:
        """Return what reads the rows of this file."""
        return Parser(self.layout, self.dialect, self.name, self)

    def _text_in(self, name: str, line: pd.Index, text: Any) -> InputError:
        return InputError(
            f"'{self.name}' has text in column '{name}': {text!r} in {name_rows(line)}; expected "
            f"a number{self.hint()}"
        )


class Parser:
    """Cells of whole records, of a file or of a stream.

    Args:
        layout: which cell belongs to which column.
        dialect: how cells and numbers are written.
        name: what errors call the file.
        reader: whose hint follows an error, or None.
    """

    def __init__(
        self, layout: Layout, dialect: Dialect, name: str, reader: TableReader | None = None
    ):
        self.layout = layout
        self.dialect = dialect
        self.name = name
        self._reader = reader

    def numbers(self, block: Block, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return lines `(n,)` and the numbers of the columns `(n, columns)`, float64.

        Raises:
            InputError: text, or a record with too many or too few cells; names the line.
        """
        lines, cells = self._cells(block, self.layout.positions(names))
        values = np.empty((len(lines), len(names)))
        for i, (name, column) in enumerate(zip(names, cells, strict=True)):
            if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
                values[:, i] = column
                continue
            try:
                values[:, i] = to_numbers(column, self.dialect.decimal, self.dialect.thousands)
            except NotANumber as error:
                where = name_rows(_lines(lines[[error.position]]))
                raise InputError(
                    f"'{self.name}' has text in column '{name}': {error.text!r} in {where}; "
                    f"expected a number{self._hint()}"
                ) from error
        return lines, values

    def table(self, block: Block, names: Sequence[str]) -> pd.DataFrame:
        """Return a frame indexed by `line`: numbers where a column holds nothing else, else text.

        Raises:
            InputError: a record with too many or too few cells; names the line.
        """
        lines, cells = self._cells(block, self.layout.positions(names))
        columns: dict[str, Any] = {}
        for name, column in zip(names, cells, strict=True):
            if not (isinstance(column, np.ndarray) and column.dtype.kind in "biuf"):
                try:
                    column = _numbers_or_whole(column, self.dialect)
                except NotANumber:
                    texts = (c.strip() if isinstance(c, str) else c for c in column)
                    kept = [np.nan if str(c).lower() in MISSING_WORDS else c for c in texts]
                    column = np.array(kept, dtype=object)
            columns[name] = column
        return pd.DataFrame(columns, index=_lines(lines))

    def _cells(self, block: Block, positions: Sequence[int]) -> tuple[np.ndarray, list[Any]]:
        """Lines and the wanted columns: arrays of numbers, or of texts."""
        if len(block.data) > SMALL and self.dialect.thousands is None:
            found = self._regular(block)
            if found is not None:
                return found[0], self._by_pandas(block, found[0], found[1], positions)
        return self._by_record(block, positions)

    def _regular(self, block: Block) -> tuple[np.ndarray, int] | None:
        """Lines and cells of each record, if all have equally many and the marks are in order."""
        buffer = np.frombuffer(block.data, np.uint8)
        ends_cell = (buffer == ord(self.dialect.separator)) | (buffer == NEWLINE)
        quotes = b'"' in block.data
        if quotes:
            if not well_quoted(buffer, self.dialect.separator):
                return None
            ends_cell &= ~quoted(buffer)
        ends = np.flatnonzero(ends_cell)
        newline = buffer[ends] == NEWLINE
        width = int(newline.argmax()) + 1
        if width < self.layout.width or len(ends) % width or not newline[width - 1 :: width].all():
            return None
        count = len(ends) // width
        if int(newline.sum()) != count:
            return None
        if width == 1 and BLANK.search(block.data):
            return None
        if not quotes:
            return np.arange(block.line, block.line + count), width
        starts = np.concatenate([[0], ends[width - 1 :: width][:-1] + 1])
        newlines = np.flatnonzero(buffer == NEWLINE)
        return block.line + np.searchsorted(newlines, starts), width

    def _by_pandas(
        self, block: Block, lines: np.ndarray, width: int, positions: Sequence[int]
    ) -> list[Any]:
        surplus = list(range(self.layout.width, width))
        frame = pd.read_csv(
            io.BytesIO(block.data),
            header=None,
            names=list(range(width)),
            usecols=sorted({*positions, *surplus}),
            index_col=False,
            sep=self.dialect.separator,
            decimal=self.dialect.decimal,
            skipinitialspace=True,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=MISSING,
            low_memory=False,
        )
        full = frame[surplus].notna().to_numpy().any(axis=1) if surplus else np.zeros(0, bool)
        if full.any():
            raise self._ragged(int(lines[int(full.argmax())]), width)
        return [frame[position].to_numpy() for position in positions]

    def _by_record(self, block: Block, positions: Sequence[int]) -> tuple[np.ndarray, list[Any]]:
        """The same record by record, for what is irregular."""
        texts = block.data.decode().split("\n")[:-1]
        lines, rows = [], []
        width = self.layout.width
        try:
            for start, cells in records(texts, self.dialect.separator):
                if len(cells) <= 1 and not texts[start].strip():
                    continue
                if len(cells) < width or any(cell.strip() for cell in cells[width:]):
                    raise self._ragged(block.line + start, len(cells))
                lines.append(block.line + start)
                rows.append([cells[position] for position in positions])
        except csv.Error as error:
            raise InputError(
                f"'{self.name}' cannot be read as CSV near line {block.line + len(rows)} "
                f"({error}); is a quotation mark missing?"
            ) from error
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in positions]
        return np.array(lines, dtype=np.int64), columns

    def _ragged(self, line: int, width: int) -> InputError:
        expected = self.layout.width
        named = f"{expected} column{'s' if expected != 1 else ''}"
        return InputError(
            f"'{self.name}' has {width} cell{'s' if width != 1 else ''} in line {line}; expected "
            f"{named}{self._hint() or '; repair the file'}"
        )

    def _hint(self) -> str:
        return self._reader.hint() if self._reader is not None else ""


def layout_of(cells: Sequence[str], columns: Sequence[str] | None, name: str) -> Layout:
    """Return the layout that a header gives, or `columns` where the record is none that has them.

    Raises:
        InputError: no header, a column twice or without a name, other columns than told.
    """
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if columns and not set(columns) <= set(names):
        known = [c for c in columns if c in names]
        if known or len(columns) != len(names):
            require_columns(pd.DataFrame(columns=pd.Index(names).unique()), columns, name)
        twice = [c for c in columns if list(columns).count(c) > 1]
        if twice:
            raise InputError(f"columns names {twice[0]!r} more than once; give each another name")
        return Layout(tuple(columns))
    unnamed = next((i for i, each in enumerate(names) if each), len(names))
    named = names[unnamed:]
    if not named:
        raise InputError(f"'{name}' has no header: the cells of its first line are empty")
    numbers = [each for each in named if _is_number(each)]
    if numbers:
        raise InputError(
            f"'{name}' has no header: its first line is {', '.join(names)[:200]}; expected the "
            f"names of the columns there"
        )
    twice = [each for each in named if each and named.count(each) > 1]
    if twice:
        raise InputError(
            f"'{name}' has the column '{twice[0]}' more than once; rename or delete one"
        )
    if "" in named:
        raise InputError(
            f"'{name}' has no name for column {unnamed + named.index('') + 1} in its header; name "
            f"it, or delete it"
        )
    return Layout(tuple(named), unnamed)


def first_record(block: Block, separator: str) -> tuple[int, list[str]] | None:
    """Return the position of the line of the first record that is not blank, and its cells."""
    texts = block.data[:1_000_000].decode(errors="replace").split("\n")
    try:
        for start, cells in records(texts, separator):
            if any(cell.strip() for cell in cells):
                return start, cells
    except csv.Error:
        pass
    return None


def without_first(block: Block, separator: str) -> Block:
    """Return the block without its first record that is not blank, and what stands before it."""
    texts = block.data[:1_000_000].decode(errors="replace").split("\n")
    found = False
    for start, cells in records(texts, separator):
        if found:
            skipped = sum(len(text.encode()) + 1 for text in texts[:start])
            return Block(block.data[skipped:], block.line + start)
        found = any(cell.strip() for cell in cells)
    return Block(b"", block.line)


def _is_number(text: str) -> bool:
    try:
        return not np.isnan(to_numbers([text])[0]) and text.lower() not in ("true", "false")
    except NotANumber:
        return False


def _numbers_or_whole(cells: Sequence[Any], dialect: Dialect) -> np.ndarray:
    """Return int64 where every cell is a whole number, as pandas does, else float64."""
    if all(isinstance(cell, str) and WHOLE.fullmatch(cell.strip()) for cell in cells):
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    return to_numbers(cells, dialect.decimal, dialect.thousands)


def _lines(lines: np.ndarray) -> pd.Index:
    return pd.Index(lines, name="line")


def _plain_index(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a range as its index where no line is skipped."""
    lines = table.index.to_numpy()
    if len(lines) and lines[-1] - lines[0] + 1 == len(lines):
        table.index = pd.RangeIndex(lines[0], lines[-1] + 1, name="line")
    return table


def _as_text(column: pd.Series) -> pd.Series:
    """Return numbers as the texts they were, as far as that is known."""
    if not pd.api.types.is_numeric_dtype(column):
        return column
    whole = column.notna() & (column == column.round())
    text = column.astype(object).where(~whole, column.fillna(0).astype("int64", errors="ignore"))
    return text.map(str).where(column.notna(), np.nan)
