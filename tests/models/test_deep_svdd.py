"""The laws of Deep SVDD through `fit`: the sphere's state moves on every backend alike."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.models import DeepSVDD
from zoo.nn.networks import draw_weights, lenet, mlp


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


@pytest.fixture
def x():
    return (1 + np.random.default_rng(0).normal(size=(20, 4))).astype("float32")


def encoder():
    return draw_weights(mlp((4,), units=(5, 3), activation="tanh", bias=False), 0)


def test_the_center_moves_towards_the_batch_after_the_loss(x):
    model = DeepSVDD(encoder(), center_rate=0.25)
    model.compile(keras.optimizers.SGD(0.1))
    model.before_fit(x)
    center, z = numpy(model.sphere.center), model.encoder.predict(x, verbose=0)
    loss = model.train_on_batch(x, return_dict=True)["loss"]
    assert float(loss) == pytest.approx(np.mean(np.sum((z - center) ** 2, axis=1)), rel=1e-5)
    expected = center + 0.25 * (z.mean(axis=0) - center)
    np.testing.assert_allclose(numpy(model.sphere.center), expected, rtol=1e-5)
    assert np.any(model.encoder.predict(x, verbose=0) != z)


def test_no_gradient_flows_through_the_moving_center(x):
    weights = []
    for rate in (0.0, 0.5):
        model = DeepSVDD(encoder(), center_rate=rate)
        model.compile(keras.optimizers.SGD(0.1))
        model.before_fit(x)
        model.train_on_batch(x)
        weights.append(model.encoder.get_weights())
    for fixed, moving in zip(*weights, strict=True):
        np.testing.assert_allclose(fixed, moving, rtol=1e-6)


def test_fit_places_a_fixed_center_once(x):
    model = DeepSVDD(encoder())
    mean = model.encoder.predict(x, verbose=0).mean(axis=0)
    expected = np.where(np.abs(mean) < 0.1, np.where(mean < 0, -0.1, 0.1), mean)
    model.compile(keras.optimizers.SGD(0.01))
    model.fit(x, epochs=2, verbose=0)
    np.testing.assert_allclose(numpy(model.sphere.center), expected, rtol=1e-5)
    model.fit(x + 5, epochs=2, verbose=0)
    np.testing.assert_allclose(numpy(model.sphere.center), expected, rtol=1e-5)


def test_the_radius_follows_its_quantile_once_warm(x):
    model = DeepSVDD(encoder(), "soft-boundary", nu=0.3, warmup_epochs=2)
    model.compile(keras.optimizers.SGD(0.0))  # nothing moves, so that the radius is known
    radii = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: radii.append(float(numpy(model.sphere.radius)))
    )
    with pytest.warns(match="the weights did not move"):
        model.fit(x, batch_size=20, epochs=4, verbose=0, callbacks=[look])
    z = model.encoder.predict(x, verbose=0)
    distance = np.linalg.norm(z - numpy(model.sphere.center), axis=1)
    quantile = np.quantile(distance, 0.7)
    np.testing.assert_allclose(radii, [0, 0, quantile, quantile], rtol=1e-5)
    scores = model.predict(x, verbose=0)
    np.testing.assert_allclose(scores, distance**2 - quantile**2, atol=1e-5)
    assert np.sum(scores > 0) == 6  # ν of the 20


def test_batch_statistics_move_while_learning_only():
    x = np.random.default_rng(0).uniform(size=(8, 28, 28, 1)).astype("float32")
    model = DeepSVDD(draw_weights(lenet((28, 28, 1), embedding=4, filters=(2, 2)), 0))
    model.compile(keras.optimizers.SGD(0.0))
    model.before_fit(x)
    norm = next(
        layer
        for layer in model.encoder.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    )
    model.test_on_batch(x)
    model.predict(x, verbose=0)
    assert np.all(numpy(norm.moving_mean) == 0)
    model.train_on_batch(x)
    convolved = keras.Model(model.encoder.input, norm.input).predict(x, verbose=0)
    expected = 0.1 * convolved.mean(axis=(0, 1, 2))  # momentum 0.9, from zero
    np.testing.assert_allclose(numpy(norm.moving_mean), expected, rtol=1e-4)


def test_a_generator_cannot_place_the_center(x):
    model = DeepSVDD(encoder())
    model.compile("adam")
    with pytest.raises(ValueError, match="a generator can be read only once"):
        model.fit((x for _ in range(4)), steps_per_epoch=2)


def test_a_center_placed_by_hand_lets_a_generator_train(x):
    model = DeepSVDD(encoder())
    model.compile(keras.optimizers.SGD(0.01))
    model.sphere.initialize(np.full((1, 3), 0.5))
    model.fit(((x,) for _ in range(4)), steps_per_epoch=2, epochs=2, verbose=0)
    np.testing.assert_array_equal(numpy(model.sphere.center), np.full(3, 0.5, "float32"))
