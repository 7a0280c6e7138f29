import keras
import numpy as np
import pytest

from zoo import explain
from zoo.models import DeepSVDD
from zoo.models.base import AnomalyModel
from zoo.nn.networks import draw_weights, mlp


class Quadratic(AnomalyModel):
    """s(x) = Σ wᵢ xᵢ², whose gradient and integral are known."""

    def __init__(self):
        super().__init__()
        self.build((None, 3))

    def score(self, x):
        weights = keras.ops.convert_to_tensor([1.0, 2.0, 0.0])
        return keras.ops.sum(weights * x**2, axis=-1)


X = np.array([[1.0, -2.0, 5.0], [0.5, 0.0, 0.0]], "float32")


def test_scores_and_their_gradients_by_hand():
    scores, gradients = explain.score_gradients(Quadratic(), X)
    np.testing.assert_allclose(scores, [9.0, 0.25])
    np.testing.assert_allclose(gradients, [[2, -8, 0], [1, 0, 0]])


def test_gradient_times_input_by_hand():
    found = explain.gradient_times_input(Quadratic(), X, baseline=[1.0, 0.0, 0.0])
    np.testing.assert_allclose(found, [[0, 16, 0], [-0.5, 0, 0]])


def test_integrated_gradients_of_a_square_are_the_square():
    found = explain.integrated_gradients(Quadratic(), X, steps=1)  # linear: one midpoint is exact
    np.testing.assert_allclose(found, [[1, 8, 0], [0.25, 0, 0]], rtol=1e-6)


def svdd():
    model = DeepSVDD(draw_weights(mlp((4,), units=(8, 3), bias=False), 0))
    model.sphere.initialize(np.ones((1, 3)))
    return model


@pytest.mark.parametrize("baseline", [None, np.full(4, 0.3)])
def test_integrated_gradients_sum_to_what_the_score_gains(baseline):
    model, x = svdd(), np.random.default_rng(0).normal(size=(7, 4)).astype("float32")
    start = np.zeros(4) if baseline is None else baseline
    found = explain.integrated_gradients(model, x, baseline, steps=256)
    gained = model.predict(x, verbose=0) - model.predict(start[None], verbose=0)
    np.testing.assert_allclose(found.sum(axis=1), gained, atol=5e-3)


def test_smooth_grad_of_a_square_is_its_gradient_and_noise_shrinks_with_copies():
    few, many = (
        explain.smooth_grad(Quadratic(), X, noise=0.1, samples=count) for count in (4, 400)
    )
    exact = explain.score_gradients(Quadratic(), X)[1]
    assert np.abs(many - exact).max() < 0.2 < 2 * np.abs(few - exact).max()
    still = explain.smooth_grad(Quadratic(), X, noise=0.0, samples=1)
    np.testing.assert_allclose(still, exact)


def test_weights_are_read_anew_at_each_call():
    model, x = svdd(), np.ones((2, 4), "float32")
    before = explain.integrated_gradients(model, x)
    model.encoder.set_weights([2 * weight for weight in model.encoder.get_weights()])
    assert np.abs(explain.integrated_gradients(model, x) - before).max() > 1e-3


def test_many_samples_give_what_each_gives_alone():
    model, x = svdd(), np.random.default_rng(0).normal(size=(300, 4)).astype("float32")
    together = explain.gradient_times_input(model, x)
    alone = np.concatenate(
        [explain.gradient_times_input(model, x[i : i + 1]) for i in (0, 255, 299)]
    )
    np.testing.assert_allclose(together[[0, 255, 299]], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: explain.integrated_gradients(svdd(), np.zeros(4)), r"x\[None\]"),
        (lambda: explain.integrated_gradients(svdd(), np.zeros((0, 4))), "at least one sample"),
        (lambda: explain.integrated_gradients(svdd(), np.zeros((2, 5))), r"\(2, 5\); DeepSVDD"),
        (lambda: explain.integrated_gradients(svdd(), np.full((1, 4), np.nan)), "NaN"),
        (lambda: explain.integrated_gradients(svdd(), X[:, [0] * 4], np.zeros(3)), "baseline"),
        (lambda: explain.integrated_gradients(svdd(), X[:, [0] * 4], steps=0), "steps is 0"),
        (lambda: explain.smooth_grad(svdd(), X[:, [0] * 4], samples=0), "samples is 0"),
    ],
)
def test_says_what_is_wrong(call, said):
    with pytest.raises(ValueError, match=said):
        call()
