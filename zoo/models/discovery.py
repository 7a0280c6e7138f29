"""Find the models of this package: every concrete `AnomalyModel` in a file of it."""

from __future__ import annotations

import importlib
import pkgutil

from zoo.models.base import AnomalyModel


def model_classes() -> tuple[type[AnomalyModel], ...]:
    """Return the concrete model classes of `zoo.models`, by name.

    A class counts when a module of the package defines it under a public name, with both `learn`
    and `score`. Every module of the package is imported, which also registers the classes with
    Keras, so that `keras.saving.load_model` knows them.

    Example:
        >>> [each.__name__ for each in model_classes()][:2]
        ['Autoencoder', 'Classifier']
    """
    package = importlib.import_module(__name__.rpartition(".")[0])
    found = []
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for name, value in vars(module).items():
            if not name.startswith("_") and _is_model_of(module.__name__, value):
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
