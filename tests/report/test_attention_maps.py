"""Attention maps: every head in its place, on one scale, and only true attention."""

import numpy as np
import pytest

from zoo.report.figures import attention_maps

pytestmark = pytest.mark.once


TIME = 5
EVEN = np.full((TIME, TIME), 1 / TIME)
SELF = np.eye(TIME)


def maps(figure):
    return [ax for ax in figure.axes if ax.images]


def test_layers_are_rows_and_heads_are_columns():
    weights = np.array([[EVEN, SELF, EVEN], [EVEN, EVEN, SELF]])
    figure = attention_maps(weights, "Two heads look at themselves")
    cells = maps(figure)
    assert len(cells) == 6
    for cell, expected in zip(cells, weights.reshape(6, TIME, TIME), strict=True):
        np.testing.assert_array_equal(cell.images[0].get_array(), expected)
    assert [cell.get_title() for cell in cells] == ["head 1", "head 2", "head 3", "", "", ""]
    assert [cell.get_ylabel() for cell in cells] == ["layer 1", "", "", "layer 2", "", ""]
    assert figure.get_suptitle() == "Two heads look at themselves"
    assert figure.get_supxlabel() == "time step looked at"
    assert figure.get_supylabel() == "time step that looks"


def test_all_heads_share_one_colour_scale():
    figure = attention_maps(np.array([[EVEN, SELF]]), "t")
    (limits,) = {cell.images[0].get_clim() for cell in maps(figure)}
    assert limits == pytest.approx((0.1 / TIME, 1.0))
    (bar,) = (ax for ax in figure.axes if not ax.images)
    assert bar.get_ylabel() == "attention weight (line: even attention, 0.2)"


def test_two_figures_can_share_the_scale():
    figure = attention_maps(EVEN[None, None], "t", highest=0.8)
    assert maps(figure)[0].images[0].get_clim() == pytest.approx((0.1 / TIME, 0.8))


def test_anomalous_steps_are_marked_along_both_axes():
    figure = attention_maps(EVEN[None, None], "t", labels=[0, 0, 1, 1, 0])
    (cell,) = maps(figure)
    below, left = cell.lines
    assert list(below.get_xdata()) == [1.5, 3.5] and min(below.get_ydata()) > TIME - 0.5
    assert list(left.get_ydata()) == [1.5, 3.5] and max(left.get_xdata()) < 0
    assert cell.get_xlim() == (-0.5, TIME - 0.5)
    assert "orange bars: labelled anomalous" in figure.get_supxlabel()


@pytest.mark.parametrize(
    "weights, message",
    [
        (EVEN, r"shape \(5, 5\), expected \(layers, heads, time, time\)"),
        (np.ones((1, 2, 5, 4)) / 4, r"shape \(1, 2, 5, 4\)"),
        (np.log(EVEN)[None, None], "lowest -1.6.*; expected attention after its softmax"),
        (2 * SELF[None, None], "rows sum to 1 ± 1;"),
        (np.full((1, 1, 5, 5), np.nan), "lowest nan"),
    ],
)
def test_what_is_no_attention_is_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        attention_maps(weights, "t")


def test_the_softmax_must_run_over_the_steps_looked_at():
    first_only = np.zeros((TIME, TIME))
    first_only[:, 0] = 1
    attention_maps(first_only[None, None], "t")
    with pytest.raises(ValueError, match="the steps looked at on the last axis"):
        attention_maps(first_only.T[None, None], "t")


def test_the_scale_says_numbers_and_no_formulas():
    figure = attention_maps(np.full((1, 1, 50, 50), 1 / 50), "t")  # its lower end is a tick
    figure.canvas.draw()
    (bar,) = (ax for ax in figure.axes if not ax.images)
    ticks = [*bar.get_yticklabels(), *bar.get_yticklabels(minor=True)]
    assert not any("$" in tick.get_text() for tick in ticks)
    assert "0.01" in [tick.get_text() for tick in ticks]
