"""The rows of the benchmark's tables: which backend, and which way it takes a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

NATIVE = "native"  # a PyTorch loop without Keras; both a backend and an engine of the tables
STOCK = "stock"  # Keras' own layers and `fit`, nothing of the zoo
REFERENCE, FAST = "reference", "fast"  # the zoo's engines
ENGINES = (STOCK, REFERENCE, FAST)
TITLES = {STOCK: "stock Keras"}


class Contestant(NamedTuple):
    """A row: a backend and its engine.

    Attributes:
        backend: `tensorflow`, `jax`, `torch`, or `native`.
        engine: one of `ENGINES`; `native` for the PyTorch loop.
    """

    backend: str
    engine: str

    def __str__(self) -> str:
        return self.backend if self.engine == NATIVE else f"{self.backend} ({title(self.engine)})"

    @property
    def package(self) -> str:
        """Return the backend that must be installed."""
        return "torch" if self.backend == NATIVE else self.backend


def contestants(backends: Sequence[str], engines: Sequence[str]) -> list[Contestant]:
    """Return every engine of each backend, in order; the native loop has one of its own."""
    return [
        Contestant(backend, engine)
        for backend in backends
        for engine in ((NATIVE,) if backend == NATIVE else engines)
    ]


def title(engine: str) -> str:
    """Return an engine's name in tables."""
    return TITLES.get(engine, engine)
