"""Contributions: what is drawn first, what is left over, and what raises or lowers a score."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from zoo.report.figures import contribution_bars, window_contributions
from zoo.report.figures.style import ANOMALY, NORMAL

pytestmark = pytest.mark.once


NAMES = ["cpu_load", "memory", "chip", "fan"]
STEPS = np.arange(6)
WINDOW = np.outer(STEPS, [1.0, 10.0, 100.0])
ADDED = np.zeros((6, 3))
ADDED[2:4, 1] = [3.0, 4.0]
ADDED[5, 2] = 3.0


def bar_names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def title(figure):
    return " ".join((figure.get_suptitle() or figure.axes[0].get_title(loc="left")).split())


def test_bars_come_strongest_first_and_the_others_share_the_last():
    ax = contribution_bars([1, -4, 0.5, 6], NAMES, top=2).axes[0]
    assert bar_names(ax) == ["fan", "memory", "2 others together"]
    assert [bar.get_width() for bar in ax.patches] == [6, -4, 1.5]
    assert [text.get_text() for text in ax.texts] == ["+6", "−4", "+1.5"]
    top, bottom = ax.get_ylim()[::-1]
    assert top < bottom  # the first bar stands on top
    assert title(ax.figure) == "fan raises the score most, 80% of all that raises it"


def test_what_lowers_the_score_is_told_by_colour_and_hatch():
    ax = contribution_bars([6, -4], NAMES[:2]).axes[0]
    assert [to_hex(bar.get_facecolor()) for bar in ax.patches] == [ANOMALY.lower(), NORMAL.lower()]
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [False, True]
    words = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert words == ["raises the score", "lowers the score"]
    assert not contribution_bars([6, 4], NAMES[:2]).legends


def test_one_feature_left_over_gets_a_bar_of_its_own():
    assert bar_names(contribution_bars([4, 3, 2, 1], NAMES, top=3).axes[0]) == NAMES


def test_labels_say_the_value_and_what_is_usual():
    ax = contribution_bars(
        [4, 3, 2, 1], NAMES, values=[0.97, None, True, "slow"], usual=[0.31, 5, None, np.nan]
    ).axes[0]
    assert bar_names(ax) == [
        "cpu_load = 0.97, usually 0.31",
        "memory = missing, usually 5",
        "chip = yes",
        "fan = slow",
    ]
    long = contribution_bars([1], ["ratio_to_median_purchase_price"], values=[1234.5]).axes[0]
    assert bar_names(long) == ["ratio_to_media…urchase_price = 1,234"]


@pytest.mark.parametrize(
    "contributions, said",
    [
        ([62, 20, 10, 8], "cpu_load makes 62% of the score"),
        ([1, -5, 0, 0], "memory lowers the score by 5, more than any feature raises it"),
        ([0, 0, 0, 0], "No feature adds anything to the score"),
    ],
)
def test_the_title_says_the_finding(contributions, said):
    assert title(contribution_bars(contributions, NAMES)) == said
    assert title(contribution_bars(contributions, NAMES, title="Mine")) == "Mine"


def test_bars_name_what_does_not_fit():
    with pytest.raises(ValueError, match="names: 4 given for 2 features"):
        contribution_bars([1, 2], NAMES)
    with pytest.raises(ValueError, match="usual: 1 given for 4 features"):
        contribution_bars([1, 2, 3, 4], NAMES, values=NAMES, usual=[1])
    with pytest.raises(ValueError, match="contributions: 1 of 2 are NaN"):
        contribution_bars([1, np.nan], NAMES[:2])
    with pytest.raises(ValueError, match=r"contributions: shape \(2, 2\)"):
        contribution_bars(np.ones((2, 2)), NAMES[:2])
    with pytest.raises(ValueError, match="top: 0, expected 1 or more"):
        contribution_bars([1, 2], NAMES[:2], top=0)


def test_a_window_shows_its_strongest_features_and_shades_their_steps():
    figure = window_contributions(WINDOW, ADDED, NAMES[:3], top=2)
    first, second, bar = figure.axes
    assert [cell.get_title(loc="left") for cell in (first, second)] == ["memory  70%", "chip  30%"]
    np.testing.assert_allclose(first.lines[0].get_ydata(), WINDOW[:, 1])
    np.testing.assert_allclose(first.collections[0].get_array().ravel(), ADDED[:, 1])
    assert first.collections[0].norm.vmax == second.collections[0].norm.vmax == 4
    edges = first.collections[0].get_coordinates()[0, :, 0]
    np.testing.assert_allclose(edges, [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
    assert title(figure) == "memory makes 70% of the window's score, most of all at time 3"
    assert figure.get_supxlabel().startswith("2 of 3 features, with 100% of all contributions")
    assert bar.get_ylabel() == "contribution to the score"
    assert second.get_xlabel() == "time step"


def test_a_signed_window_hatches_what_lowers_the_score_and_says_when():
    times = pd.date_range("2024-03-01", periods=6, freq="5min", tz="Asia/Tokyo")
    added = ADDED.copy()
    added[:2, 1] = -5
    figure = window_contributions(WINDOW, added, NAMES[:3], times)
    norm = figure.axes[0].collections[0].norm
    assert (norm.vmin, norm.vmax) == (-5, 5)
    hatched = [drawn for drawn in figure.axes[0].collections if drawn.get_hatch()]
    assert len(hatched) == 1
    assert not [drawn for drawn in figure.axes[1].collections if drawn.get_hatch()]
    assert title(figure).endswith("of all contributions, most of all at 2024-02-29 15:00")
    assert "hatched" in figure.axes[-1].get_ylabel()


def test_a_window_that_nothing_explains_can_be_drawn():
    assert title(window_contributions(WINDOW, 0 * ADDED, NAMES[:3])).startswith("No feature adds")


def test_windows_name_what_does_not_fit():
    with pytest.raises(ValueError, match=r"shape \(6, 3\) with contributions of shape \(3,\)"):
        window_contributions(WINDOW, ADDED[0], NAMES[:3])
    with pytest.raises(ValueError, match="names: 2 given for 3 features"):
        window_contributions(WINDOW, ADDED, NAMES[:2])
    with pytest.raises(ValueError, match="times: 5 given for 6 time steps"):
        window_contributions(WINDOW, ADDED, NAMES[:3], times=STEPS[:5])
    with pytest.raises(ValueError, match="contributions: holds NaN"):
        window_contributions(WINDOW, ADDED * np.nan, NAMES[:3])
    with pytest.raises(ValueError, match="window: holds NaN or infinity"):
        window_contributions(WINDOW + np.inf, ADDED, NAMES[:3])
