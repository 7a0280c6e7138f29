"""The Numenta Anomaly Benchmark: windows become labels, clocks that go wrong lose no row."""

import json

import numpy as np
import pandas as pd
import pytest

from zoo.data.series.nab import load_nab

pytestmark = pytest.mark.once


@pytest.fixture
def write(tmp_path):
    """Write series `group/name` of (time, value) with windows; return the folder."""

    def write(series, windows):
        for key, rows in series.items():
            path = tmp_path / "nab" / "data" / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("timestamp,value\n" + "\n".join(f"{t},{v}" for t, v in rows))
        labels = tmp_path / "nab" / "labels"
        labels.mkdir(parents=True, exist_ok=True)
        (labels / "combined_windows.json").write_text(json.dumps(windows))
        return tmp_path

    return write


def at(*clocks):
    return [(f"2014-03-09 {clock}:00", n) for n, clock in enumerate(clocks)]


def test_labels_are_one_from_the_start_of_a_window_to_its_end(write):
    rows = at("01:00", "01:05", "01:10", "01:15")
    window = ["2014-03-09 01:05:00.000000", "2014-03-09 01:10:00.000000"]
    folder = write(
        {"real/b.csv": rows, "real/a.csv": rows, "art/c.csv": rows},
        {"real/b.csv": [window], "real/a.csv": [], "art/c.csv": [window, window]},
    )
    series = load_nab(folder)
    assert [one.name for one in series] == ["art/c", "real/a", "real/b"]
    assert [one.labels.tolist() for one in series] == [[0, 1, 1, 0], [0, 0, 0, 0], [0, 1, 1, 0]]
    assert series[0].values[:, 0].tolist() == [0, 1, 2, 3] and series[0].columns == ("value",)
    assert [one.name for one in load_nab(folder, groups=["real"])] == ["real/a", "real/b"]


def test_a_clock_that_stands_still_is_spread_and_no_row_is_lost(write):
    rows = at("01:55", "03:00", "03:00", "03:00", "03:15")
    window = ["2014-03-09 03:00:00", "2014-03-09 03:00:00"]
    series = load_nab(write({"g/a.csv": rows}, {"g/a.csv": [window]}))[0]
    assert series.times.strftime("%H:%M").tolist() == ["01:55", "02:15", "02:35", "02:55", "03:15"]
    assert series.labels.tolist() == [0, 1, 1, 1, 0]
    assert series.values[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_clock_that_is_set_back_is_spread_until_it_catches_up(write):
    rows = at("02:00", "02:30", "02:00", "02:30", "03:00")
    series = load_nab(write({"g/a.csv": rows}, {"g/a.csv": []}))[0]
    assert series.times.strftime("%H:%M").tolist() == ["02:00", "02:30", "02:40", "02:50", "03:00"]


def test_absent_data_say_where_to_get_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nab/data does not exist.*github.com/numenta/NAB"):
        load_nab(tmp_path)
    (tmp_path / "nab" / "data").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="nab/labels/combined_windows.json does not exist"):
        load_nab(tmp_path)


def test_an_unknown_group_and_a_series_without_windows(write):
    folder = write({"g/a.csv": at("01:00", "01:05")}, {"g/b.csv": []})
    with pytest.raises(ValueError, match="has no group realTweets; found g; the rest is at"):
        load_nab(folder, groups=["realTweets"])
    with pytest.raises(ValueError, match="says nothing about 'g/a.csv'"):
        load_nab(folder)


def test_the_real_benchmark(real_data):
    data_dir = real_data("nab/labels/combined_windows.json").parents[2]
    series = {one.name: one for one in load_nab(data_dir)}
    taxi = series["realKnownCause/nyc_taxi"]
    assert len(taxi) == 10_320 and taxi.labels.sum() == 1035 and taxi.irregular_steps == 0
    assert taxi.times[0] == pd.Timestamp("2014-07-01T00:00Z")
    daylight_saving = series["realAWSCloudwatch/ec2_network_in_5abac7"]
    assert len(daylight_saving) == 4730 and daylight_saving.irregular_steps == 0
    assert len(series["realKnownCause/machine_temperature_system_failure"]) == 22_695
    for one in series.values():
        assert (np.diff(one.times.asi8) > 0).all() and np.isfinite(one.values).all()
