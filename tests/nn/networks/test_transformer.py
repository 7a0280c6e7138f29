"""Transformers for windows: shapes, weights counted by hand, and what attends to what."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.nn.networks import (
    draw_weights,
    transformer,
    transformer_decoder,
    transformer_reconstructor,
)

SMALL = {"blocks": 2, "heads": 2, "width": 6, "feed_forward": 5}


def block(width, feed_forward):
    """Weights of a block: four square maps, two of the hidden layer, two layer norms."""
    attention = 4 * (width * width + width)
    hidden = width * feed_forward + feed_forward + feed_forward * width + width
    return attention + hidden + 4 * width


def windows(count=3, features=4):
    return np.random.default_rng(0).normal(size=(count, 7, features)).astype("float32")


def test_shapes_and_weights_by_hand():
    blocks = (4 * 6 + 6) + 2 * block(6, 5)
    encoder = transformer((7, 4), **SMALL, embedding=3)
    assert (encoder.input_shape, encoder.output_shape) == ((None, 7, 4), (None, 3))
    assert encoder.count_params() == blocks + 6 * 3 + 3

    decoder = transformer_decoder((7, 4), **SMALL, embedding=3)
    assert (decoder.input_shape, decoder.output_shape) == ((None, 3), (None, 7, 4))
    assert decoder.count_params() == (3 * 6 + 6) + 2 * block(6, 5) + 6 * 4 + 4

    network = transformer_reconstructor((7, 4), **SMALL)
    assert network.output_shape == [(None, 7, 4), (None, 6)]
    assert network.count_params() == blocks + 6 * 4 + 4

    narrow = transformer_reconstructor((7, 4), **SMALL, bottleneck=3)
    assert narrow.output_shape == [(None, 7, 4), (None, 3)]
    assert narrow.count_params() == blocks + (7 * 6 * 3 + 3) + (3 * 28 + 28)


def test_an_odd_width_and_one_head_will_do():
    network = transformer_reconstructor((5, 2), blocks=1, heads=1, width=3, feed_forward=4)
    assert network.count_params() == (2 * 3 + 3) + block(3, 4) + 3 * 2 + 2
    assert np.all(np.isfinite(network.predict(np.ones((2, 5, 2)), verbose=0)[0]))


@pytest.mark.parametrize("build", [transformer, transformer_decoder, transformer_reconstructor])
def test_heads_that_do_not_divide_the_width_are_refused(build):
    with pytest.raises(ValueError, match="4 attention heads do not divide a width of 6"):
        build((7, 4), heads=4, width=6)


def test_a_window_of_unknown_length_is_refused():
    with pytest.raises(ValueError, match="expected a known window length"):
        transformer((None, 4), **SMALL)


def test_states_are_normalised_after_each_sum():
    """The last layer norm starts as none but that, so the states behind it have its mean and 1."""
    network = draw_weights(transformer_reconstructor((7, 4), **SMALL), 0)
    last = [n for n in network.layers if isinstance(n, keras.layers.LayerNormalization)][-1]
    states = keras.Model(network.input, last.output).predict(5 * windows(), verbose=0)
    np.testing.assert_allclose(states.mean(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(states.std(axis=-1), 1, rtol=1e-3)


def test_the_embedding_is_the_mean_state_or_the_code():
    network = draw_weights(transformer_reconstructor((7, 4), **SMALL), 0)
    last = [n for n in network.layers if isinstance(n, keras.layers.LayerNormalization)][-1]
    states, found = keras.Model(network.input, [last.output, network.outputs[1]]).predict(
        windows(), verbose=0
    )
    np.testing.assert_allclose(found, states.mean(axis=1), atol=1e-5)

    narrow = draw_weights(transformer_reconstructor((7, 4), **SMALL, bottleneck=3), 0)
    reconstructed, code = narrow.predict(windows(), verbose=0)
    kernel, bias = narrow.layers[-2].get_weights()
    np.testing.assert_allclose(reconstructed.reshape(3, 28), code @ kernel + bias, atol=1e-4)


def test_order_matters_by_the_positions_alone():
    network = draw_weights(transformer((7, 4), **SMALL), 0)
    flat = np.ones((1, 7, 4), "float32")
    reconstructed = draw_weights(transformer_reconstructor((7, 4), **SMALL), 0).predict(
        flat, verbose=0
    )
    assert np.std(reconstructed[0], axis=1).min() > 1e-3  # equal rows, told apart
    there, back = (network.predict(x, verbose=0) for x in (windows(), windows()[:, ::-1]))
    assert np.abs(there - back).max() > 1e-3


def test_dropout_works_in_training_only():
    network = draw_weights(transformer((7, 4), **SMALL, dropout=0.5), 0)
    calm, again, wild = (
        np.array(ops.convert_to_numpy(network(windows(), training=training)))
        for training in (False, False, True)
    )
    np.testing.assert_array_equal(calm, again)
    assert np.abs(wild - calm).max() > 1e-3
    droppers = [n for n in network.layers if isinstance(n, keras.layers.Dropout)]
    assert len(droppers) == 1 + 2 * 3  # positions; then of each block both sums and inside
    assert all(dropper.rate == 0.5 for dropper in droppers)
