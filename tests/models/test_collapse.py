"""Collapse is caught, named and warned of; healthy training is left alone."""

import warnings

import keras
import numpy as np
import pytest

from zoo.models import Autoencoder, DeepSVDD
from zoo.models.collapse import (
    CollapseWarning,
    Verdict,
    loss_fell,
    scores_distinct,
    with_anomalous,
)
from zoo.nn.networks import draw_weights, mlp


@pytest.fixture
def x():
    return (1 + np.random.default_rng(0).normal(size=(64, 4))).astype("float32")


def svdd(bias=False, **options):
    return DeepSVDD(draw_weights(mlp((4,), units=(8, 3), bias=bias), 0), **options)


def fit(model, x, rate, epochs, **options):
    model.compile(keras.optimizers.Adam(rate))
    return model.fit(x, batch_size=16, epochs=epochs, verbose=0, **options)


def test_a_healthy_fit_is_not_flagged(x):
    model = svdd()
    with warnings.catch_warnings():
        warnings.simplefilter("error", CollapseWarning)
        fit(model, x, 1e-3, epochs=4)
    assert model.verdict == Verdict(True, True, True)
    assert str(model.verdict) == "no sign of collapse"


def test_biases_and_a_free_center_collapse_with_cause_and_cure(x):
    model = svdd(bias=True, center_rate=1.0)
    with pytest.warns(CollapseWarning) as caught:
        fit(model, x, 2.0, epochs=40, shuffle=False)
    assert model.verdict.collapsed and model.verdict.scores_distinct is False
    message = next(str(w.message) for w in caught if w.category is CollapseWarning)
    assert message.startswith("DeepSVDD: ")
    assert "distinct inputs get the same score" in message
    assert "has bias terms" in message and "build it without" in message
    assert "center_rate=1" in message and "lower the rate" in message
    assert "learning rate may be too high" in message


def test_a_model_that_never_trained_is_caught(x):
    model = svdd()
    with pytest.warns(CollapseWarning, match="the loss did not fall and the weights did not move"):
        fit(model, x, 0.0, epochs=2, shuffle=False)
    assert model.verdict.weights_moved is False


def test_a_loss_that_is_not_a_number_is_caught(x):
    x[3, 1] = np.nan
    model = Autoencoder(mlp((4,), (2,)), mlp((2,), (4,)))
    with pytest.warns(CollapseWarning, match="the loss did not fall"):
        stop = keras.callbacks.TerminateOnNaN()
        history = fit(model, x, 1e-3, epochs=3, callbacks=[stop]).history
    assert len(history["loss"]) == 1
    assert model.verdict.loss_fell is False and model.verdict.scores_distinct is False


def test_one_epoch_says_nothing_of_the_loss(x):
    model = svdd()
    with warnings.catch_warnings():
        warnings.simplefilter("error", CollapseWarning)
        fit(model, x, 1e-3, epochs=1)
    assert model.verdict == Verdict(None, True, True)
    assert not model.verdict.collapsed


def test_a_fit_of_no_epochs_says_nothing(x):
    model = svdd()
    fit(model, x, 1e-3, epochs=0)
    assert model.verdict.loss_fell is None and model.verdict.weights_moved is None


@pytest.mark.parametrize(
    ("losses", "fell"),
    [([], None), ([1.0], None), ([1.0, 0.9], True), ([1.0, 1.0], False), ([1.0, 2.0], False)]
    + [([np.nan], False), ([2.0, 1.0, np.inf], False), ([2.0, 1.0, 3.0], True)],
)
def test_the_loss_fell_if_it_was_ever_below_its_start(losses, fell):
    assert loss_fell(losses) is fell


def test_scores_are_distinct_by_their_spread():
    near = 1 + np.linspace(0, 1e-5, 20)
    assert not scores_distinct(near)
    assert scores_distinct(np.linspace(0, 1e-5, 20))  # small, but not all alike
    assert not scores_distinct(np.linspace(0, 1e-9, 20), before=np.linspace(0, 1, 20))
    assert scores_distinct(np.linspace(0, 1e-5, 20), before=np.linspace(0, 1, 20))
    assert not scores_distinct(np.array([1.0, np.nan]))


def test_anomalous_probes_hold_the_values_of_the_normal_ones(x):
    probes = with_anomalous(x.reshape(64, 2, 2))
    assert probes.shape == (128, 2, 2)
    np.testing.assert_array_equal(probes[:64], x.reshape(64, 2, 2))
    np.testing.assert_array_equal(np.sort(probes[64:].reshape(64, 4)), np.sort(x))
    assert np.any(probes[64:].reshape(64, 4) != x)


def test_a_verdict_says_what_failed_and_why():
    verdict = Verdict(True, False, False, ("too hot: cool it",))
    assert verdict.collapsed
    assert str(verdict) == (
        "the weights did not move and distinct inputs get the same score; too hot: cool it"
    )
