"""Series and their scores over time: where lines break, what is shaded, flagged and claimed."""

from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from zoo.report.figures import series_grid, series_scores
from zoo.report.figures.labelled_series import LABELLED
from zoo.report.figures.style import ANOMALY
from zoo.report.figures.timeline import stretches

pytestmark = pytest.mark.once


STEPS = np.arange(100)
VALUES = np.sin(STEPS / 5)
LABELS = np.isin(STEPS, [20, 21, 22, 60])
SCORES = np.where(np.isin(STEPS, [21, 40, 41]), 5.0, 1.0)


def shaded(ax):
    """First and last position of what is shaded in a panel, by colour."""
    return {
        to_hex(collection.get_facecolor()[0]): [
            (path.vertices[:, 0].min(), path.vertices[:, 0].max(), path.vertices[:, 1].min())
            for path in collection.get_paths()
        ]
        for collection in ax.collections
    }


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_labels_are_shaded_and_flags_lie_in_their_own_lane():
    figure = series_scores(STEPS, VALUES, SCORES, 2.0, LABELS, value_label="load (%)")
    value, strip, score = figure.axes
    assert [value.get_ylabel(), score.get_ylabel()] == ["load (%)", "anomaly score"]
    assert score.get_xlabel() == "time step"
    spans = shaded(value)[LABELLED.lower()]
    assert spans[0][:2] == (20, 22)
    assert shaded(score)[LABELLED.lower()] == spans
    lanes = shaded(strip)
    assert lanes[LABELLED.lower()][0] == (20, 22, 0.5)
    flagged = lanes[ANOMALY.lower()]
    assert flagged[1] == (40, 41, 0)
    assert flagged[0][0] < 21 < flagged[0][1]  # a single point is as wide as can be seen
    assert [tick.get_text() for tick in strip.get_yticklabels()] == ["labelled", "flagged"]
    assert value.get_title(loc="left") == (
        "1 of 2 labelled stretches hold a flag; flagged stretches outside them: 1"
    )
    assert texts(figure.legends[0]) == ["measured", "labelled anomaly (2)", "threshold 2"]
    assert value.get_shared_x_axes().joined(value, score)


def test_a_warm_up_without_scores_is_a_gap_and_flags_nothing():
    scores = np.where(STEPS < 30, np.nan, 9.0)
    value, strip, score = series_scores(STEPS, VALUES, scores, 2.0).axes
    drawn = score.lines[0].get_ydata()
    assert np.isnan(drawn[:30]).all() and (drawn[30:] == 9).all()
    assert shaded(strip) == {ANOMALY.lower(): [(30, 99, 0)]}
    assert value.get_title(loc="left") == "70 of 100 points are flagged"


def test_a_threshold_may_change_in_time_and_begin_late():
    threshold = np.where(STEPS < 30, np.nan, np.where(STEPS < 41, 2.0, 7.0))
    figure = series_scores(STEPS, VALUES, SCORES, threshold)
    _, strip, score = figure.axes
    np.testing.assert_array_equal(score.lines[1].get_ydata(), threshold)
    ((first, last, _),) = shaded(strip)[ANOMALY.lower()]
    assert first < 40 < last < 41
    assert texts(figure.legends[0])[-1] == "threshold, changing in time"


def test_without_a_threshold_nothing_is_flagged_or_claimed():
    value, strip, _ = series_scores(STEPS, VALUES, SCORES, None, LABELS).axes
    assert not strip.collections and not strip.get_yticklabels()
    assert value.get_title(loc="left") == "100 points with their scores"


@pytest.mark.parametrize("zone, label", [(None, "time"), ("Asia/Tokyo", "time (UTC)")])
def test_dates_are_written_in_utc_where_they_say_their_zone(zone, label):
    times = pd.date_range("2024-03-01 09:00", periods=100, freq="h", tz=zone)
    figure = series_scores(times, VALUES, SCORES, 2.0)
    score = figure.axes[-1]
    assert score.get_xlabel() == label
    begin = pd.Timestamp("2024-03-01 09:00" if zone is None else "2024-03-01 00:00")
    days = (begin - pd.Timestamp("1970-01-01")) / pd.Timedelta("1D")
    assert score.lines[0].get_xdata()[0] == pytest.approx(days)


def test_a_line_breaks_where_the_times_jump():
    times = np.r_[STEPS[:50], STEPS[50:] + 500]
    value = series_scores(times, VALUES, SCORES, 2.0).axes[0]
    drawn = value.lines[0].get_ydata()
    assert np.flatnonzero(np.isnan(drawn)).tolist() == [50]
    np.testing.assert_array_equal(np.delete(drawn, 50), VALUES)


def test_long_series_are_drawn_quickly():
    rows = 25_000
    rng = np.random.default_rng(0)
    flags = rng.random(rows) < 0.2  # thousands of stretches
    start = perf_counter()
    figure = series_scores(np.arange(rows), rng.normal(size=rows), flags * 1.0, 0.5, flags)
    assert perf_counter() - start < 5
    assert sum(len(ax.collections) for ax in figure.axes) == 4  # one artist for all stretches


def test_series_lie_under_another_with_their_extent_and_share():
    times = pd.date_range("2024-03-01", periods=100, freq="D")
    series = {"cpu.csv": (times, VALUES, LABELS), "plain": (STEPS, VALUES, None)}
    figure = series_grid(series, "Two series", value_label="load (%)")
    first, second = figure.axes
    assert figure.get_suptitle() == "Two series"
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "cpu.csv: 100 points from 2024-03-01 to 2024-06-08, 4.0% labelled",
        "plain: 100 points, none labelled",
    ]
    assert len(shaded(first)[LABELLED.lower()]) == 2 and not second.collections
    assert {first.get_ylabel(), second.get_ylabel()} == {"load (%)"}
    assert texts(figure.legends[0]) == ["measured", "labelled anomaly"]
    np.testing.assert_array_equal(second.lines[0].get_ydata(), VALUES)


def test_long_names_give_way_in_the_middle():
    (cell,) = series_grid({"x" * 70 + "end": (STEPS, VALUES, None)}, "One").axes
    name = cell.get_title(loc="left").split(":")[0]
    assert len(name) == 50 and name.endswith("end") and "…" in name


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((STEPS, VALUES[1:], SCORES, 2.0), r"values: shape \(99,\), expected \(100,\)"),
        ((STEPS, VALUES, SCORES[:, None], 2.0), r"scores: shape \(100, 1\)"),
        ((STEPS, VALUES, SCORES, [1.0, 2.0]), r"threshold: shape \(2,\), expected \(100,\)"),
        ((STEPS, VALUES, SCORES, 2.0, LABELS[1:]), r"labels: shape \(99,\)"),
        ((STEPS, VALUES, SCORES, 2.0, LABELS * 3), r"labels: found \[3\]"),
        (
            (STEPS, np.where(LABELS, np.inf, 1), SCORES, 2.0),
            "values: 4 of 100 are infinite, the first at index 20",
        ),
        ((STEPS[:1], VALUES[:1], SCORES[:1], 2.0), r"times: shape \(1,\), expected \(n,\) with n"),
    ],
)
def test_arrays_that_do_not_fit_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        series_scores(*arguments)


def test_times_that_are_missing_are_named():
    times = pd.DatetimeIndex(["2024-03-01", None, "2024-03-03"])
    with pytest.raises(ValueError, match="times: 1 are missing, the first at index 1"):
        series_scores(times, VALUES[:3], SCORES[:3], 2.0)


def test_a_series_of_the_grid_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"labels of 'cpu': shape \(99,\), expected \(100,\)"):
        series_grid({"cpu": (STEPS, VALUES, LABELS[1:])}, "One")
    with pytest.raises(ValueError, match="series: none given"):
        series_grid({}, "None")


def test_stretches_are_unbroken_runs():
    assert stretches(LABELS).tolist() == [[20, 22], [60, 60]]
    assert stretches(np.zeros(3)).tolist() == []
    assert stretches(np.ones(3)).tolist() == [[0, 2]]
