"""Lines of time and memory over rows, beside linear growth."""

import numpy as np
import pytest

from zoo.bench.figure_growth import growth_lines

pytestmark = pytest.mark.once


ROWS = [
    {
        "rows": rows,
        "backend": backend,
        "fit_seconds": 2 * factor * rows / 1e4,
        "score_seconds": factor * (rows / 1e4) ** 0.5,
        "peak_memory_mb": 100 + rows / 1e4,
    }
    for backend, factor in (("jax", 1.0), ("torch", 3.0))
    for rows in (10**6, 10**4, 10**5)
]


def test_a_line_for_each_backend_and_measure_in_order_of_rows():
    times, memory = growth_lines(ROWS).axes
    assert [line.get_label() for line in times.lines] == [
        "jax, fit", "jax, score", "torch, fit", "torch, score", "linear",
    ]  # fmt: skip
    assert [line.get_label() for line in memory.lines] == ["jax", "torch", "linear"]
    np.testing.assert_allclose(times.lines[0].get_data(), [[1e4, 1e5, 1e6], [2, 20, 200]])
    np.testing.assert_allclose(times.lines[-1].get_data(), [[1e4, 1e6], [6, 600]])  # torch's
    assert {axis.get_xscale() for axis in (times, memory)} == {"log"}
    assert {axis.get_yscale() for axis in (times, memory)} == {"log"}


def test_titles_say_what_ten_times_the_rows_cost():
    axes = growth_lines(ROWS).axes
    times, memory = (" ".join(axis.get_title(loc="left").split()) for axis in axes)
    assert times == "Ten times the rows take 10.0 times as long at most"
    assert memory == "Ten times the rows take 1.8 times the memory at most"  # 200 / 110


def test_what_failed_is_left_out():
    failed = {"rows": 10**7, "backend": "jax", "status": "failed"}
    assert len(growth_lines([*ROWS, failed]).axes[1].lines[0].get_xdata()) == 3


def test_one_size_has_no_growth():
    with pytest.raises(ValueError, match="no backend has two sizes with numbers"):
        growth_lines(ROWS[:1])
