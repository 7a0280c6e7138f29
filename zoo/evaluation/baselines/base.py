"""The interface of the baselines: two verbs, and samples of any shape as rows of features."""

from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from zoo.errors import InputError


class Baseline(Protocol):
    """A detector that is fitted on normal samples in about a second and scores others."""

    def fit(self, x: ArrayLike) -> Self:
        """Learn from normal samples and return self."""
        ...

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the anomaly score of each sample, `(n,)` float32."""
        ...


def as_rows(x: ArrayLike) -> np.ndarray:
    """Flatten samples `(n, ...)` to `(n, features)` float32.

    Raises:
        ValueError: Values that are NaN or infinite.
    """
    x = np.asarray(x, dtype=np.float32)
    if unusable := int((~np.isfinite(x)).sum()):
        raise InputError(
            f"{unusable} of {x.size} values of the samples are NaN or infinite, "
            "expected finite numbers"
        )
    return x.reshape(len(x), -1)


def require_variation(rows: np.ndarray) -> None:
    """Raise unless there are two samples that differ."""
    if len(rows) < 2 or np.ptp(rows, axis=0).max() == 0:
        raise InputError(f"{len(rows)} samples do not vary, expected 2 or more distinct ones")
