"""Generator and discriminator of windows: weights counted by hand, and what they are made of."""

import keras
import numpy as np
from keras import layers

from zoo.nn.networks import draw_weights, window_discriminator, window_generator


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def test_the_generator_by_hand():
    network = window_generator((6, 3), latent=4, units=(8, 10), width=5)
    assert (network.input_shape, network.output_shape) == ((None, 4), (None, 6, 3))
    hidden = (4 * 8 + 8 + 2 * 8) + (8 * 10 + 10 + 2 * 10)  # dense, then a scale and a shift
    assert trainable(network) == hidden + (10 * 30 + 30) + (5 * 3 + 3)
    norms = [n for n in network.layers if isinstance(n, layers.BatchNormalization)]
    assert [norm.momentum for norm in norms] == [0.9, 0.9]  # torch calls this momentum 0.1


def test_time_steps_are_squashed_and_the_features_are_not():
    network = draw_weights(window_generator((6, 3), latent=4, units=(8,), width=5), 0)
    steps = keras.Model(network.input, network.layers[-2].output)
    noise = 1e3 * np.random.default_rng(0).normal(size=(9, 4)).astype("float32")
    inside = steps.predict(noise, verbose=0)
    assert inside.shape == (9, 6, 5)
    assert np.abs(inside).max() <= 1
    kernel, _ = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel, np.full(3, 50.0)])
    assert network.predict(noise, verbose=0).min() > 40


def test_the_discriminator_by_hand():
    network = window_discriminator((6, 3), units=(8, 4), dropout=0.3)
    assert (network.input_shape, network.output_shape) == ((None, 6, 3), (None, 1))
    assert trainable(network) == (18 * 8 + 8) + (8 * 4 + 4) + (4 + 1)
    names = [type(layer).__name__ for layer in network.layers]
    assert names == ["InputLayer", "Flatten", *2 * ["Dense", "LeakyReLU", "Dropout"], "Dense"]
    assert network.layers[3].negative_slope == 0.2


def test_the_discriminator_gives_logits():
    network = window_discriminator((6, 3), units=())
    network.set_weights([np.ones((18, 1)), np.array([-4.0])])
    x = np.stack([np.zeros((6, 3)), np.ones((6, 3))])
    np.testing.assert_allclose(network.predict(x, verbose=0), [[-4.0], [14.0]], rtol=1e-6)


def test_a_seed_fixes_both():
    for build in (window_generator, window_discriminator):
        first, same, other = (
            draw_weights(build((4, 2), units=(3,)), seed).get_weights() for seed in (0, 0, 1)
        )
        assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
        assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
