"""Find models: every concrete `AnomalyModel` that a file of a package defines."""

from __future__ import annotations

import importlib
import pkgutil

from zoo.models.base import AnomalyModel


def model_classes(*packages: str) -> tuple[type[AnomalyModel], ...]:
    """Return the concrete model classes that the modules of some packages define, by name.

    A class counts when a module defines it under a public name, with both `learn` and `score`.
    Every module of the packages is imported, which also registers the classes with Keras, so that
    `keras.saving.load_model` knows them.

    Args:
        *packages: dotted names; without any, `zoo.models`. A method that has its model and its
            detector in one file has its model in `zoo.detectors`.

    Example:
        >>> [each.__name__ for each in model_classes()][:2]
        ['Autoencoder', 'Classifier']
    """
    found = []
    for name in packages or (__name__.rpartition(".")[0],):
        for info in pkgutil.iter_modules(importlib.import_module(name).__path__):
            module = importlib.import_module(f"{name}.{info.name}")
            for public, value in vars(module).items():
                if not public.startswith("_") and _is_model_of(module.__name__, value):
                    found.append(value)
    return tuple(sorted(found, key=lambda each: each.__name__))


def _is_model_of(module: str, value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, AnomalyModel)
        and value.__module__ == module
        and value.learn is not AnomalyModel.learn
        and value.score is not AnomalyModel.score
    )
