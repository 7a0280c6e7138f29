"""The laws of the variational autoencoder: ELBO by hand, scores that repeat, collapse warned of."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import norm

from zoo.models import VariationalAutoencoder
from zoo.models.collapse import CollapseWarning
from zoo.nn.networks import draw_weights, mlp

FEATURES, CODE = 4, 2


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(32, FEATURES)).astype("float32")


def vae(scale=0.5, score_by="reconstruction_probability", **options):
    encoder = draw_weights(mlp((FEATURES,), units=(6, 2 * CODE), activation="tanh"), 0)
    outputs = FEATURES if scale else 2 * FEATURES
    decoder = draw_weights(mlp((CODE,), units=(6, outputs), activation="tanh"), 1)
    return VariationalAutoencoder(encoder, decoder, scale=scale, score_by=score_by, **options)


def by_hand(model, x):
    """Expected surprise `(n,)` and divergence `(n,)`, in NumPy and SciPy."""
    output = model.encoder.predict(x, verbose=0).astype("float64")
    mean, deviation = output[:, :CODE], np.exp(output[:, CODE:] / 2)
    surprise = []
    for draw in numpy(model.fixed_draws):
        decoded = model.decoder.predict((mean + deviation * draw).astype("float32"), verbose=0)
        spread = model.scale
        if spread is None:
            decoded, raw = np.split(decoded.astype("float64"), 2, axis=1)
            narrowest = 2 * np.log(0.05)
            spread = np.exp((narrowest + np.log1p(np.exp(raw - narrowest))) / 2)
        surprise.append(-norm.logpdf(x, decoded, spread).sum(axis=1))
    divergence = 0.5 * np.sum(deviation**2 + mean**2 - 1 - 2 * np.log(deviation), axis=1)
    return np.mean(surprise, axis=0), divergence


@pytest.mark.parametrize("scale", [0.5, None])
def test_scores_are_what_scipy_says(x, scale):
    surprise, divergence = by_hand(vae(scale), x)
    found = {
        by: vae(scale, score_by=by).predict(x, verbose=0)
        for by in ("reconstruction_probability", "elbo")
    }
    np.testing.assert_allclose(found["reconstruction_probability"], surprise, rtol=1e-4)
    np.testing.assert_allclose(found["elbo"], surprise + divergence, rtol=1e-4)


def test_reconstruction_error_is_that_of_the_mean_code(x):
    model = vae(score_by="reconstruction_error")
    mean = model.encoder.predict(x, verbose=0)[:, :CODE]
    errors = (x - model.decoder.predict(mean, verbose=0)) ** 2
    np.testing.assert_allclose(model.predict(x, verbose=0), errors.mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(numpy(model.errors(ops.convert_to_tensor(x))), errors, rtol=1e-3)


def test_validation_is_the_elbo_with_beta_and_repeats(x):
    model = vae(beta=3.0)
    model.compile("adam")
    surprise, divergence = by_hand(model, x)
    found = model.evaluate(x, batch_size=32, verbose=0, return_dict=True)
    assert found["reconstruction"] == pytest.approx(surprise.mean(), rel=1e-4)
    assert found["divergence"] == pytest.approx(divergence.mean(), rel=1e-4)
    assert found["loss"] == pytest.approx(surprise.mean() + 3 * divergence.mean(), rel=1e-4)
    assert model.evaluate(x, batch_size=32, verbose=0, return_dict=True) == found


def test_training_draws_its_own_codes(x):
    """At rate zero only the draws differ from step to step; their mean is the validation's."""
    model = vae(samples=256)
    model.compile(keras.optimizers.SGD(0.0))
    found = []
    for _ in range(60):
        model.reset_metrics()
        found.append(float(model.train_on_batch(x, return_dict=True)["reconstruction"]))
    expected, _ = by_hand(model, x)
    assert len(set(found)) == len(found)
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - expected.mean()) < 5 * error + 0.05 * expected.mean()


def test_fixed_draws_are_balanced_and_those_of_the_seed():
    found = numpy(vae(samples=6, seed=7).fixed_draws)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(found, numpy(vae(samples=6, seed=7).fixed_draws))
    assert not np.allclose(found, numpy(vae(samples=6, seed=8).fixed_draws))
    assert numpy(vae(samples=1).fixed_draws).shape == (1, CODE)


def test_more_beta_means_less_in_the_code(x):
    carried = {}
    for beta in (0.01, 1.0):
        model = vae(beta=beta, scale=0.5)
        model.compile(keras.optimizers.Adam(0.02))
        carried[beta] = model.fit(x, epochs=40, verbose=0).history["divergence"][-1]
    assert carried[1.0] < carried[0.01]


def test_a_code_that_carries_nothing_is_warned_of(x):
    model = vae(beta=1000.0)
    model.compile(keras.optimizers.Adam(0.02))
    with pytest.warns(
        CollapseWarning, match="nats, so all samples have the same reconstruction; lower beta"
    ):
        model.fit(x, epochs=100, batch_size=32, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score_by": "likelihood"}, "score_by 'likelihood' is unknown; choose one of"),
        ({"samples": 0}, "found samples=0"),
        ({"beta": -1}, "beta=-1"),
        ({"scale": -0.5}, "scale=-0.5"),
    ],
)
def test_settings_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        vae(**options)


def test_networks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="gives 3 values per sample, expected 4: mean and log"):
        VariationalAutoencoder(mlp((4,), units=(3,)), mlp((2,), units=(4,)))
    with pytest.raises(ValueError, match=r"gives \(5,\) for a sample, expected \(4,\)"):
        VariationalAutoencoder(mlp((4,), units=(4,)), mlp((2,), units=(5,)))
    with pytest.raises(ValueError, match=r"expected \(8,\): mean and log variance, for scale"):
        VariationalAutoencoder(mlp((4,), units=(4,)), mlp((2,), units=(4,)), scale=None)
