"""Means over an epoch of whatever terms a model's `learn` reports."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError


@keras.saving.register_keras_serializable(package="zoo")
class RunningMeans(keras.metrics.Metric):
    """Sample-weighted means of up to 16 named scalars, kept in one vector.

    A model need not declare its terms: the names become known when the step is first traced, and
    one vector addition a step adds them all.

    Example:
        >>> means = RunningMeans()
        >>> means.update_state({"loss": 1.0}, sample_weight=1)
        >>> means.update_state({"loss": 4.0}, sample_weight=2)
        >>> float(means.result()["loss"])
        3.0
    """

    limit = 16

    def __init__(self, name: str = "means", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.totals = self.add_variable((self.limit,), initializer="zeros", name="totals")
        self.weight = self.add_variable((), initializer="zeros", name="weight")
        self.names: tuple[str, ...] = ()

    def update_state(self, terms: Mapping[str, Any], sample_weight: Any = 1) -> None:
        """Add `terms`, a dict of scalars, that stand for `sample_weight` samples."""
        if len(terms) > self.limit:
            raise InputError(f"learn() reported {len(terms)} terms; at most {self.limit} fit.")
        self.names = tuple(sorted(terms))  # JAX hands a dict back sorted, so training's may differ
        sample_weight = ops.cast(sample_weight, "float32")
        values = ops.stack([ops.cast(term, "float32") for term in map(terms.get, self.names)])
        values = ops.pad(values, (0, self.limit - len(terms)))
        self.totals.assign_add(values * sample_weight)
        self.weight.assign_add(sample_weight)

    def result(self) -> dict[str, Any]:
        """Return the means so far by name; zeros before the first batch."""
        weight = ops.maximum(self.weight, 1e-12)
        return {name: self.totals[i] / weight for i, name in enumerate(self.names)}

    def as_floats(self) -> dict[str, float]:
        """Return the same as Python floats, read from the device as two arrays."""
        totals, weight = map(ops.convert_to_numpy, (self.totals, self.weight))
        means = totals / np.maximum(weight, np.float32(1e-12))
        return {name: float(mean) for name, mean in zip(self.names, means, strict=False)}
