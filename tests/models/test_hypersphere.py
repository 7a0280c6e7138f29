"""The laws of the hypersphere, worked out by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.models.hypersphere import Hypersphere


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


def test_the_center_is_the_mean_embedding_kept_away_from_zero():
    sphere = Hypersphere(5)
    embedding = np.array([[1.0, 0.02, -0.02, 0.0, -3.0], [3.0, 0.04, -0.04, 0.0, -1.0]])
    sphere.initialize(embedding)  # means 2, 0.03, -0.03, 0, -2
    np.testing.assert_allclose(numpy(sphere.center), [2.0, 0.1, -0.1, 0.1, -2.0], rtol=1e-6)


def test_a_placed_center_stays():
    sphere = Hypersphere(2)
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
    sphere.place(encoder, np.ones((4, 2), "float32"))
    sphere.place(encoder, np.full((4, 2), 7.0, "float32"))
    assert numpy(sphere.center).tolist() == [1.0, 1.0]


def test_the_center_moves_after_the_loss_by_its_rate():
    sphere = Hypersphere(2, center_rate=0.25)
    sphere.initialize(np.array([[1.0, 2.0]]))
    loss = sphere.loss(ops.array([[5.0, 2.0], [1.0, 6.0]]))  # mean (3, 4)
    assert float(loss) == 16.0  # to the old center
    assert numpy(sphere.center).tolist() == [1.5, 2.5]


def test_a_fixed_center_does_not_move():
    sphere = Hypersphere(2)
    sphere.initialize(np.array([[1.0, 2.0]]))
    sphere.loss(ops.array([[5.0, 2.0]]))
    assert numpy(sphere.center).tolist() == [1.0, 2.0]


def test_the_radius_is_the_quantile_once_warm_and_zero_before():
    sphere = Hypersphere(1, "soft-boundary", nu=0.25, warmup_epochs=2)
    sphere.initialize(np.array([[1.0]]))
    embedding = 1 + ops.reshape(ops.arange(5, dtype="float32"), (5, 1))  # distances 0 1 2 3 4
    for epoch in (0, 1):
        sphere.begin_epoch(epoch)
        assert float(sphere.loss(embedding)) == pytest.approx(4 * 30 / 5)
        assert float(sphere.radius) == 0.0
    sphere.begin_epoch(2)
    assert float(sphere.loss(embedding)) == pytest.approx(4 * 30 / 5)  # still to the old radius
    assert float(sphere.radius) == pytest.approx(3.0)  # the 75 % quantile
    assert float(sphere.loss(embedding)) == pytest.approx(9 + 4 * 7 / 5)
    np.testing.assert_allclose(numpy(sphere.score(embedding)), [-9, -8, -5, 0, 7], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "two-class"}, "objective 'two-class' is unknown; choose one of"),
        ({"nu": 0.0}, r"nu must lie in \(0, 1\], got 0"),
        ({"nu": 1.5}, r"nu must lie in \(0, 1\], got 1.5"),
        ({"center_rate": -0.1}, "center_rate must not be negative, got -0.1"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Hypersphere(2, **options)


def test_a_config_gives_the_same_sphere():
    sphere = Hypersphere(3, "soft-boundary", nu=0.3, warmup_epochs=4, center_rate=0.5)
    assert Hypersphere.from_config(sphere.get_config()).get_config() == sphere.get_config()


def test_samples_of_weight_zero_move_neither_center_nor_radius():
    embedding = 1 + ops.reshape(ops.arange(5, dtype="float32"), (5, 1))  # distances 0 1 2 3 4
    weights = ops.array([1.0, 2.0, 1.0, 0.0, 0.0])
    spheres = [Hypersphere(1, "soft-boundary", 0.25, 0, center_rate=0.5) for _ in range(2)]
    for sphere in spheres:
        sphere.initialize(np.array([[1.0]]))
        sphere.begin_epoch(0)
    assert float(spheres[0].loss(embedding, weights)) == pytest.approx(4 * (2 * 1 + 4) / 5)
    spheres[1].loss(embedding[:3])
    for a, b in zip(spheres[0].weights, spheres[1].weights, strict=True):
        np.testing.assert_allclose(numpy(a), numpy(b), rtol=1e-6)
    spheres[0].loss(embedding, ops.zeros(5))  # nothing to follow
    for a, b in zip(spheres[0].weights, spheres[1].weights, strict=True):
        np.testing.assert_allclose(numpy(a), numpy(b), rtol=1e-6)
