"""A method has the same defaults as a model and as a detector."""

import inspect

import pytest

import zoo.models
from zoo.detectors import registry
from zoo.models import model_classes

MODELS = {cls.__name__ for cls in model_classes()}
PAIRS = [
    detector for detector in map(registry.get, registry.names()) if detector.__name__ in MODELS
]


def defaults(cls):
    """Name of each argument that has a default to that default."""
    arguments = inspect.signature(cls.__init__).parameters.values()
    return {each.name: each.default for each in arguments if each.default is not each.empty}


def test_most_models_are_detectors_too():
    assert len(PAIRS) >= 6


@pytest.mark.parametrize("detector", PAIRS, ids=lambda detector: detector.__name__)
def test_model_and_detector_have_the_same_defaults(detector):
    ours, theirs = defaults(getattr(zoo.models, detector.__name__)), defaults(detector)
    assert {name: ours[name] for name in ours.keys() & theirs} == {
        name: theirs[name] for name in ours.keys() & theirs
    }
