"""Any dialect that pandas can read with the right arguments is read alike by every command."""

import csv
import gzip
import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoo.cli import csv_files as files
from zoo.cli import watching
from zoo.data.tables import reader as reader_module
from zoo.data.tables.dialect import Dialect
from zoo.data.tables.reader import TableReader
from zoo.errors import InputError

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("cases")]

LIMITS = dict(deadline=None, suppress_health_check=list(HealthCheck))
NUMBERS = st.one_of(
    st.floats(-1e9, 1e9, allow_nan=False).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(["0", "-0.0", "1e-300", "2.5E+10", "+3", ".5", "7.", "", "NaN", "n/a"]),
)
TEXTS = st.text(st.sampled_from('ab ;,|\t"\n0é'), max_size=6)


class Recorder:
    """In place of a `StreamScorer`: keeps the rows it is given."""

    rows: list = []

    def __init__(self, detector, drift=None):
        self.detector, self.rows_seen = detector, 0

    def push(self, rows):
        Recorder.rows.append(np.asarray(rows, dtype=np.float64))
        self.rows_seen += len(rows)
        return pd.DataFrame({"score": np.zeros(len(rows)), "anomaly": 0, "threshold": 1.0})


@pytest.fixture(autouse=True)
def recorded(monkeypatch):
    """Small chunks; rows are kept instead of scored."""
    monkeypatch.setattr(files, "CHUNK", 5)
    monkeypatch.setattr(files, "StreamScorer", Recorder)
    monkeypatch.setattr(watching, "StreamScorer", Recorder)


def detector_for(names):
    """A detector of a table that takes missing values; `explain` keeps what it is given."""

    def explain(rows, **_):
        Recorder.rows.append(rows.to_numpy())
        return SimpleNamespace(table=lambda top: rows)

    return SimpleNamespace(
        kind_="table", n_features_in_=len(names), window=None, missing="mean", explain=explain,
        feature_names_in_=np.array(names, dtype=object),
        decisions=lambda scores, index: pd.DataFrame({"score": scores}, index=index),
    )  # fmt: skip


def rows_of(command):
    Recorder.rows = []
    command()
    return np.concatenate(Recorder.rows)


@st.composite
def tables(draw):
    """Cells of a table as texts, and how they are written."""
    columns = draw(st.integers(1, 3))
    rows = draw(st.integers(2, 15))
    cells = draw(
        st.lists(st.lists(NUMBERS, min_size=columns, max_size=columns), min_size=rows,
                 max_size=rows)
    )  # fmt: skip
    how = SimpleNamespace(
        separator=draw(st.sampled_from(",;\t|:")),
        decimal=draw(st.sampled_from(".,")),
        encoding=draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])),
        newline=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        trailing=draw(st.integers(0, 2)),
        blank=draw(st.booleans()),
        index=draw(st.booleans()),
        note=draw(st.booleans()),
        packed=draw(st.booleans()),
        last_newline=draw(st.booleans()),
        pandas=draw(st.booleans()),  # whether even small blocks are read by pandas
    )
    notes = draw(st.lists(TEXTS, min_size=rows, max_size=rows))
    return cells, notes, how


def write(path, cells, notes, how):
    """Write the file as told; return the names of its features."""
    names = [f"c{i}" for i in range(len(cells[0]))]
    header = ([""] if how.index else []) + names + (["note"] if how.note else [])
    file = io.StringIO()
    writer = csv.writer(
        file, delimiter=how.separator, lineterminator="\n", quoting=how.quoting, doublequote=True
    )
    lines = []
    for i, row in enumerate([header, *cells]):
        if i:
            row = [cell.replace(".", how.decimal) for cell in row]
            row = ([str(i)] if how.index else []) + row + ([notes[i - 1]] if how.note else [])
        writer.writerow(row)
        lines.append(file.getvalue().removesuffix("\n") + how.separator * how.trailing + "\n")
        file.seek(0)
        file.truncate()
        if how.blank and i % 4 == 1:
            lines.append("  \n" if i % 8 == 1 else "\n")
    text = "".join(lines)
    if not how.last_newline:
        text = text.removesuffix("\n")
    content = text.replace("\n", how.newline).encode(how.encoding)
    path.write_bytes(gzip.compress(content) if how.packed else content)
    return names


@settings(max_examples=500, **LIMITS)
@given(tables())
def test_every_command_reads_what_pandas_reads(tmp_path_factory, made):
    cells, notes, how = made
    path = tmp_path_factory.getbasetemp() / ("own.csv.gz" if how.packed else "own.csv")
    names = write(path, cells, notes, how)
    dialect = Dialect(how.separator, how.decimal, encoding=how.encoding)
    expected = pd.read_csv(
        path, sep=how.separator, decimal=how.decimal, encoding=how.encoding, usecols=names,
        index_col=False, dtype=object,
    )[names]  # fmt: skip
    expected = np.array(
        [[float(str(cell).replace(how.decimal, ".")) for cell in row] for row in expected.values]
    )
    detector = detector_for(names)
    out = path.with_suffix(".scores")
    reader_module.SMALL = 0 if how.pandas else 4096

    def score():
        files.score_file(detector, path, out, overwrite=True, dialect=dialect)

    def explain():
        files.explain_file(detector, path, dialect=dialect)

    def watch():
        watching.watch(detector, path, out.open("w"), follow=False, dialect=dialect)

    def fit():
        ignore = ["note"] if how.note else []
        table, _, _ = files.read_features(path, ignore, missing=True, dialect=dialect, keep=names)
        Recorder.rows.append(table.to_numpy())

    commands = [score, explain, *([] if how.packed else [watch])]
    try:
        for command in commands:
            np.testing.assert_array_equal(rows_of(command), expected)
        if not np.isnan(expected).all(axis=0).any():
            np.testing.assert_array_equal(rows_of(fit), expected)
    finally:
        reader_module.SMALL = 4096
    lines = pd.read_csv(out)["line"] if how.packed else None
    assert lines is None or (lines.is_monotonic_increasing and lines.iloc[0] >= 2)


@settings(max_examples=300, **LIMITS)
@given(st.text(st.sampled_from('ab,;"\n\r 12._-'), max_size=60), st.booleans())
def test_any_text_is_read_alike_or_refused(tmp_path_factory, text, pandas):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(f"a,b\n{text}".encode())
    reader_module.SMALL = 0 if pandas else 4096
    try:
        whole = list(TableReader(path).chunks(["a", "b"]))
    except InputError as error:
        assert "any.csv" in str(error)
        return
    finally:
        reader_module.SMALL = 4096
    values = pd.concat(whole).to_numpy() if whole else np.empty((0, 2))
    parts = list(TableReader(path).chunks(["a", "b"], rows=2))
    np.testing.assert_array_equal(np.concatenate([*parts, np.empty((0, 2))]), values)
    table = TableReader(path).read()
    np.testing.assert_array_equal(table.to_numpy(dtype=np.float64).reshape(-1, 2), values)
    if len(values) and not np.isinf(values).any():
        detector = detector_for(["a", "b"])
        watched = rows_of(lambda: watching.watch(detector, path, io.StringIO(), follow=False))
        np.testing.assert_array_equal(watched, values)
