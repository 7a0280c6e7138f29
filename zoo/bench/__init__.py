"""Measurements of networks and detectors that need no labels: speed, memory, equal backends.

What is named here is imported when it is first used: a worker of `zoo bench` chooses its backend,
or none, before anything of Keras is.
"""

import importlib

_PLACES = {
    "BackendRuns": "zoo.bench.backends",
    "under_each_backend": "zoo.bench.backends",
    "throughput": "zoo.bench.speed",
    "gradient_through_time": "zoo.bench.through_time",
    "Plan": "zoo.bench.run",
    "measure": "zoo.bench.run",
    "SUBJECTS": "zoo.bench.subjects",
    "Subject": "zoo.bench.subjects",
}

__all__ = [
    "SUBJECTS",
    "BackendRuns",
    "Plan",
    "Subject",
    "gradient_through_time",
    "measure",
    "throughput",
    "under_each_backend",
]


def __getattr__(name):
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
