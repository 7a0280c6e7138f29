"""The laws of random network distillation; what every method keeps is in the contracts."""

import numpy as np
import pytest
from keras import ops

from zoo.detectors.random_network_distillation import (
    RandomNetworkDistillation,
    RandomNetworkDistillationModel,
)
from zoo.nn.networks import mlp

X = np.random.default_rng(0).normal(size=(200, 3))


@pytest.fixture(scope="module")
def detector():
    return RandomNetworkDistillation(units=(8, 4), epochs=4, random_state=0).fit(X)


def test_the_random_network_stays_as_it_is(detector):
    before = detector.make((3,), detector.seed_).target.weights
    for now, then in zip(detector.model_.target.weights, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(now), ops.convert_to_numpy(then))


def test_the_score_is_the_error_of_the_imitation(detector):
    x = detector.preparation_.transform(X)
    wanted, given = (
        ops.convert_to_numpy(network(x))
        for network in (detector.model_.target, detector.model_.predictor)
    )
    expected = np.mean((wanted - given) ** 2, axis=1)
    np.testing.assert_allclose(detector.anomaly_score(X), expected, rtol=1e-4)


def test_networks_of_different_outputs_are_refused():
    with pytest.raises(ValueError, match="same output"):
        RandomNetworkDistillationModel(mlp((6,), units=(3,)), mlp((6,), units=(4,)))
