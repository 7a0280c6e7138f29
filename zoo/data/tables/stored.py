"""Tables in files that are no text: Parquet and Excel, where their libraries are installed."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from zoo.errors import InputError, MissingDependencyError

PARQUET, EXCEL = "parquet", "excel"
LIBRARIES = {PARQUET: "pyarrow", EXCEL: "openpyxl"}
TITLES = {PARQUET: "a Parquet file", EXCEL: "an Excel file"}


def stored_kind(path: Path) -> str | None:
    """Return `"parquet"` or `"excel"` if the first bytes of the file say so, else None.

    Raises:
        InputError: an Excel file of before 2007.
    """
    with open(path, "rb") as file:
        start = file.read(8)
    if start.startswith(b"PAR1"):
        return PARQUET
    if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise InputError(f"'{path}' is an Excel file of before 2007; save it as .xlsx or as CSV")
    if start.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                return EXCEL if "xl/workbook.xml" in archive.namelist() else None
        except (zipfile.BadZipFile, OSError):
            return None
    return None


def stored_chunks(path: Path, kind: str, name: str, rows: int) -> Iterator[pd.DataFrame]:
    """Yield frames indexed by `line`: of a sheet its row, of Parquet the row below a header line.

    The first sheet of an Excel file is read, its first row being the header.

    Raises:
        MissingDependencyError: the library is not installed; the message names the extra.
        InputError: damage.
    """
    if importlib.util.find_spec(LIBRARIES[kind]) is None:
        raise MissingDependencyError(
            f"'{name}' is {TITLES[kind]}, which needs {LIBRARIES[kind]}; "
            f"pip install 'keras-anomaly-zoo[{kind}]', or save it as CSV"
        )
    first = 2
    try:
        for frame in _parquet(path, rows) if kind == PARQUET else _excel(path):
            frame.index = pd.RangeIndex(first, first + len(frame), name="line")
            if kind == EXCEL:
                frame = frame[frame.notna().any(axis=1)]
            first = int(frame.index[-1]) + 1 if len(frame) else first
            yield frame
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"'{name}' cannot be read as {TITLES[kind]} ({said[0][:200]}); repair the file"
        ) from error


def _parquet(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        empty = True
        for batch in file.iter_batches(batch_size=rows):
            empty = False
            yield _without_index(batch.to_pandas(ignore_metadata=True))
        if empty:
            empty_table = file.schema_arrow.empty_table()
            yield _without_index(empty_table.to_pandas(ignore_metadata=True))


def _without_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame without the column in which pandas stores an index that has no name."""
    return frame[[c for c in frame.columns if not str(c).startswith("__index_level_")]].copy()


def _excel(path: Path) -> Iterator[pd.DataFrame]:
    frame = pd.read_excel(path, dtype=object, engine="openpyxl")
    frame.columns = ["" if str(c).startswith("Unnamed: ") else str(c) for c in frame.columns]
    named = [position for position, column in enumerate(frame.columns) if column]
    frame = frame.iloc[:, named]
    yield frame.infer_objects()
