"""Time and memory as rows grow: each size in a process of its own, no window copied whole."""

import keras
import numpy as np
import pytest

from zoo.bench.growth import growth, order_of_growth

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.xdist_group("growth")  # one worker starts the processes


def test_a_series_is_fitted_and_scored_without_its_windows_in_memory():
    """60,000 windows of 100 rows and 32 features would take 768 MB; the series takes 8."""
    (row,) = growth([60_000], [BACKEND], window=100, features=32, batch_size=2048)
    assert row["status"] == "ok", row
    assert row["peak_memory_mb"] < 450
    assert row["fit_seconds"] > 0 and row["score_seconds"] > 0
    assert (row["rows"], row["backend"], row["window"]) == (60_000, BACKEND, 100)


def test_a_table_is_held_a_few_times_at_most():
    rows = growth([2000, 500_000], [BACKEND], features=16)
    assert [row["status"] for row in rows] == ["ok", "ok"], rows
    small, large = (row["peak_memory_mb"] for row in rows)
    data = 500_000 * 16 * 4 / 1e6  # given, its training part, scaled, and on the device
    assert large - small < 7 * data
    assert order_of_growth(rows, "peak_memory_mb") < 1


def test_what_failed_is_told_and_the_next_goes_on():
    rows = growth([300, 400], ["no such backend"])
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert all("no such backend" in row["message"] for row in rows)
    assert "fit_seconds" not in rows[0]


def test_sizes_that_hold_no_two_windows_are_refused():
    with pytest.raises(ValueError, match="give sizes of 101 or more"):
        growth([100], [BACKEND], window=100)
    with pytest.raises(ValueError, match="give sizes of 2 or more"):
        growth([])


def test_the_order_of_growth_is_that_of_the_largest_sizes():
    rows = [{"rows": n, "s": 7.0 + n**2} for n in (1, 10**4, 10**5)] + [{"rows": 10**6}]
    assert order_of_growth(rows, "s") == pytest.approx(2, abs=1e-3)
    with pytest.raises(ValueError, match="1 sizes have a s; growth needs two"):
        order_of_growth(rows[:1], "s")
    assert np.isclose(order_of_growth(rows[1:3], "rows"), 1)
