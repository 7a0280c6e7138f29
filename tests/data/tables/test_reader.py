"""CSV files with a header: what cannot be read is refused, nothing is dropped in silence."""

import pytest

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
