"""Losses against numbers worked out by hand and, for L2, against PyTorch's own Adam."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import losses
from zoo.models import Autoencoder
from zoo.networks import draw_weights, mlp


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


def test_l2_is_half_the_squares():
    weights = [keras.Variable([[3.0, 4.0]]), keras.Variable([2.0])]
    assert float(losses.l2_penalty(weights, 0.1)) == pytest.approx(0.5 * 0.1 * 29)
    assert losses.l2_penalty(weights, 0) == 0


def test_the_gradient_of_l2_is_rate_times_weight():
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    steps = {}
    for decay in (0.0, 0.25):
        model = Autoencoder(
            draw_weights(mlp((4,), (3,)), 0), draw_weights(mlp((3,), (4,)), 1), weight_decay=decay
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

    model = Autoencoder(
        mlp((4,), (4,), bias=False), keras.Sequential([keras.Input((4,)), keras.layers.Identity()])
    )
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
