"""Attention is what each layer computes, and of the windows that the network sees."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import explain
from zoo.explain import attention_weights
from zoo.models import Autoencoder, TransformerGAN
from zoo.nn.networks import (
    draw_weights,
    mlp,
    transformer,
    transformer_decoder,
    transformer_reconstructor,
)

SMALL = {"blocks": 2, "heads": 2, "width": 6, "feed_forward": 5}


def windows():
    return np.random.default_rng(0).normal(size=(3, 7, 4)).astype("float32")


def test_it_is_that_of_what_the_network_sees():
    options = {"blocks": 2, "heads": 2, "width": 8, "feed_forward": 8}
    network = draw_weights(transformer_reconstructor((6, 3), **options), 0)
    x = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("float32") + 5
    found = explain.attention(TransformerGAN(network, normalize="center"), x)
    assert found.shape == (4, 2, 2, 6, 6) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)
    centered = x - x.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found, attention_weights(network, centered), atol=1e-5)


def test_the_network_that_reads_the_samples_is_looked_at():
    encoder = draw_weights(transformer((7, 4), **SMALL, embedding=3), 0)
    decoder = draw_weights(transformer_decoder((7, 4), **SMALL, embedding=3), 1)
    found = explain.attention(Autoencoder(encoder, decoder), windows())
    np.testing.assert_allclose(found, attention_weights(encoder, windows()), atol=1e-6)
    dense = mlp((7, 4), (3,), name="encoder")
    with pytest.raises(ValueError, match="Autoencoder has no attention"):  # the decoder has
        explain.attention(Autoencoder(dense, decoder), windows())


@pytest.mark.parametrize("make", [transformer, transformer_decoder, transformer_reconstructor])
def test_attention_is_what_each_layer_computes(make):
    """Equal to Keras' own scores, layer by layer; what a row attends to sums to 1."""
    network = draw_weights(make((7, 4), **SMALL, dropout=0.1), 0)
    x = np.random.default_rng(0).normal(size=(3, *network.input_shape[1:])).astype("float32")
    weights = attention_weights(network, x)
    assert weights.shape == (3, 2, 2, 7, 7) and weights.dtype == "float32"
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
    layers = [n for n in network.layers if isinstance(n, keras.layers.MultiHeadAttention)]
    for depth, layer in enumerate(layers):
        states = keras.Model(network.input, layer.input[0])(x, training=False)
        _, scores = layer(states, states, return_attention_scores=True, training=False)
        np.testing.assert_allclose(weights[:, depth], ops.convert_to_numpy(scores), atol=1e-5)


def test_attention_is_found_after_a_file_and_other_uses(tmp_path):
    network = draw_weights(transformer((7, 4), **SMALL), 0)
    expected = attention_weights(network, windows())
    other = keras.Input((7, 4))
    keras.Model(other, network(other * 2.0))
    np.testing.assert_array_equal(attention_weights(network, windows()), expected)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(attention_weights(loaded, windows()), expected, atol=1e-6)


def test_a_network_without_attention_is_refused():
    with pytest.raises(ValueError, match="network 'mlp' has no attention layer"):
        attention_weights(mlp((4,), (3,)), np.zeros((1, 4)))


@pytest.mark.parametrize("policy", ["mixed_bfloat16"])
def test_half_precision_positions_and_attention(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = draw_weights(transformer_reconstructor((7, 4), **SMALL), 0)
        weights = attention_weights(network, windows())
    finally:
        keras.config.set_dtype_policy(before)
    assert network.compute_dtype == "bfloat16"
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
