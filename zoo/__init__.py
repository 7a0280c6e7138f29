"""A Keras 3 model zoo for deep anomaly detection on TensorFlow, JAX and PyTorch.

Importing it does nothing else: subpackages (`zoo.detectors`, `zoo.models`, ...) are imported when
they are first named, and nothing is set in the environment. `tune_process` does that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from zoo.backend import tune_process
from zoo.version import __version__

if TYPE_CHECKING:
    from zoo.detectors.artifact import load, save
    from zoo.models.many import fit_many

_FUNCTIONS = {
    "fit_many": "zoo.models.many",
    "load": "zoo.detectors.artifact",
    "save": "zoo.detectors.artifact",
}
_SUBPACKAGES = (
    "bench", "cli", "data", "detectors", "engine", "evaluation", "explain", "models", "nn",
    "report", "training",
)  # fmt: skip

__all__ = ["__version__", "fit_many", "load", "save", "tune_process"]


def __getattr__(name: str) -> Any:
    """Import a subpackage, or the module of a function, when it is first asked for."""
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    if name in _SUBPACKAGES:
        return importlib.import_module(f"zoo.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_FUNCTIONS, *_SUBPACKAGES})
