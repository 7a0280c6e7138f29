"""What is wrong with a table is said with its rows, its columns and the way out."""

import numpy as np
import pandas as pd
import pytest

from zoo.data.arrays.checks import (
    constant_columns,
    name_rows,
    require_binary,
    require_columns,
    require_numeric,
    resolve_missing,
)

pytestmark = pytest.mark.once


NAN, INF = float("nan"), float("inf")


def test_missing_columns_are_named_beside_the_found_and_expected_ones():
    frame = pd.DataFrame({"load": [1], "time": [2]})
    require_columns(frame, ["load"], "cpu.csv")
    with pytest.raises(
        ValueError,
        match=r"'cpu\.csv' has no columns 'a', 'b'; found 'load', 'time'; expected 'load', 'a'",
    ):
        require_columns(frame, ["load", "a", "b"], "cpu.csv")


def test_text_becomes_numbers_and_the_words_for_missing_become_nan():
    frame = pd.DataFrame({"load": ["1", " 2.5e1", "", "NaN", "null", "-inf"], "host": ["a"] * 6})
    numbers = require_numeric(frame, ["load"], "cpu.csv")
    np.testing.assert_array_equal(numbers["load"], [1, 25, NAN, NAN, NAN, -INF])
    assert numbers["load"].dtype == np.float64
    assert numbers["host"].tolist() == ["a"] * 6


@pytest.mark.parametrize("column", [["1", "12 ms", "x"], [1, "12 ms", "x"]])
def test_the_first_text_is_named_with_its_row(column):
    frame = pd.DataFrame({"load": column}, index=pd.Index([2, 3, 4], name="line"))
    with pytest.raises(
        ValueError, match=r"'cpu\.csv' has text in column 'load': '12 ms' in line 3"
    ):
        require_numeric(frame, ["load"], "cpu.csv")


def test_a_date_is_not_a_number():
    frame = pd.DataFrame({"day": pd.to_datetime(["2025-01-01"])})
    with pytest.raises(ValueError, match="2025-01-01"):
        require_numeric(frame, ["day"], "cpu.csv")


def test_a_complete_table_is_returned_as_it_is():
    frame = pd.DataFrame({"load": [1, 2]})
    for how in ("error", "drop", "interpolate"):
        assert resolve_missing(frame, how, "cpu.csv") is frame


def test_missing_values_are_named_by_row_and_column():
    frame = pd.DataFrame({"load": [NAN, 1.0, INF, NAN, NAN, -INF, NAN], "heat": range(7)})
    with pytest.raises(ValueError) as caught:
        resolve_missing(frame, "error", "cpu.csv")
    assert str(caught.value) == (
        "'cpu.csv' has 6 missing or infinite values, in rows 0, 2, 3, 4, 5 and 1 more, "
        "column 'load'; repair the file or give missing as one of error, drop, interpolate"
    )


def test_drop_and_interpolate_by_hand():
    frame = pd.DataFrame({"load": [NAN, 1.0, INF, NAN, 4.0, NAN], "heat": [1, 2, 3, 4, 5, 6]})
    dropped = resolve_missing(frame, "drop", "cpu.csv")
    assert dropped.index.tolist() == [1, 4] and dropped["heat"].tolist() == [2, 5]
    filled = resolve_missing(frame, "interpolate", "cpu.csv")
    assert filled["load"].tolist() == [1, 1, 2, 3, 4, 4]
    assert filled["heat"].tolist() == [1, 2, 3, 4, 5, 6]
    assert np.isnan(frame["load"][0])  # the user's table is left alone


def test_nothing_left_is_an_error():
    frame = pd.DataFrame({"load": [NAN, NAN]})
    with pytest.raises(ValueError, match="no number to interpolate from in column 'load'"):
        resolve_missing(frame, "interpolate", "cpu.csv")
    with pytest.raises(ValueError, match="in all of its 2 rows"):
        resolve_missing(frame, "drop", "cpu.csv")
    with pytest.raises(ValueError, match="unknown treatment 'mean'"):
        resolve_missing(frame, "mean", "cpu.csv")


def test_constant_columns():
    frame = pd.DataFrame({"a": [1, 1], "b": [1, 2], "c": [NAN, 3.0], "d": [NAN, NAN]})
    assert constant_columns(frame) == ["a", "c", "d"]


def test_rows_are_named_by_the_name_of_the_index():
    assert name_rows(pd.Index([4])) == "row 4"
    assert name_rows(pd.Index([4, 5, 6], name="line"), limit=2) == "lines 4, 5 and 1 more"


def test_labels_are_zero_and_one_in_whatever_form():
    for column in ([0, 1], [0.0, 1.0], ["0", "1.0"], [False, True]):
        labels = require_binary(pd.Series(column, name="label"), "cpu.csv")
        assert labels.tolist() == [0, 1] and labels.dtype == np.int64


@pytest.mark.parametrize("wrong", [2, -1, 0.5, "yes", None, np.nan, np.inf])
def test_other_labels_are_refused_with_their_row(wrong):
    column = pd.Series([0, wrong, 1], name="label", index=pd.RangeIndex(2, 5, name="line"))
    message = r"'cpu.csv' has labels in column 'label' that are not 0 or 1: .* in line 3; write 1"
    with pytest.raises(ValueError, match=message):
        require_binary(column, "cpu.csv")
