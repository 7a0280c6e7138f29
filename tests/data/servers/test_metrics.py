"""Own CSVs of server metrics: two files that must agree."""

import numpy as np
import pytest

from zoo.data.servers.metrics import servers_from_csv

pytestmark = pytest.mark.once


@pytest.fixture
def write(tmp_path):
    def write(name, *lines):
        path = tmp_path / name
        path.write_text("\n".join(lines))
        return path

    return write


def test_two_files_with_times_and_labels(write):
    train = write("train.csv", "timestamp,cpu,disk", "1,10,20", "2,11,21")
    test = write("test.csv", "timestamp,cpu,disk,bad", "3,12,22,0", "4,13,23,1", "5,14,24,0")
    server = servers_from_csv(train, test, label_column="bad")
    assert server.columns == ("cpu", "disk") and server.name == "test"
    np.testing.assert_array_equal(server.train, [[10, 20], [11, 21]])
    np.testing.assert_array_equal(server.test, [[12, 22], [13, 23], [14, 24]])
    assert server.train.dtype == np.float32 and server.labels.tolist() == [0, 1, 0]
    assert server.train_labels is None


def test_labels_are_optional_and_kept_where_training_has_them(write):
    train = write("train.csv", "cpu,bad", "10,0", "90,1")
    test = write("test.csv", "cpu,bad", "12,1")
    assert servers_from_csv(train, test, "bad").train_labels.tolist() == [0, 1]
    plain = servers_from_csv(train, test)
    assert plain.labels is None and plain.columns == ("cpu", "bad")


def test_dropped_rows_take_their_labels_with_them(write):
    train, test = write("train.csv", "cpu", "1"), write("test.csv", "cpu,bad", ",1", "2,0", "3,1")
    with pytest.raises(ValueError, match=r"test\.csv' has 1 missing .* in line 2.*missing as"):
        servers_from_csv(train, test, "bad")
    assert servers_from_csv(train, test, "bad", missing="drop").labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (
            "cpu,disk\n1,2",
            "cpu,net\n1,2",
            r"only the first has \['disk'\], only the second has \['n",
        ),
        (
            "cpu,disk\n1,2",
            "disk,cpu\n1,2",
            "in another order, the first being 'cpu' where .*'disk'",
        ),
        ("cpu\n1", "cpu\n1\nhigh", "text in column 'cpu': 'high' in line 3"),
        ("cpu", "cpu\n1", r"train\.csv' has a header and no rows"),
        ("time\n1", "time\n1", r"train\.csv' has no column"),
    ],
)
def test_files_that_do_not_agree_are_refused(write, train, test, message):
    with pytest.raises(ValueError, match=message):
        servers_from_csv(write("train.csv", train), write("test.csv", test))


def test_labels_that_are_not(write):
    train = write("train.csv", "cpu,bad", "1,0")
    with pytest.raises(ValueError, match="test.csv' has no label column 'bad'; found cpu"):
        servers_from_csv(train, write("test.csv", "cpu", "1"), "bad")
    with pytest.raises(ValueError, match="'bad' that are not 0 or 1: 7 in line 2"):
        servers_from_csv(train, write("test.csv", "cpu,bad", "1,7"), "bad")
