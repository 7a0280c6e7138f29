"""A Keras 3 model zoo for deep anomaly detection on TensorFlow, JAX and PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.backend import prefer_installed, set_defaults
from zoo.version import __version__

if TYPE_CHECKING:
    from zoo.detectors import Detector
    from zoo.models.many import fit_many

__all__ = ["__version__", "fit_many", "load"]


set_defaults()
prefer_installed()


def load(path: str | Path) -> Detector:
    """Read a detector that its `save` wrote, under any backend: `zoo.detectors.artifact.load`."""
    from zoo.detectors import artifact

    return artifact.load(path)


def __getattr__(name: str) -> Any:
    """Import `zoo.models.many.fit_many`, and Keras with it, when it is asked for."""
    if name == "fit_many":
        from zoo.models.many import fit_many

        return fit_many
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
