"""Lines over a shared axis."""

import numpy as np
import pandas as pd
import pytest

from zoo.report.figures import line_chart

pytestmark = pytest.mark.once


TABLE = pd.DataFrame(
    {"gru": [1.0, 0.5, 0.1], "rnn": [1.0, 0.1, np.nan]}, index=pd.Index([0, 1, 2], name="steps")
)


def test_draws_a_named_line_per_column_over_the_index():
    figure = line_chart(TABLE, "The GRU remembers longer", "gradient")
    ax = figure.axes[0]
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert list(lines) == ["gru", "rnn"]
    np.testing.assert_array_equal(lines["gru"].get_xydata(), [[0, 1.0], [1, 0.5], [2, 0.1]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("steps", "gradient")
    assert ax.get_title(loc="left") == "The GRU remembers longer"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["gru", "rnn"]


def test_axes_can_be_logarithmic_and_hold_a_level():
    table = TABLE.iloc[1:]
    ax = line_chart(table, "t", "l", log=True, log_x=True, level=0.2, level_name="noise").axes[0]
    assert (ax.get_yscale(), ax.get_xscale()) == ("log", "log")
    level = ax.get_lines()[-1]
    assert level.get_label() == "noise" and set(level.get_ydata()) == {0.2}


@pytest.mark.parametrize(
    ("table", "settings", "message"),
    [
        (TABLE.iloc[:0], {}, "at least one row"),
        (TABLE * np.inf, {}, "infinity"),
        (TABLE * np.nan, {}, "nothing but NaN"),
        (TABLE - 1, {"log": True}, "values go down to -0.9"),
        (TABLE, {"log_x": True}, "index go down to 0"),
    ],
)
def test_refuses_what_cannot_be_drawn(table, settings, message):
    with pytest.raises(ValueError, match=message):
        line_chart(table, "t", "l", **settings)
