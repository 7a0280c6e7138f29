"""Statistics of a window: by hand, with a floor, and no way for gradients."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import engine
from zoo.nn.layers import instance_statistics


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


def test_each_window_and_feature_has_its_own():
    x = np.zeros((2, 2, 2), "float32")
    x[0] = [[1, 10], [3, 50]]
    x[1] = [[-4, 0], [4, 0]]
    mean, deviation = (numpy(each) for each in instance_statistics(x, floor=0.0))
    assert mean.tolist() == [[[2, 30]], [[0, 0]]]
    assert deviation.tolist() == [[[1, 20]], [[4, 0]]]


def test_the_floor_is_what_a_feature_that_stands_still_gets():
    mean, deviation = (numpy(e) for e in instance_statistics(np.full((1, 5, 2), 7.0), floor=0.5))
    np.testing.assert_allclose(mean, 7)
    np.testing.assert_allclose(deviation, 0.5)
    x = np.random.default_rng(0).normal(size=(1, 50, 2))
    np.testing.assert_allclose(numpy(instance_statistics(x)[1])[:, 0], x.std(axis=1), rtol=1e-3)


def test_half_precision_is_summed_in_float32():
    x = ops.cast(np.full((1, 1000, 1), 300.0), "float16")  # their sum is infinite in float16
    mean, deviation = instance_statistics(x)
    assert keras.backend.standardize_dtype(mean.dtype) == "float32"
    assert float(numpy(mean)[0, 0, 0]) == 300 and np.isfinite(numpy(deviation)).all()


def test_gradients_do_not_pass():
    factor = keras.Variable(2.0)
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")

    def loss():
        mean, deviation = instance_statistics(ops.multiply(x, factor))
        value = ops.sum(mean) + ops.sum(deviation) + 3 * factor
        return value, value, {}

    _, gradients, _ = engine.gradients(loss, [factor], [factor])
    assert float(numpy(gradients[0])) == pytest.approx(3.0)
