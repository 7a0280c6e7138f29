"""Data larger than memory: read chunk by chunk, as often as training needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from zoo.data.arrays.windows import sliding_windows
from zoo.detectors import inputs
from zoo.detectors.preparation import Preparation
from zoo.errors import InputError

HELD_OUT = 20_000  # most rows held out, which stay in memory

Chunks = Callable[[], Iterable[Any]]


class ChunkReader:
    """Reader of the chunks that `fit` got as a function, with the statistics that fitting needs.

    Args:
        chunks: function that returns the chunks from the start each time it is called, each an
            `(n, features)` array or a frame with the same columns.
        missing: whether NaN is allowed.

    Attributes:
        names: of the features, or None.
        features, rows: how many.
        mean, deviation, low, high: `(features,)` float64 of all rows.

    Raises:
        ValueError: no rows, values that are no numbers, chunks of other columns.
    """

    def __init__(self, chunks: Chunks, missing: bool) -> None:
        self.chunks = chunks
        self.missing = missing
        self.names: tuple[str, ...] | None = None
        self.features = self.rows = 0
        moments, range_ = StandardScaler(), MinMaxScaler()
        for values in self:
            moments.partial_fit(values)
            range_.partial_fit(values)
            self.rows += len(values)
        if self.rows < 2:
            raise InputError(
                f"the chunks hold {self.rows} samples in all; expected 2 or more. The function "
                f"must start anew each time it is called"
            )
        self.mean, self.deviation = moments.mean_, moments.scale_
        self.low, self.high = range_.data_min_, range_.data_max_

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the values of each chunk, `(n, features)` float64; empty ones are left out."""
        for chunk in self.chunks():
            if len(chunk) == 0:
                continue
            given = inputs.read(chunk, self.missing)
            if given.values.ndim != 2:
                raise InputError(f"a chunk has shape {given.values.shape}; expected rows")
            if not self.features:
                self.names, self.features = given.names, given.values.shape[1]
            yield inputs.in_order(given, self.names, self.features, "this fit").values

    def prepare(self, scaling: str, missing: str) -> Preparation:
        """Return the preparation that `Preparation.fit` would learn from all rows.

        Raises:
            ValueError: `scaling="robust"`, whose quartiles need all rows at once.
        """
        made = Preparation(scaling, missing)
        if scaling == "robust":
            raise InputError("scaling='robust' needs all rows at once; give 'standard' or 'minmax'")
        ones = np.ones(self.features)
        spread = np.where(self.high > self.low, self.high - self.low, 1.0)
        made.mean_ = self.mean
        made.offset_ = {"standard": self.mean, "minmax": self.low, "none": 0 * ones}[scaling]
        made.factor_ = {"standard": self.deviation, "minmax": spread, "none": ones}[scaling]
        return made


class ChunkedBatches(keras.utils.PyDataset):
    """Batches of one chunk after another, shuffled within each; one chunk is in memory at a time.

    As in `Batches`, the order follows from `seed` and the epoch's number alone.

    Args:
        reader: of the chunks.
        preparation: scales them.
        window: rows per window of a series; windows cross from chunk to chunk. None: a table.
        held_out: number of the first row that is held out.
        batch_size: samples per step; an incomplete batch at the end is left out.
        seed: of the order.
    """

    def __init__(
        self,
        reader: ChunkReader,
        preparation: Preparation,
        window: int | None,
        held_out: int,
        batch_size: int,
        seed: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reader = reader
        self.preparation = preparation
        self.window = window
        self.held_out = held_out
        self.seed = seed
        self.epoch = 0
        samples = held_out - (window - 1 if window else 0)
        self.batch_size = min(batch_size, samples)
        self.steps = samples // self.batch_size
        self._next = 0
        self._batches = self._shuffled()

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> np.ndarray:
        if index != self._next:
            self._start()
            for _ in range(index):
                next(self._batches)
        self._next = index + 1
        return next(self._batches)

    def begin_epoch(self, epoch: int) -> None:
        """Take the order of `epoch`, counted from 0."""
        self.epoch = epoch
        self._start()

    def on_epoch_end(self) -> None:
        self.begin_epoch(self.epoch + 1)

    def samples(self, first: int = 0, last: int | None = None) -> Iterator[np.ndarray]:
        """Yield scaled samples of the rows from `first` to before `last`, `(n, ...)` per chunk."""
        last = self.held_out if last is None else last
        tail, row = None, 0
        for values in self.reader:
            begin, row = row, row + len(values)
            values = values[max(0, first - begin) : max(0, last - begin)]
            if self.window and tail is not None:
                values = np.concatenate([tail, values])
            if self.window:
                tail = np.array(values[max(0, len(values) - self.window + 1) :])
            if len(values) < (self.window or 1):
                continue
            scaled = self.preparation.transform(values)
            yield sliding_windows(scaled, self.window) if self.window else scaled

    def _start(self) -> None:
        self._next = 0
        self._batches = self._shuffled()

    def _shuffled(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng((self.seed, self.epoch))
        left = None
        for samples in self.samples():
            order = rng.permutation(len(samples))
            start = 0
            if left is not None:
                start = self.batch_size - len(left)
                joined = np.concatenate([left, samples[order[:start]]])
                left = joined if len(joined) < self.batch_size else None
                if left is None:
                    yield joined
            while start + self.batch_size <= len(order):
                yield samples[order[start : start + self.batch_size]]
                start += self.batch_size
            if start < len(order):
                left = np.array(samples[order[start:]])
