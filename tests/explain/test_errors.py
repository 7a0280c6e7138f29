import keras
import numpy as np
import pytest

from zoo import explain
from zoo.models import Autoencoder, DeepSVDD, Forecaster, HybridDeepSVDD, TransformerGAN
from zoo.nn.networks import (
    draw_weights,
    mlp,
    recurrent,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)


def test_an_autoencoders_errors_average_to_its_score():
    model = Autoencoder(draw_weights(mlp((5,), (3,)), 0), draw_weights(mlp((3,), (5,)), 1))
    x = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")
    found = explain.error_map(model, x)
    assert found.shape == x.shape
    np.testing.assert_allclose(found.mean(axis=1), model.predict(x, verbose=0), rtol=1e-5)


def test_a_forecaster_errs_in_the_last_row_alone():
    encoder, head = recurrent((None, 2), "gru", units=(3,)), mlp((3,), (2,))
    model = Forecaster(draw_weights(encoder, 0), draw_weights(head, 1))
    x = np.random.default_rng(0).normal(size=(4, 6, 2)).astype("float32")
    found = explain.error_map(model, x)
    assert not found[:, :-1].any()
    np.testing.assert_allclose(found[:, -1].mean(axis=1), model.predict(x, verbose=0), rtol=1e-5)


def test_a_hybrids_errors_sum_to_its_second_term():
    networks = mlp((5,), (3,), bias=False), mlp((3,), (5,))
    model = HybridDeepSVDD(*(draw_weights(network, 0) for network in networks))
    x = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")
    _, error = model.terms(x)
    expected = keras.ops.convert_to_numpy(error)
    np.testing.assert_allclose(explain.error_map(model, x).sum(axis=1), expected, rtol=1e-5)


def svdd():
    model = DeepSVDD(draw_weights(mlp((4,), (8, 3), bias=False), 0))
    model.sphere.initialize(np.full((1, 3), 0.5))
    return model


def test_the_squares_of_the_direction_sum_to_the_score():
    model, x = svdd(), np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    found = explain.embedding_direction(model, x)
    assert found.shape == (6, 3) and (found < 0).any()
    np.testing.assert_allclose((found**2).sum(axis=1), model.predict(x, verbose=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("score_by", "explained"),
    [("both", "part"), ("compactness", "nothing"), ("reconstruction", "all")],
)
def test_a_score_is_explained_by_errors_only_where_it_is_made_of_them(score_by, explained):
    networks = draw_weights(mlp((4,), (3,), bias=False), 0), draw_weights(mlp((3,), (4,)), 1)
    model = HybridDeepSVDD(*networks, score_by=score_by)
    assert model.errors_explain == explained
    if explained == "nothing":
        with pytest.raises(ValueError, match="does not score by the error of a reconstruction"):
            explain.error_map(model, np.zeros((1, 4)))
    else:
        assert explain.error_map(model, np.zeros((1, 4))).shape == (1, 4)


def test_errors_do_not_explain_what_the_discriminator_doubts():
    small = {"blocks": 1, "heads": 2, "width": 4, "feed_forward": 4}
    gan = transformer_reconstructor((6, 3), **small), window_generator((6, 3), 2, (4,), 2)
    gan = (*gan, window_discriminator((6, 3), (4,)))
    model = TransformerGAN(*gan, "joint", score_by="discriminator")
    with pytest.raises(ValueError, match="TransformerGAN does not score by the error"):
        explain.error_map(model, np.zeros((1, 6, 3)))
    for score_by, explained in (("both", "part"), ("reconstruction", "all")):
        assert TransformerGAN(*gan, "joint", score_by=score_by).errors_explain == explained


def test_models_that_cannot_say_what_can():
    with pytest.raises(ValueError, match="DeepSVDD does not score by.*integrated_gradients"):
        explain.error_map(svdd(), np.zeros((1, 4)))
    model = Autoencoder(mlp((4,), (3,)), mlp((3,), (4,)))
    with pytest.raises(ValueError, match="Autoencoder has no center"):
        explain.embedding_direction(model, np.zeros((1, 4)))
    with pytest.raises(ValueError, match="Autoencoder has no attention"):
        explain.attention(model, np.zeros((1, 4)))
