"""Times in every writing that exchanges use become one UTC index."""

import pandas as pd
import pytest

from zoo.data.series.timestamps import parse_timestamps, require_forward

pytestmark = pytest.mark.once


MOMENT = pd.Timestamp("2025-04-03T17:05:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "2025-04-03 17:05:00+00:00",
        "2025-04-03T17:05:00",
        "2025-04-03T19:05+02:00",
        "1743699900",
        "1743699900.0",
        "1743699900000",
        "1743699900000000",
        "1743699900000000000",
    ],
)
def test_one_moment_in_every_writing(text):
    times = parse_timestamps(pd.Series([text]), "btc.csv")
    assert times[0] == MOMENT
    assert times.name == "timestamp" and str(times.tz) == "UTC" and times.unit == "us"


def test_numbers_and_mixed_units_are_understood():
    times = parse_timestamps(pd.Series([1743699900000, 1743699900000000]), "btc.csv")
    assert (times == MOMENT).all()


@pytest.mark.parametrize("text", ["03/04/2025", "", "20250403", "-5"])
def test_anything_else_is_named_with_its_line(text):
    column = pd.Series(["2025-04-03", text, "2025-04-04"], index=pd.Index([2, 3, 4], name="line"))
    with pytest.raises(ValueError, match=f"timestamp '{text}' in line 3; expected ISO 8601"):
        parse_timestamps(column, "btc.csv")


@pytest.mark.parametrize("text", ["20250403", "-5", "inf"])
def test_a_number_that_is_no_recent_time_is_named(text):
    with pytest.raises(ValueError, match=f"timestamp '{text}' in row 0"):
        parse_timestamps(pd.Series([text, text]), "btc.csv")


def test_a_blank_among_numbers_is_what_is_named():
    with pytest.raises(ValueError, match="timestamp '' in row 1"):
        parse_timestamps(pd.Series(["1743699900", "", "1743699901"]), "btc.csv")


@pytest.mark.parametrize(
    ("minutes", "what"), [((0, 5, 5, 3), "repeats"), ((0, 5, 3, 3), "earlier")]
)
def test_time_must_move_forward(minutes, what):
    times = pd.DatetimeIndex([MOMENT + pd.Timedelta(minutes=minute) for minute in minutes])
    rows = pd.RangeIndex(2, 6, name="line")
    require_forward(times[:2], rows[:2], "btc.csv")
    with pytest.raises(ValueError, match=f"line 4 .*{what}.* in all 2 rows .*sort the rows"):
        require_forward(times, rows, "btc.csv")
