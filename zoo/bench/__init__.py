"""Measurements of models and detectors that need no labels: speed, memory, equality of backends.

The names are imported when they are first used, so that a worker of `zoo bench` can choose its
backend, or none, before Keras is imported.
"""

import importlib
from typing import Any

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


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
