"""Heat over images: each map by its own maximum, samples named, agreement said."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from zoo.report.figures import attribution_grid
from zoo.report.figures.attributions import GRAY_RANGE, HEAT, MAX_OPACITY, overlay
from zoo.report.figures.style import ANOMALY, NORMAL

pytestmark = pytest.mark.once


RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (3, 5, 5, 1))
MAP = RNG.uniform(size=(3, 5, 5))


def title(figure):
    return " ".join(figure.get_suptitle().split())


def test_a_row_of_images_above_a_row_for_each_variant():
    figure = attribution_grid(
        IMAGES, {"fixed": MAP, "moving": MAP}, [0.5, 1, 20], [0, 0, 1], ["low", "middle", "high"]
    )
    cells, bar = np.reshape(figure.axes[:-1], (3, 3)), figure.axes[-1]
    assert [cell.get_title() for cell in cells[0]] == [
        "low\nscore 0.5\nnormal",
        "middle\nscore 1\nnormal",
        "high\nscore 20\nanomaly",
    ]
    assert [cell.get_ylabel() for cell in cells[:, 0]] == ["image", "fixed", "moving"]
    frames = [to_hex(cell.spines["left"].get_edgecolor()) for cell in cells[0]]
    assert frames == [NORMAL.lower(), NORMAL.lower(), ANOMALY.lower()]
    shown = cells[0, 1].images[0].get_array()
    assert (shown.min(), shown.max()) == (0, 1)
    np.testing.assert_allclose(cells[1, 2].images[0].get_array(), overlay(shown_of(2), MAP[2]))
    assert bar.get_ylabel() == "share of each map's own maximum"


def shown_of(index):
    image = IMAGES[index, ..., 0]
    return (image - image.min()) / np.ptp(image)


def test_heat_covers_the_grey_image_and_does_not_know_its_scale():
    heat = np.array([[0.0, 1.0]])
    painted = overlay(np.array([[1.0, 0.0]]), 7 * heat)
    np.testing.assert_allclose(painted[0, 0], GRAY_RANGE[1])
    np.testing.assert_allclose(
        painted[0, 1], (1 - MAX_OPACITY) * GRAY_RANGE[0] + MAX_OPACITY * np.array(HEAT(1.0)[:3])
    )
    np.testing.assert_allclose(painted, overlay(np.array([[1.0, 0.0]]), heat))


def test_the_title_says_how_far_maps_agree():
    assert title(attribution_grid(IMAGES, {"a": MAP, "b": 3 * MAP})) == (
        "The variants' maps agree: mean correlation 1.00"
    )
    assert "disagree: mean correlation -1.00" in title(
        attribution_grid(IMAGES, {"a": MAP, "b": 1 - MAP})
    )
    assert title(attribution_grid(IMAGES, {"fixed": MAP})) == (
        "Where fixed finds what raises the score"
    )


def test_an_empty_map_is_said_to_be_empty_and_colour_images_are_shown():
    figure = attribution_grid(
        np.ones((2, 4, 4, 3)), {"a": np.zeros((2, 4, 4)), "b": np.ones((2, 4, 4))}
    )
    said = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert said == ["all 0", "all 0"]
    assert title(figure) == "The maps are even, so they point at nothing"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"images": IMAGES[..., 0]}, r"images: shape \(3, 5, 5\), expected"),
        ({"images": IMAGES * np.nan}, "images: hold NaN"),
        ({"maps": {}}, "maps: none given"),
        ({"maps": {"a": MAP[:2]}}, r"maps of 'a': shape \(2, 5, 5\), expected \(3, 5, 5\)"),
        ({"maps": {"a": -MAP}}, "maps of 'a': hold negative numbers"),
        ({"scores": [1, 2]}, "scores: 2 given for 3 images"),
        ({"labels": [0, 1]}, "labels: shape"),
        ({"columns": ["one"]}, "columns: 1 names for 3 images"),
    ],
)
def test_the_grid_names_what_does_not_fit(change, message):
    with pytest.raises(ValueError, match=message):
        attribution_grid(**({"images": IMAGES, "maps": {"a": MAP}} | change))
