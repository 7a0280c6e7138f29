"""Batches whose order does not depend on the backend."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from zoo.engine.windows import ready


class Batches(keras.utils.PyDataset):
    """The samples of an array in batches, shuffled anew each epoch by NumPy.

    Keras shuffles with the backend's own generator, so that one seed gives three orders. Training
    on these gives the same batches on every backend; with equal initial weights, the same model.
    In `AnomalyModel.fit` the order is that of `seed` and the epoch's number alone, so that a
    training that was interrupted and resumed sees what an uninterrupted one sees.

    Args:
        x: `(n, ...)` array; a strided view is never copied whole.
        batch_size: samples a batch; the last may be smaller.
        seed: of the order; None keeps that of `x`.
        y: `(n,)` labels, for a model that needs them; batches are then `(x, y)`.
        drop_last: leave out the last batch of an epoch if it is smaller; that leaves out other
            samples each time. JAX then compiles a step for one size and not for two.
        sample_weight: `(n,)` weights of the samples; batches are then `(x, y, weights)`. Without
            labels the weights stand in their place too, for Keras drops weights without labels.
        **kwargs: of `keras.utils.PyDataset`.

    Example:
        >>> batches = Batches(np.arange(5.0), batch_size=2, seed=0)
        >>> len(batches), sorted(np.concatenate([batches[i] for i in range(3)]).tolist())
        (3, [0.0, 1.0, 2.0, 3.0, 4.0])
    """

    def __init__(
        self,
        x: np.ndarray,
        batch_size: int = 32,
        seed: int | None = 0,
        y: np.ndarray | None = None,
        drop_last: bool = False,
        sample_weight: np.ndarray | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.x = x
        self.y = y
        self.sample_weight = sample_weight
        self.drop_last = drop_last and len(x) >= batch_size
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self.order = self._shuffled()

    @property
    def arrays(self) -> list[np.ndarray]:
        """`x`, and `y` and `sample_weight` as batches hold them."""
        if self.sample_weight is None:
            return [self.x] if self.y is None else [self.x, self.y]
        return [self.x, self.sample_weight if self.y is None else self.y, self.sample_weight]

    def __len__(self) -> int:
        whole, rest = divmod(len(self.x), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __getitem__(self, index: int) -> Any:
        chosen = np.sort(self.order[index * self.batch_size : (index + 1) * self.batch_size])
        batch = tuple(ready(array[chosen]) for array in self.arrays)
        return batch if len(batch) > 1 else batch[0]

    def begin_epoch(self, epoch: int) -> None:
        """Take the order of `epoch`, counted from 0."""
        self.epoch = epoch
        self.order = self._shuffled()

    def on_epoch_end(self) -> None:
        self.begin_epoch(self.epoch + 1)

    def _shuffled(self) -> np.ndarray:
        if self.seed is None:
            return np.arange(len(self.x))
        return np.random.default_rng((self.seed, self.epoch)).permutation(len(self.x))
