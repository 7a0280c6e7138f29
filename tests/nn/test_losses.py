"""Losses against numbers worked out by hand and, for L2, against PyTorch's own Adam."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import norm

from zoo import engine
from zoo.models import Autoencoder
from zoo.nn import losses
from zoo.nn.networks import draw_weights, mlp


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


def test_squared_distance_by_hand():
    found = losses.squared_distance(ops.array([[3.0, 4.0], [1.0, 1.0]]), ops.array([0.0, 1.0]))
    assert numpy(found).tolist() == [18.0, 1.0]


def test_half_precision_embeddings_are_compared_in_float32():
    embedding = ops.cast(ops.array([[300.0, 0.0]]), "float16")  # 300² is infinite in float16
    found = losses.squared_distance(embedding, ops.zeros(2))
    assert numpy(found).dtype == "float32"
    assert numpy(found).tolist() == [90000.0]


def test_squared_error_by_hand():
    target, output = np.ones((2, 2, 2), "float32"), np.zeros((2, 2, 2), "float32")
    output[0] = [[1, 1], [1, 3]]
    assert numpy(losses.squared_error(target, output)).tolist() == [1.0, 1.0]
    assert numpy(losses.squared_error(target, output, "sum")).tolist() == [4.0, 4.0]


@pytest.mark.parametrize(
    ("radius", "nu", "expected"),
    [(0.0, 0.5, 2 * 2.0), (1.0, 0.5, 1 + 2 * (0 + 0 + 4) / 3), (3.0, 0.1, 9.0)],
)
def test_soft_boundary_by_hand(radius, nu, expected):
    distance = ops.array([0.0, 1.0, 5.0])
    found = losses.soft_boundary(distance, ops.array(radius), nu)
    assert float(found) == pytest.approx(expected)


LOGITS = np.log([3.0, 1 / 3, 3.0, 1 / 3])  # an anomaly's probability: ¾, ¼, ¾, ¼


def test_cross_entropy_by_hand():
    found = losses.cross_entropy([1, 1, 0, 0], LOGITS, positive_weight=10)
    right, wrong = np.log(4 / 3), np.log(4)
    np.testing.assert_allclose(numpy(found), [10 * right, 10 * wrong, wrong, right], rtol=1e-5)
    assert numpy(found).dtype == "float32"


def test_focal_by_hand():
    found = losses.focal([1, 1, 0, 0], LOGITS, gamma=2, positive_weight=10)
    right, wrong = np.log(4 / 3) / 16, np.log(4) * 9 / 16
    np.testing.assert_allclose(numpy(found), [10 * right, 10 * wrong, wrong, right], rtol=1e-5)


def test_focal_of_sure_logits_is_neither_lost_nor_infinite():
    found = numpy(losses.focal([1, 1, 0, 0], np.array([200.0, -200.0, 200.0, -200.0])))
    np.testing.assert_allclose(found, [0, 200, 200, 0], atol=1e-6)


def test_nt_xent_by_hand():
    """Two samples on the axes, views at 60° and 0° of them; lengths do not count."""
    a = np.array([[5.0, 0.0], [0.0, 2.0]])
    b = np.array([[0.5, np.sqrt(0.75)], [0.0, 0.1]])
    half, root = 0.5, np.sqrt(0.75)
    cosines = [  # of each of a1, a2, b1, b2 to its own other view, then to the other sample's two
        (half, 0.0, 0.0),
        (1.0, 0.0, root),
        (half, root, root),
        (1.0, 0.0, root),
    ]
    for temperature in (1.0, 0.5):
        shares = [np.exp(np.array(row) / temperature) for row in cosines]
        expected = np.mean([-np.log(share[0] / share.sum()) for share in shares])
        found = numpy(losses.nt_xent(a, b, temperature))
        assert found == pytest.approx(expected, rel=1e-5)
        assert numpy(losses.nt_xent(b, a, temperature)) == pytest.approx(expected, rel=1e-5)
    assert found.dtype == "float32" and found.shape == ()


def test_nt_xent_is_low_where_views_agree_and_samples_differ():
    a = np.random.default_rng(0).normal(size=(8, 32))
    agreed, crossed = numpy(losses.nt_xent(a, a)), numpy(losses.nt_xent(a, a[::-1]))
    alike = numpy(losses.nt_xent(np.ones((8, 4)), np.ones((8, 4))))
    assert agreed < 0.1 < alike < crossed
    assert alike == pytest.approx(np.log(15), rel=1e-5)  # each of 15 others as near


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_nt_xent_of_zero_vectors_has_finite_gradients(scale):
    direction = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    a, b = keras.Variable(scale * direction), keras.Variable(np.zeros((3, 4), "float32"))

    def loss():
        value = losses.nt_xent(a, b)
        return value, value, {}

    value, gradients, _ = engine.gradients(loss, [a, b], [a, b])
    assert np.isfinite(numpy(value))
    assert all(np.all(np.isfinite(numpy(gradient))) for gradient in gradients)
    if scale == 0:  # nothing tells the five others apart
        assert numpy(value) == pytest.approx(np.log(5), rel=1e-5)


def test_nt_xent_of_half_precision_is_counted_in_float32():
    rng = np.random.default_rng(0)
    a, b = (ops.cast(300 * rng.normal(size=(4, 8)), "float16") for _ in range(2))
    found = losses.nt_xent(a, b)  # squares and e^(1/τ) are infinite in float16
    whole = losses.nt_xent(ops.cast(a, "float32"), ops.cast(b, "float32"))
    assert numpy(found) == pytest.approx(float(numpy(whole)), rel=1e-6)


def test_l2_is_half_the_squares():
    weights = [keras.Variable([[3.0, 4.0]]), keras.Variable([2.0])]
    assert float(losses.l2_penalty(weights, 0.1)) == pytest.approx(0.5 * 0.1 * 29)
    assert losses.l2_penalty(weights, 0) == 0


def test_the_gradient_of_l2_is_rate_times_weight():
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    steps = {}
    for decay in (0.0, 0.25):
        model = Autoencoder(
            draw_weights(mlp((4,), (3,)), 0),
            draw_weights(mlp((3,), (4,)), 1),
            weight_decay=decay,
            noise=0.0,
        )
        before = [numpy(v) for v in model.trainable_variables]
        model.compile(keras.optimizers.SGD(1.0))
        model.train_on_batch(x)
        after = [numpy(v) for v in model.trainable_variables]
        steps[decay] = [b - a for a, b in zip(after, before, strict=True)]
    for plain, decayed, weight in zip(steps[0.0], steps[0.25], before, strict=True):
        np.testing.assert_allclose(decayed - plain, 0.25 * weight, atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="compares with torch.optim")
def test_l2_under_keras_adam_is_weight_decay_under_torch_adam():
    import torch

    rng = np.random.default_rng(0)
    start, x = rng.normal(size=(4, 4)).astype("float32"), rng.normal(size=(8, 4)).astype("float32")

    identity = keras.Sequential([keras.Input((4,)), keras.layers.Identity()])
    model = Autoencoder(mlp((4,), (4,), bias=False), identity, noise=0.0)
    model.weight_decay = 0.3
    model.encoder.set_weights([start])
    model.compile(keras.optimizers.Adam(0.01, epsilon=1e-8))

    weight = torch.nn.Parameter(torch.tensor(start))
    optimizer = torch.optim.Adam([weight], lr=0.01, weight_decay=0.3)
    for _ in range(5):
        model.train_on_batch(x)
        optimizer.zero_grad()
        torch.mean((torch.tensor(x) @ weight - torch.tensor(x)) ** 2).backward()
        optimizer.step()
    np.testing.assert_allclose(model.encoder.get_weights()[0], weight.detach().numpy(), atol=1e-5)


def test_divergence_by_hand():
    """N(1, 4) from N(0, 1): ½ (4 + 1 − 1 − ln 4); nothing for the standard normal itself."""
    found = numpy(losses.gaussian_divergence([[1.0], [0.0]], [[np.log(4.0)], [0.0]]))
    np.testing.assert_allclose(found, [0.5 * (4 - np.log(4)), 0], rtol=1e-6, atol=1e-7)


def test_surprise_is_that_of_scipy_over_all_axes():
    rng = np.random.default_rng(0)
    x, mean, log_variance = rng.normal(size=(3, 5, 4, 2)).astype("float32")
    expected = -norm.logpdf(x, mean, np.exp(log_variance / 2)).sum(axis=(1, 2))
    np.testing.assert_allclose(
        numpy(losses.gaussian_negative_log_likelihood(x, mean, log_variance)), expected, rtol=1e-5
    )
    one_for_all = -norm.logpdf(x, mean, 0.5).sum(axis=(1, 2))
    found = numpy(losses.gaussian_negative_log_likelihood(x, mean, 2 * np.log(0.5)))
    np.testing.assert_allclose(found, one_for_all, rtol=1e-5)


def test_mahalanobis_is_that_of_the_threshold():
    from zoo.evaluation.thresholds import Mahalanobis

    x = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    fitted = Mahalanobis().fit(x)
    found = losses.mahalanobis(x, fitted.center_, fitted.precision_)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), fitted.score(x), rtol=1e-4)


def test_weighted_mean_divides_by_the_number_of_samples_as_keras_does():
    values, weights = ops.array([1.0, 2.0, 6.0]), ops.array([[2.0], [0.0], [0.5]])
    assert float(losses.weighted_mean(values)) == 3.0
    assert float(losses.weighted_mean(values, weights)) == pytest.approx(5 / 3)
    target, output = ops.reshape(values, (3, 1)), ops.zeros((3, 1))
    of_keras = keras.losses.MeanSquaredError()(target, output, sample_weight=weights)
    ours = losses.weighted_mean(losses.squared_error(target, output), weights)
    assert float(ours) == pytest.approx(float(of_keras))
