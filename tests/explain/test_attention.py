import numpy as np

from zoo import explain
from zoo.models import TransformerGAN
from zoo.nn.networks import draw_weights, transformer_reconstructor
from zoo.nn.networks.transformer import attention_weights


def test_it_is_that_of_what_the_network_sees():
    options = {"blocks": 2, "heads": 2, "width": 8, "feed_forward": 8}
    network = draw_weights(transformer_reconstructor((6, 3), **options), 0)
    x = np.random.default_rng(0).normal(size=(4, 6, 3)).astype("float32") + 5
    found = explain.attention(TransformerGAN(network, normalize="center"), x)
    assert found.shape == (4, 2, 2, 6, 6) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)
    centered = x - x.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found, attention_weights(network, centered), atol=1e-5)
