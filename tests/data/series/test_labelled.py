"""Series: files of the accepted layout, clear errors for others, a split by time."""

import numpy as np
import pandas as pd
import pytest

from zoo.data.series.labelled import Series, read_series, read_series_folder, split_series

pytestmark = pytest.mark.once


ROWS = ["2025-01-01T00:00,1,5,0", "2025-01-01T00:05,2,6,1", "2025-01-01T00:10,3,7,0"]


@pytest.fixture
def write(tmp_path):
    def write(*lines, name="cpu.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines))
        return path

    return write


def test_a_file_with_times_features_and_labels(write):
    series = read_series(write("timestamp,load,memory,label", *ROWS))
    assert series.name == "cpu.csv" and series.columns == ("load", "memory")
    np.testing.assert_array_equal(series.values, [[1, 5], [2, 6], [3, 7]])
    assert series.values.dtype == np.float32 and series.labels.tolist() == [0, 1, 0]
    assert series.times[1] == pd.Timestamp("2025-01-01T00:05Z") and len(series) == 3


def test_labels_may_be_absent_and_the_time_called_otherwise(write):
    series = read_series(write("value,Date", "1,2025-01-01", "2,2025-01-02"))
    assert series.labels is None and series.columns == ("value",)


def test_missing_values_are_dropped_with_their_times_and_labels(write):
    path = write("timestamp,load,memory,label", ROWS[0], "2025-01-01T00:05,,6,1", ROWS[2])
    with pytest.raises(ValueError, match=r"in line 3, column 'load'.*missing as one of"):
        read_series(path)
    dropped = read_series(path, missing="drop")
    assert dropped.times.minute.tolist() == [0, 10] and dropped.labels.tolist() == [0, 0]
    filled = read_series(path, missing="interpolate")
    assert filled.values[1].tolist() == [2, 6] and filled.labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["value,label", "1,0"], "has no column 'timestamp'; found 'value', 'label'"),
        (["timestamp,label", "2025-01-01,0"], "has no column 'value'"),
        (["timestamp,value"], "has a header and no rows"),
        (["timestamp,value", "2025-01-02,1", "2025-01-01,2"], "line 3 .* is earlier than the row"),
        (["timestamp,value", "2025-01-01,1", "2025-01-01,2"], "line 3 .* repeats the row before"),
        (["timestamp,value", "soon,1"], "timestamp 'soon' in line 2"),
        (["timestamp,value", "2025-01-01,high"], "text in column 'value': 'high' in line 2"),
        (["timestamp,value,label", "2025-01-01,1,0", "2025-01-02,1,2"], "not 0 or 1: 2 in line 3"),
        (["timestamp,value,label", "2025-01-01,1,yes"], "not 0 or 1: 'yes' in line 2"),
        (["timestamp,value,label", "2025-01-01,1,"], "not 0 or 1: nan in line 2"),
    ],
)
def test_bad_files_are_refused_with_the_place(write, lines, message):
    with pytest.raises(ValueError, match=r"cpu\.csv' .*" + message):
        read_series(write(*lines))


def series_of(minutes):
    times = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(minutes, unit="min")
    rows = len(times)
    return Series("cpu", times, np.arange(rows, dtype=np.float32)[:, None], np.arange(rows), ("v",))


def test_irregular_steps_are_counted_and_jitter_is_not():
    assert series_of([0, 5, 10, 15]).irregular_steps == 0
    assert series_of([0, 5, 10.2, 15]).irregular_steps == 0
    assert series_of([0, 5, 10, 20, 25, 26, 31]).irregular_steps == 2
    assert series_of([0]).irregular_steps == 0


def test_a_folder_is_read_in_order_of_names_and_lengths_may_differ(write, tmp_path):
    write("timestamp,value", "2025-01-01,1", "2025-01-02,2", name="b.csv")
    write("timestamp,value,label", "2025-01-01,1,0", name="a.csv")
    write("not a series", name="readme.txt")
    series = read_series_folder(tmp_path)
    assert [one.name for one in series] == ["a.csv", "b.csv"]
    assert [len(one) for one in series] == [1, 2]


def test_a_folder_with_other_columns_names_both_files(write, tmp_path):
    write("timestamp,load", "2025-01-01,1", name="a.csv")
    write("timestamp,memory", "2025-01-01,1", name="b.csv")
    with pytest.raises(ValueError, match=r"'a\.csv' has load, 'b\.csv' has memory; give them the"):
        read_series_folder(tmp_path)


def test_an_empty_or_absent_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no \*\.csv file; put the series there"):
        read_series_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match="gone' is not a folder"):
        read_series_folder(tmp_path / "gone")


def test_a_split_keeps_the_order_of_time_and_every_row():
    series = series_of(np.arange(11) * 5)
    parts = split_series(series, train=0.5, validation=0.3)
    assert [len(part) for part in parts] == [6, 3, 2]  # 5.5 and 8.8 rows, rounded
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), series.values)
    np.testing.assert_array_equal(np.concatenate([part.labels for part in parts]), series.labels)
    assert parts[0].times[-1] < parts[1].times[0] and parts[1].times[-1] < parts[2].times[0]
    assert split_series(without_labels(series))[0].labels is None


def without_labels(series):
    return Series(series.name, series.times, series.values, None, series.columns)


@pytest.mark.parametrize(("train", "validation"), [(0.8, 0.2), (0, 0.5), (0.5, 0), (1.2, -0.5)])
def test_a_split_without_a_part_is_an_error(train, validation):
    with pytest.raises(ValueError, match="expected two fractions above 0 that leave something"):
        split_series(series_of(range(100)), train, validation)


def test_too_few_rows_to_split():
    with pytest.raises(ValueError, match="series 'cpu' has 2 rows, too few for a training"):
        split_series(series_of([0, 5]))
