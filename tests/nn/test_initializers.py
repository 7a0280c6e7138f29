"""Weights that NumPy draws by the law and seed of the initializer; Keras left as it was."""

import random

import keras
import numpy as np
import pytest
from keras import initializers, layers

from zoo.engine import seed_everything
from zoo.nn.initializers import drawn_by_numpy
from zoo.nn.networks import lenet, mlp, recurrent


@pytest.mark.parametrize(
    ("initializer", "deviation"),
    [
        (initializers.GlorotUniform(seed=3), np.sqrt(2 / 500)),
        (initializers.HeNormal(seed=3), np.sqrt(2 / 300)),
        (initializers.LecunUniform(seed=3), np.sqrt(1 / 300)),
    ],
)
def test_values_follow_the_law_and_the_seed(initializer, deviation):
    with drawn_by_numpy():
        first, same = (np.array(initializer((300, 200))) for _ in range(2))
    assert first.std() == pytest.approx(deviation, rel=0.02)
    np.testing.assert_array_equal(first, same)
    keras_own = keras.ops.convert_to_numpy(initializer((300, 200)))
    assert not np.allclose(keras_own, first), "outside, Keras draws again"


def test_constants_and_types_are_those_asked_for():
    with drawn_by_numpy():
        zeros, ones = initializers.Zeros()((2, 3)), initializers.Ones()((4,), dtype="bfloat16")
    assert keras.ops.convert_to_numpy(zeros).tolist() == [[0.0] * 3] * 2
    assert keras.backend.standardize_dtype(ones.dtype) == "bfloat16"
    assert float(keras.ops.sum(ones)) == 4


def test_what_numpy_does_not_know_is_left_to_keras():
    generator = keras.random.SeedGenerator(1)
    with drawn_by_numpy():
        drawn = initializers.GlorotUniform(seed=generator)((5, 5))
        uniform = initializers.RandomUniform(seed=1)((5, 5))
    assert np.ptp(keras.ops.convert_to_numpy(drawn)) > 0
    assert np.ptp(keras.ops.convert_to_numpy(uniform)) > 0


def test_an_error_inside_leaves_keras_as_it_was():
    before = initializers.VarianceScaling.__call__
    with pytest.raises(RuntimeError), drawn_by_numpy(), drawn_by_numpy():
        assert initializers.VarianceScaling.__call__ is not before
        raise RuntimeError
    assert initializers.VarianceScaling.__call__ is before


def test_networks_start_from_a_seed_that_is_not_the_backends():
    def first():
        seed_everything(5)
        return mlp((3,), units=(2,)).get_weights()[0]

    random.seed(5)
    expected = initializers.GlorotUniform()  # takes its seed from Python's generator
    with drawn_by_numpy():
        expected = keras.ops.convert_to_numpy(expected((3, 2)))
    np.testing.assert_array_equal(first(), expected)
    np.testing.assert_array_equal(first(), first())


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX compiles each draw")
def test_building_a_network_compiles_no_draw(monkeypatch):
    compiled = []

    def no_draw(*args, **kwargs):
        compiled.append(args)
        raise AssertionError("Keras drew")

    for name in ("uniform", "normal", "truncated_normal"):
        monkeypatch.setattr(keras.src.backend.random, name, no_draw)
    lenet((28, 28, 1), filters=(2, 2))
    recurrent((4, 3), "gru", units=(5, 4))
    with pytest.raises(AssertionError, match="Keras drew"):
        layers.Dense(2).build((None, 3))
    assert len(compiled) == 1
