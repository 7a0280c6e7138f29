"""A model of another library beside the zoo's, on equal terms.

Layers, objective, learning rate, epochs and batches are equal; data are standardized once for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.models.base import AnomalyModel

TORCH_SCALE = 1 / 3  # variance times fan-in of `torch.nn.Linear`'s initial weights


@dataclass(frozen=True)
class Peer:
    """A model of another library and the zoo's counterpart.

    Attributes:
        title: in tables.
        package: the package to install.
        theirs: `(features, epochs, seed)` to their model, with `fit` and `decision_function`.
        ours: `(sample shape, seed)` to the zoo's model, not compiled.
        learning_rate: of Adam, for both.
        batch_size: of both.
        window: rows per window; None for a table.
    """

    title: str
    package: str
    theirs: Callable[[int, int, int], Any]
    ours: Callable[[tuple[int, ...], int], AnomalyModel]
    learning_rate: float = 1e-3
    batch_size: int = 32
    window: int | None = None
