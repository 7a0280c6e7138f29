import keras
import numpy as np
import pytest
from keras import layers

from zoo import explain
from zoo.models import Autoencoder, DeepSVDD, HybridDeepSVDD
from zoo.nn.networks import draw_weights, lenet, lenet_decoder, mlp


def one_filter():
    """An encoder whose one filter copies the image, and a dense layer that sums one corner."""
    image = keras.Input((4, 4, 1))
    maps = layers.Conv2D(1, 1, use_bias=False, name="copy")(image)
    code = layers.Dense(1, use_bias=False, name="corner")(layers.Flatten()(maps))
    network = keras.Model(image, code)
    corner = np.zeros((16, 1))
    corner[[0, 1]] = 1.0
    network.get_layer("copy").set_weights([np.ones((1, 1, 1, 1))])
    network.get_layer("corner").set_weights([corner])
    return network


def svdd(encoder):
    model = DeepSVDD(encoder)
    model.sphere.center.assign(np.zeros(model.sphere.dimension))
    return model


def test_the_map_by_hand():
    image = np.ones((1, 4, 4, 1))
    image[0, 0, 1] = 3.0
    # z = 1 + 3, s = z², ∂s/∂A = 2z in the corner's two pixels; times A.
    found = explain.grad_cam(svdd(one_filter()), image)[0]
    np.testing.assert_allclose(found[0, :2], [8.0, 24.0])
    assert not found[1:].any() and not found[0, 2:].any()


def test_the_original_spreads_the_gradient_over_all_places():
    image = np.ones((1, 4, 4, 1))
    found = explain.grad_cam(svdd(one_filter()), image, pooled=True)[0]
    np.testing.assert_allclose(found, np.full((4, 4), 2 * 4.0 / 16), rtol=1e-6)


def test_what_normal_images_have_is_not_anomalous():
    image = np.ones((1, 4, 4, 1))
    image[0, 0, 1] = 3.0
    found = explain.grad_cam(svdd(one_filter()), image, normal=np.ones((5, 4, 4, 1)))[0]
    np.testing.assert_allclose(found[0, :2], [0.0, 16.0])


def test_another_score_of_the_same_network():
    model, image = svdd(one_filter()), np.ones((1, 4, 4, 1))
    twice = explain.grad_cam(model, image, score=lambda x: 2 * model.score(x))
    np.testing.assert_allclose(twice, 2 * explain.grad_cam(model, image), rtol=1e-6)


def digits():
    return np.random.default_rng(0).uniform(size=(3, 28, 28, 1)).astype("float32")


def hybrid():
    networks = lenet((28, 28, 1), 16, (2, 2)), lenet_decoder((28, 28, 1), 16, (2, 2))
    model = HybridDeepSVDD(*(draw_weights(network, 0) for network in networks))
    model.term_totals.assign([1.0, 1.0])
    model.samples_seen.assign(1.0)
    model.sphere.initialize(np.ones((1, 16)))
    return model


def test_every_convolution_of_both_networks_has_a_map():
    model, x = hybrid(), digits()
    names = explain.convolutions(model)
    assert len(names) == 5  # two of the encoder, three of the decoder
    for name in names:
        found = explain.grad_cam(model, x, name)
        assert found.shape == (3, 28, 28) and found.min() >= 0 and found.max() > 0


def test_the_model_scores_as_before():
    model, x = hybrid(), digits()
    before = model.predict(x, verbose=0)
    explain.grad_cam(model, x)
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)
    assert all("call" not in vars(layer) for layer in model.encoder.layers)


def test_without_convolution_says_what_fits():
    model = Autoencoder(mlp((6,), (3,)), mlp((3,), (6,)))
    with pytest.raises(ValueError, match="no convolutional layer.*integrated_gradients.*error_map"):
        explain.grad_cam(model, np.zeros((1, 6)))


def test_an_unknown_layer_lists_those_there_are():
    model = svdd(one_filter())
    with pytest.raises(ValueError, match="no layer 'conv9'; choose one of copy"):
        explain.grad_cam(model, np.zeros((1, 4, 4, 1)), "conv9")


def test_a_layer_without_places_is_refused():
    with pytest.raises(ValueError, match="'corner' gives .*expected one map.*copy"):
        explain.grad_cam(svdd(one_filter()), np.zeros((1, 4, 4, 1)), "corner")
