"""Every example of every model of the package, found by walking it."""

import pytest

from zoo.models import contract, model_classes

SUBJECTS = {
    subject.name: subject
    for cls in model_classes("zoo.models", "zoo.detectors")
    for subject in contract.subjects(cls)
}


# One worker of pytest-xdist (--dist loadgroup) trains a model once for all of its tests.
@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in SUBJECTS],
)
def subject(request):
    return SUBJECTS[request.param]
