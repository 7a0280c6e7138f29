"""Tables of the user's own: the label column is checked, nothing else is lost."""

import numpy as np
import pytest

from zoo.data.tables.table import read_table

pytestmark = pytest.mark.once


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "own.csv"
        path.write_text("\n".join(lines))
        return path

    return write


def test_features_and_labels_are_told_apart(write):
    table = read_table(write("a,bad,b", "1,0,2", "3,1,4"), "bad")
    assert table.name == "own" and table.columns == ("a", "b")
    np.testing.assert_array_equal(table.values, np.array([[1, 2], [3, 4]], dtype=np.float32))
    assert table.values.dtype == np.float32 and table.labels.tolist() == [0, 1]


def test_dropped_rows_take_their_labels_with_them(write):
    path = write("a,bad", "1,0", ",1", "3,1")
    with pytest.raises(ValueError, match=r"1 missing .* in line 3, column 'a'"):
        read_table(path, "bad")
    table = read_table(path, "bad", missing="drop")
    assert table.values.tolist() == [[1], [3]] and table.labels.tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"no order to interpolate along; give missing as one of"):
        read_table(path, "bad", missing="interpolate")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,b", "1,2"], "has no label column 'bad'; found a, b; give the name of that c"),
        (["a,bad", "1,fraud"], "'bad' that are not 0 or 1: 'fraud' in line 2"),
        (["a,bad", "1,0", "1,2", "1,0.5"], r"not 0 or 1: 2\.0, 0\.5 in lines 3, 4"),
        (["a,bad", "1,0", "x,0"], "text in column 'a': 'x' in line 3"),
        (["bad", "1"], "has 0 features and 1 rows"),
        (["a,bad"], "has 1 features and 0 rows"),
    ],
)
def test_bad_tables_are_refused(write, lines, message):
    with pytest.raises(ValueError, match=r"own\.csv' .*" + message):
        read_table(write(*lines), "bad")
