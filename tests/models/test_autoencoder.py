"""The laws of the autoencoder's options: what the encoder sees, and what the loss adds."""

import warnings

import keras
import numpy as np
import pytest
from keras import ops

from zoo.models import Autoencoder
from zoo.models.collapse import CollapseWarning
from zoo.nn.networks import draw_weights, mlp, recurrent, recurrent_decoder


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


@pytest.fixture
def x():
    return (5 + np.random.default_rng(0).normal(size=(500, 4))).astype("float32")


def autoencoder(noise=0.0, **options):
    encoder = draw_weights(mlp((4,), units=(5, 3), activation="tanh"), 0)
    return Autoencoder(encoder, draw_weights(mlp((3,), units=(4,)), 1), noise=noise, **options)


def plain_error(model, x):
    """Mean squared error without any option, by NumPy."""
    output = model.decoder.predict(model.encoder.predict(x, verbose=0), verbose=0)
    return np.mean((x - output) ** 2, axis=1)


def test_noise_has_its_standard_deviation_and_no_mean(x):
    added = numpy(autoencoder(noise=0.5).corrupt(ops.convert_to_tensor(x))) - x
    assert abs(added.mean()) < 0.05
    assert added.std() == pytest.approx(0.5, rel=0.05)


def test_a_mask_sets_its_share_to_zero_and_leaves_the_rest(x):
    seen = numpy(autoencoder(mask=0.3).corrupt(ops.convert_to_tensor(x)))
    assert np.mean(seen == 0) == pytest.approx(0.3, abs=0.04)
    np.testing.assert_array_equal(seen[seen != 0], x[seen != 0])


def test_without_options_nothing_is_corrupted(x):
    np.testing.assert_array_equal(numpy(autoencoder().corrupt(x)), x)


def test_the_target_is_the_whole_sample(x):
    """All that noise can do to the loss of a decoder that ignores its code is nothing."""
    model = autoencoder(noise=100.0, mask=0.5)
    model.decoder.set_weights([0 * weight for weight in model.decoder.get_weights()])
    model.compile(keras.optimizers.SGD(0.0))
    logs = model.train_on_batch(x, return_dict=True)
    assert float(logs["loss"]) == pytest.approx(np.mean(x**2), rel=1e-5)


def test_training_sees_noise_and_validation_and_scores_do_not(x):
    model = autoencoder(noise=3.0)
    model.compile(keras.optimizers.SGD(0.0))
    clean = plain_error(model, x)
    trained = float(model.train_on_batch(x, return_dict=True)["loss"])
    assert abs(trained - clean.mean()) > 1e-3
    judged = model.evaluate(x, batch_size=500, verbose=0, return_dict=True)["loss"]
    assert judged == pytest.approx(clean.mean(), rel=1e-5)
    np.testing.assert_allclose(model.predict(x, verbose=0), clean, rtol=1e-4)


def test_each_step_draws_anew_and_each_epoch_its_own(x):
    model = autoencoder(noise=1.0, seed=3)
    first, second = numpy(model.corrupt(x)), numpy(model.corrupt(x))
    model.begin_epoch(1)
    third = numpy(model.corrupt(x))
    assert not np.allclose(first, second) and not np.allclose(first, third)
    model.begin_epoch(0)
    np.testing.assert_array_equal(numpy(model.corrupt(x)), first)
    np.testing.assert_array_equal(numpy(autoencoder(noise=1.0, seed=3).corrupt(x)), first)
    assert not np.allclose(numpy(autoencoder(noise=1.0, seed=4).corrupt(x)), first)


def test_sparsity_adds_the_l1_norm_of_the_code(x):
    model = autoencoder(sparsity=0.1)
    code = model.encoder.predict(x, verbose=0)
    expected = plain_error(model, x).mean() + 0.1 * np.abs(code).sum(axis=1).mean()
    model.compile("adam")
    assert float(model.train_on_batch(x, return_dict=True)["loss"]) == pytest.approx(
        expected, rel=1e-5
    )


def test_enough_sparsity_leaves_only_the_decoders_bias(x):
    model = autoencoder(sparsity=100.0)
    model.compile(keras.optimizers.Adam(0.02))
    before = np.abs(model.encoder.predict(x, verbose=0)).sum(axis=1).mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)  # which is what it does
        model.fit(x, epochs=15, verbose=0)
    assert np.abs(model.encoder.predict(x, verbose=0)).sum(axis=1).mean() < 0.1 * before


def test_denoising_leads_back_to_where_data_are_dense():
    """Of x ~ N(0, 1) with noise of σ² = 1 the best guess is x / 2, so the score is x² / 4.

    Without noise a code that is not narrow copies, and no score tells anything.
    """
    x = np.random.default_rng(0).normal(size=(2048, 2)).astype("float32")
    anomalous = np.array([[4.0, -4.0], [1.0, 1.0]], "float32")
    scores = {}
    for noise in (0.0, 1.0):
        encoder = draw_weights(mlp((2,), units=(2,)), 0)
        model = Autoencoder(encoder, draw_weights(mlp((2,), units=(2,)), 1), noise=noise)
        model.compile(keras.optimizers.Adam(0.02))
        model.fit(x, batch_size=256, epochs=100, verbose=0)
        scores[noise] = model.predict(anomalous, verbose=0)
    np.testing.assert_allclose(scores[1.0], [4.0, 0.25], rtol=0.25)
    assert scores[0.0].max() < 0.05


def test_errors_are_the_score_feature_by_feature(x):
    model = autoencoder()
    errors = numpy(model.errors(ops.convert_to_tensor(x)))
    assert errors.shape == x.shape
    np.testing.assert_allclose(errors.mean(axis=1), model.predict(x, verbose=0), rtol=1e-4)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_sequence_autoencoder_learns_to_reconstruct_its_windows(cell):
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 2 * np.pi, size=(64, 1, 1))
    waves = np.sin(np.arange(8)[:, None] / 2 + np.arange(2) + phase).astype("float32")
    encoder = draw_weights(recurrent((8, 2), cell, units=(16,)), 0)
    decoder = draw_weights(recurrent_decoder((8, 2), cell, units=(16,)), 1)
    model = Autoencoder(encoder, decoder, noise=0.0)
    model.compile(keras.optimizers.Adam(0.02))
    before = model.predict(waves, verbose=0).mean()
    model.fit(waves, batch_size=32, epochs=12, verbose=0)
    after = model.predict(waves, verbose=0).mean()
    assert after < 0.5 * before
    assert model.predict(waves[:, ::-1] * 3, verbose=0).min() > after


@pytest.mark.parametrize("wrong", [{"mask": 1.0}, {"mask": -0.1}, {"noise": -1}, {"sparsity": -1}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        autoencoder(**wrong)
