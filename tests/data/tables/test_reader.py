"""CSV files with a header: what cannot be read is refused, nothing is dropped in silence."""

import pandas as pd
import pytest

from zoo.data.tables import reader, records
from zoo.data.tables.dialect import Dialect
from zoo.data.tables.reader import TableReader

pytestmark = pytest.mark.once


def test_columns_and_line_numbers(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("\ufeff a ,b\n1,x\n2.5,\n")
    table = TableReader(path, what="rows").read()
    assert list(table.columns) == ["a", "b"] and table.index.tolist() == [2, 3]
    assert table["a"].tolist() == [1, 2.5] and table["b"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.csv' is empty; expected rows as CSV with a header"),
        ("1,2\n3,4\n", "has no header: its first line is 1, 2; expected the names"),
        ("a,b,a\n1,2,3\n", "has the column 'a' more than once"),
        ("a,b\n1,2\n1,2,3\n", "has 3 cells in line 3; expected 2 columns; repair"),
        ("a,b\n1,2,3\n4,5,6\n", "has 3 cells in line 2; expected 2 columns"),
        ('a,b\n1,"2\n', "a quotation mark in the record of line 2 is never closed"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, message):
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        TableReader(path, what="rows").read()


def test_other_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone.csv' does not exist; expected a CSV file of"):
        TableReader(tmp_path / "gone.csv", what="rows").read()
    (tmp_path / "image.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="image.csv' cannot be read as CSV"):
        TableReader(tmp_path / "image.csv", what="rows").read()


def test_a_file_of_another_dialect_is_said_to_look_so(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("a;b\n1,5;2\n2,5;3\n")
    with pytest.raises(ValueError, match="looks written with separator=';' and decimal=',': write"):
        TableReader(path).read()
    with pytest.raises(ValueError, match="give separator=';' and decimal=','"):
        TableReader(path, Dialect()).read()
    table = TableReader(path, Dialect(";", ",")).read()
    assert table["a"].tolist() == [1.5, 2.5] and table["b"].tolist() == [2, 3]


def test_large_blocks_are_read_as_small_ones_are(tmp_path, monkeypatch):
    path = tmp_path / "own.csv"
    rows = [f'{i},"n\nn",{i / 7!r}' for i in range(3000)]
    rows[1700:1700] = ["", '1,"a ""b"" c",2']
    path.write_text("k,note,x\n" + "\n".join(rows) + "\n")
    whole = TableReader(path).read()
    monkeypatch.setattr(reader, "SMALL", 10**9)
    monkeypatch.setattr(records, "PIECE", 1000)
    pd.testing.assert_frame_equal(TableReader(path).read(), whole)
    assert whole.index[:3].tolist() == [2, 4, 6] and len(whole) == 3001
    assert whole.index[1700] == 2 + 2 * 1700 + 1 and whole["x"].iloc[2999] == 2998 / 7


def test_a_column_of_text_in_a_later_block_is_text_in_all(tmp_path, monkeypatch):
    path = tmp_path / "own.csv"
    path.write_text("k,x\n" + "7,1.5\n" * 500 + "a7,1.5\n")
    monkeypatch.setattr(records, "PIECE", 1000)
    table = TableReader(path).read()
    assert set(table["k"]) == {"7", "a7"} and table["x"].sum() == 1.5 * 501
