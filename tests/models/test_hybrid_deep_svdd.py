"""The laws of the hybrid: one encoder, two terms, scales that make them comparable."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.models import DeepSVDD, HybridDeepSVDD
from zoo.models.collapse import CollapseWarning
from zoo.nn.networks import draw_weights, mlp


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


@pytest.fixture
def x():
    return (1 + np.random.default_rng(0).normal(size=(20, 4))).astype("float32")


def hybrid(weight_decay=0.0, **options):
    encoder = draw_weights(mlp((4,), units=(5, 3), activation="tanh", bias=False), 0)
    decoder = draw_weights(mlp((3,), units=(4,)), 1)
    return HybridDeepSVDD(encoder, decoder, weight_decay=weight_decay, **options)


def step(model, x, rate=0.1):
    """How far one plain gradient step moves the encoder's and the decoder's weights."""
    before = model.encoder.get_weights(), model.decoder.get_weights()
    model.compile(keras.optimizers.SGD(rate))
    model.before_fit(x)
    model.train_on_batch(x)
    after = model.encoder.get_weights(), model.decoder.get_weights()
    return [
        [b - a for a, b in zip(new, old, strict=True)]
        for new, old in zip(after, before, strict=True)
    ]


def test_reconstruction_alone_moves_the_shared_encoder(x):
    encoder, decoder = step(hybrid(compactness_weight=0.0), x)
    assert all(np.any(move != 0) for move in [*encoder, *decoder])


def test_without_reconstruction_the_encoder_moves_as_in_deep_svdd_and_the_decoder_rests(x):
    model = hybrid(reconstruction_weight=0.0)
    plain = DeepSVDD(keras.models.clone_model(model.encoder), weight_decay=0.0)
    plain.encoder.set_weights(model.encoder.get_weights())
    encoder, decoder = step(model, x)
    before = plain.encoder.get_weights()
    plain.compile(keras.optimizers.SGD(0.1))
    plain.before_fit(x)
    plain.train_on_batch(x)
    for move, start, end in zip(encoder, before, plain.encoder.get_weights(), strict=True):
        np.testing.assert_allclose(move, start - end, atol=1e-6)
    assert all(np.all(move == 0) for move in decoder)


def test_without_reconstruction_the_decoder_only_decays(x):
    model = hybrid(reconstruction_weight=0.0, weight_decay=0.5)
    before = model.decoder.get_weights()
    _, decoder = step(model, x)
    for move, weight in zip(decoder, before, strict=True):
        np.testing.assert_allclose(move, 0.1 * 0.5 * weight, atol=1e-6)


def test_the_loss_is_the_weighted_sum_of_its_terms(x):
    model = hybrid(compactness_weight=2.0, reconstruction_weight=3.0)
    model.compile("adam")
    model.before_fit(x)
    z = model.encoder.predict(x, verbose=0)
    compactness = np.mean(np.sum((z - numpy(model.sphere.center)) ** 2, axis=1))
    error = np.sum((x - model.decoder.predict(z, verbose=0)) ** 2, axis=1)
    logs = model.train_on_batch(x, return_dict=True)
    assert float(logs["compactness"]) == pytest.approx(compactness, rel=1e-5)
    assert float(logs["reconstruction"]) == pytest.approx(np.mean(error), rel=1e-5)
    expected = 2 * compactness + 3 * np.mean(error)
    assert float(logs["loss"]) == pytest.approx(expected, rel=1e-5)


def test_scores_are_the_terms_over_their_training_means(x):
    scores = {}
    for by in ("both", "compactness", "reconstruction"):
        model = hybrid(score_by=by)
        model.compile(keras.optimizers.SGD(0.0))  # nothing moves: the means are those of the end
        with pytest.warns(CollapseWarning, match="did not move"):
            model.fit(x, batch_size=16, epochs=2, verbose=0)  # batches of 16 and of 4
        scores[by] = model.predict(x, verbose=0)
    distance, error = (numpy(term) for term in model.terms(ops.convert_to_tensor(x)))
    np.testing.assert_allclose(scores["compactness"], distance / distance.mean(), rtol=1e-4)
    np.testing.assert_allclose(scores["reconstruction"], error / error.mean(), rtol=1e-4)
    summed = distance / distance.mean() + error / error.mean()
    np.testing.assert_allclose(scores["both"], summed, rtol=1e-4)


def test_an_unknown_score_is_refused():
    with pytest.raises(ValueError, match="score_by 'neither' is unknown; choose one of"):
        hybrid(score_by="neither")
