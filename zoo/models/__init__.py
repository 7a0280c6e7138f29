"""Models: how each method learns and how it scores.

One file, one method; networks arrive as arguments. Every model that a file of this package defines
is an attribute of the package, `zoo.models.DeepSVDD`: a new file needs no line here.
"""

from __future__ import annotations

from typing import Any

import zoo.engine  # noqa: F401  (an installed backend, before Keras is imported)
from zoo.models.discovery import model_classes

_MODELS = {each.__name__: each for each in model_classes()}

__all__ = sorted(_MODELS)


def __getattr__(name: str) -> Any:
    """Return the model class of this name."""
    if name in _MODELS:
        return _MODELS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODELS])
