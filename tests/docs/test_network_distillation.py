"""The model of "Add a model" keeps the contract that every model keeps."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo.models import contract
from zoo.models.examples import Example
from zoo.nn.networks import draw_weights, mlp

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.once,
    pytest.mark.xdist_group("network_distillation"),  # one worker trains it for all tests
]


def module_at(path):
    """The module of a file that is in no package."""
    spec = importlib.util.spec_from_file_location(f"of_docs_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = module_at(ROOT / "docs" / "examples" / "network_distillation.py")


def networks():
    target = draw_weights(mlp((6,), units=(16, 8), activation="tanh"), 0)
    return target, draw_weights(mlp((6,), units=(32, 8), activation="tanh"), 1)


@pytest.fixture(scope="module")
def subject():
    return contract.Subject(
        example.NetworkDistillation,
        Example("plain", lambda: example.NetworkDistillation(*networks()), "table"),
    )


@pytest.mark.parametrize("promise", contract.PROMISES, ids=lambda promise: promise.name)
def test_keeps_the_contract(promise, subject):
    promise(subject)


def test_the_random_network_stays_as_it_is(subject):
    before, _ = networks()
    for now, then in zip(subject.trained.model.target.weights, before.weights, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(now), keras.ops.convert_to_numpy(then)
        )


def test_networks_of_different_outputs_are_refused():
    target, _ = networks()
    with pytest.raises(ValueError, match="same output"):
        example.NetworkDistillation(target, mlp((6,), units=(4,)))
