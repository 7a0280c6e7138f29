"""CSV files with a header: what cannot be read is refused, nothing is dropped in silence."""

import pytest

from zoo.data.tables.csv_files import read_csv

pytestmark = pytest.mark.once


def test_columns_and_line_numbers(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("\ufeff a ,b\n1,x\n2.5,\n")
    table = read_csv(path, "rows")
    assert list(table.columns) == ["a", "b"] and table.index.tolist() == [2, 3]
    assert table["a"].tolist() == [1, 2.5] and table["b"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.csv' is empty; expected rows as CSV with a header"),
        ("1,2\n3,4\n", "has no header: its first line is 1, 2; expected the names"),
        ("a,b,a\n1,2,3\n", "has the column 'a' more than once"),
        ("a,b\n1,2\n1,2,3\n", "cannot be read as CSV .*line 3"),
        ("a,b\n1,2,3\n4,5,6\n", "cannot be read as CSV"),
        ('a,b\n1,"2\n', "cannot be read as CSV"),
    ],
)
def test_bad_files_are_refused(tmp_path, text, message):
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_csv(path, "rows")


def test_other_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone.csv' does not exist; expected a CSV file of"):
        read_csv(tmp_path / "gone.csv", "rows")
    (tmp_path / "image.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="image.csv' cannot be read as CSV"):
        read_csv(tmp_path / "image.csv", "rows")
