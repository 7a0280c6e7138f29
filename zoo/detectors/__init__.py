"""Detectors: data in, decisions out, through scikit-learn's outlier interface. One file a method.

`Detector` is the base class. The class of every method is an attribute, imported when it is asked
for: `zoo.detectors.Autoencoder`. `register` makes a class of your own known by name.
"""

from __future__ import annotations

import importlib
from typing import Any

from zoo.backend import ensure_backend
from zoo.detectors.registry import built_in, register

ensure_backend()  # before the first import of Keras

_CLASSES = {method.class_name: method for method in built_in().values()}

__all__ = ["Detector", "register", *_CLASSES]


def __getattr__(name: str) -> Any:
    """Import the base class or the class of a method, and Keras with it."""
    if name == "Detector":
        return importlib.import_module("zoo.detectors.base").Detector
    if name in _CLASSES:
        return _CLASSES[name].load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
