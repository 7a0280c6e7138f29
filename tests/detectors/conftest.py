"""Every example of every method, found by the registry."""

import pytest

from zoo.detectors import contract, registry

SUBJECTS = {
    subject.name: subject
    for cls in registry.classes().values()
    for subject in contract.subjects(cls)
}


# One worker of pytest-xdist (--dist loadgroup) fits a detector once for all of its tests.
@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in SUBJECTS],
)
def subject(request):
    return SUBJECTS[request.param]
