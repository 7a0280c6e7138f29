"""A Keras 3 model zoo for deep anomaly detection on TensorFlow, JAX and PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.backend import prefer_installed, set_defaults

if TYPE_CHECKING:
    from zoo.estimators import AnomalyEstimator
    from zoo.many import fit_many

__all__ = ["fit_many", "load"]

__version__ = "0.1.0"

set_defaults()
prefer_installed()


def load(path: str | Path) -> AnomalyEstimator:
    """Read a detector that its `save` wrote, under any backend: `zoo.artifact.load`."""
    from zoo import artifact

    return artifact.load(path)


def __getattr__(name: str) -> Any:
    """Import `zoo.many.fit_many`, and Keras with it, when it is asked for."""
    if name == "fit_many":
        from zoo.many import fit_many

        return fit_many
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
