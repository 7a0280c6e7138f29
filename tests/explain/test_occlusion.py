import keras
import numpy as np
import pytest

from zoo import explain
from zoo.models.base import AnomalyModel


class Sum(AnomalyModel):
    """s(x) = Σ x², of samples of any shape."""

    def __init__(self, shape):
        super().__init__()
        self.build((None, *shape))

    def score(self, x):
        return keras.ops.sum(x**2, axis=tuple(range(1, len(x.shape))))


def test_a_feature_is_worth_what_the_score_falls_by():
    x = np.array([[1.0, -2.0, 3.0]])
    np.testing.assert_allclose(explain.occlusion(Sum((3,)), x), [[1, 4, 9]])
    np.testing.assert_allclose(
        explain.occlusion(Sum((3,)), x, baseline=[1.0, 1.0, 1.0]), [[0, 3, 8]]
    )


def test_a_windows_part_shares_its_fall_among_its_steps():
    x = np.arange(8.0).reshape(1, 4, 2)
    whole = explain.occlusion(Sum((4, 2)), x)
    np.testing.assert_allclose(whole[0, 0], (x[0] ** 2).sum(axis=0) / 4)
    np.testing.assert_allclose(whole.sum(), (x**2).sum())
    steps = explain.occlusion(Sum((4, 2)), x, size=1)
    np.testing.assert_allclose(steps, x**2)
    uneven = explain.occlusion(Sum((4, 2)), x, size=3)
    np.testing.assert_allclose(uneven.sum(), (x**2).sum())


def test_an_image_is_covered_by_squares():
    x = np.zeros((1, 6, 6, 1))
    x[0, 4, 5] = 3.0
    found = explain.occlusion(Sum((6, 6, 1)), x, size=3)[0, :, :, 0]
    np.testing.assert_allclose(found[3:, 3:], np.full((3, 3), 1.0))
    assert not found[:3].any() and not found[:, :3].any()


def test_refuses_a_part_of_no_size():
    with pytest.raises(ValueError, match="size is 0"):
        explain.occlusion(Sum((3,)), np.zeros((1, 3)), size=0)
