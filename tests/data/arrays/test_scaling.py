"""Contrast normalisation, checked against numbers worked out by hand."""

import json

import numpy as np
import pytest

from zoo.data.arrays.scaling import ContrastNormalizer

pytestmark = pytest.mark.once


def test_by_hand():
    # [0, 0, 0, 8]: mean 2, mean |x - 2| = (2 + 2 + 2 + 6) / 4 = 3, so g = [-2/3, -2/3, -2/3, 2].
    normalizer = ContrastNormalizer()
    scaled = normalizer.fit_transform(np.array([[0, 0, 0, 8]], dtype=np.uint8))
    assert (normalizer.minimum_, normalizer.maximum_) == pytest.approx((-2 / 3, 2))
    np.testing.assert_allclose(scaled, [[0, 0, 0, 1]], atol=1e-6)
    # [0, 0, 4, 4] has g = [-1, -1, 1, 1]: (-1 + 2/3) / (8/3) and (1 + 2/3) / (8/3).
    np.testing.assert_allclose(
        normalizer.transform(np.array([[0, 0, 4, 4]])), [[-0.125, -0.125, 0.625, 0.625]], atol=1e-6
    )


def test_brightness_and_contrast_of_a_sample_do_not_matter():
    images = np.random.default_rng(0).normal(size=(4, 5, 5, 2))
    normalizer = ContrastNormalizer().fit(images)
    np.testing.assert_allclose(
        normalizer.transform(3 * images + 7), normalizer.transform(images), atol=1e-5
    )


def test_training_set_fills_zero_to_one_and_input_stays_as_it_was():
    images = np.random.default_rng(0).integers(0, 255, size=(6, 4, 4, 1)).astype(np.float32)
    before = images.copy()
    scaled = ContrastNormalizer().fit_transform(images)
    assert scaled.dtype == np.float32 and (scaled.min(), scaled.max()) == (0, 1)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(scaled, ContrastNormalizer().fit(images).transform(images))


@pytest.mark.parametrize("level", [0.0, 0.1, 255.0])
def test_a_constant_image_stays_finite_and_flat(level):
    normalizer = ContrastNormalizer().fit(np.array([[0.0, 1.0, 2.0]]))
    flat = normalizer.transform(np.full((1, 3), level))
    np.testing.assert_allclose(flat, 0.5)  # g = 0, halfway between -1.5 and 1.5


def test_what_was_learned_survives_json():
    images = np.random.default_rng(0).normal(size=(3, 4, 4, 1))
    normalizer = ContrastNormalizer().fit(images)
    restored = ContrastNormalizer.from_dict(json.loads(json.dumps(normalizer.to_dict())))
    np.testing.assert_array_equal(restored.transform(images), normalizer.transform(images))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.ones((3, 2, 2)), "all 3 training images are constant"),
        (np.array([[0.0, 1.0], [0.0, np.nan]]), "1 images hold NaN.* position 1"),
        (np.zeros(4), r"shape \(4,\)"),
        (np.zeros((0, 2)), "0 training images"),
    ],
)
def test_errors_say_what_was_found(images, message):
    with pytest.raises(ValueError, match=message):
        ContrastNormalizer().fit(images)


def test_transform_before_fit_is_an_error():
    with pytest.raises(ValueError, match="call fit first"):
        ContrastNormalizer().transform(np.ones((1, 2)))


def test_without_equalizing_brightness_stays():
    bright, dark = np.array([[100.0, 200.0], [0.0, 50.0]])
    plain = ContrastNormalizer(equalize=False).fit(np.array([bright, dark]))
    np.testing.assert_allclose(plain.transform(np.array([bright, dark])), [[0.5, 1], [0, 0.25]])
    again = ContrastNormalizer.from_dict(plain.to_dict())
    np.testing.assert_array_equal(again.transform([dark]), plain.transform([dark]))
