"""One optimizer a part: each moves its own part, by its own rule, through save and load."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.optimizers import SGD, Adam, LossScaleOptimizer

from zoo.models import Autoencoder
from zoo.nn.networks import draw_weights, mlp


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


def autoencoder(**optimizers):
    networks = draw_weights(mlp((4,), (3,)), 0), draw_weights(mlp((3,), (4,)), 1)
    model = Autoencoder(*networks, noise=0.0)
    model.compile(**optimizers)
    return model


def weights(model):
    return model.encoder.get_weights(), model.decoder.get_weights()


@pytest.fixture
def x():
    return (1 + np.random.default_rng(0).normal(size=(16, 4))).astype("float32")


def assert_same(found, expected, **tolerance):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, **(tolerance or {"rtol": 0}))


def test_each_part_moves_by_its_own_rule(x):
    both = autoencoder(encoder=SGD(0.1), decoder=Adam(0.01))
    sgd, adam = autoencoder(optimizer=SGD(0.1)), autoencoder(optimizer=Adam(0.01))
    for model in (both, sgd, adam):
        model.train_on_batch(x)
    assert_same(weights(both)[0], weights(sgd)[0], atol=1e-7)
    assert_same(weights(both)[1], weights(adam)[1], atol=1e-7)


def test_a_part_with_rate_zero_rests(x):
    model = autoencoder(encoder=SGD(0.0), decoder=SGD(0.1))
    encoder, decoder = weights(model)
    model.fit(x, epochs=2, verbose=0)
    assert_same(weights(model)[0], encoder)
    assert all(np.any(a != b) for a, b in zip(weights(model)[1], decoder, strict=True))


def test_save_and_load_keep_both_optimizers_and_their_slots(x, tmp_path):
    model = autoencoder(encoder=Adam(0.01), decoder=SGD(0.1, momentum=0.9))
    model.fit(x, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    slots = [numpy(v) for v in model.optimizer.variables]
    assert len(slots) == 1 + 1 + (2 + 2 * 2) + (2 + 2)  # own two, Adam's, momentum's
    assert_same([numpy(v) for v in loaded.optimizer.variables], slots)
    for each in (model, loaded):
        each.fit(x, epochs=1, shuffle=False, verbose=0)
    for a, b in zip(weights(loaded), weights(model), strict=True):
        assert_same(a, b, atol=1e-6)


def test_callbacks_steer_the_first_rate(x):
    model = autoencoder(encoder=SGD(0.1), decoder=SGD(0.2))
    callback = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    model.fit(x, epochs=1, verbose=0, callbacks=[callback])
    first, second = model.optimizer.by_part.values()
    assert float(numpy(first.learning_rate)) == pytest.approx(0.05)
    assert float(numpy(second.learning_rate)) == pytest.approx(0.2)


def test_parts_with_different_loss_scales_take_equal_steps(x):
    plain = autoencoder(encoder=SGD(0.1), decoder=SGD(0.1))
    scaled = autoencoder(
        encoder=LossScaleOptimizer(SGD(0.1), initial_scale=2.0),
        decoder=LossScaleOptimizer(SGD(0.1), initial_scale=64.0),
    )
    for model in (plain, scaled):
        model.train_on_batch(x)
    for a, b in zip(weights(scaled), weights(plain), strict=True):
        assert_same(a, b, atol=1e-7)


@pytest.mark.parametrize("part", ["critic", "loss", "means", "score"])
def test_an_unknown_part_is_refused(part):
    with pytest.raises(ValueError, match=f"no part '{part}'.* for encoder, decoder"):
        autoencoder(**{part: "adam"})


def test_a_part_without_an_optimizer_is_refused(x):
    with pytest.raises(ValueError, match="also trains 'decoder'; add decoder="):
        autoencoder(encoder="adam").train_on_batch(x)
