"""Epochs over data in memory, many steps per call, where Keras makes one call a step.

What Keras' `fit` promises stays: callbacks, history, progress, validation, an early stop. Between
two calls the model's variables are up to date, so that callbacks may read them, and Ctrl-C is
heard. A callback that wants every batch gets every batch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from zoo.engine.windows import WindowIndex, padded, ready, window_index
from zoo.training.batches import Batches

WHOLE = 2**31  # bytes, at most, of data that are placed on the device once and for all
PIECE = 2**24  # bytes of larger data that are handed to the device at a time
PIECE_STEPS = 64

Logs = dict[str, float]


def served(data: Any) -> bool:
    """Return whether `Epoch` can read `data`; Keras iterates everything else itself."""
    return hasattr(data, "begin_epoch")


@dataclass(frozen=True)
class Call:
    """Steps to take: what `Loop.run` takes, and whose they are."""

    epoch: Epoch
    index: WindowIndex
    data: list[Any]
    order: Any
    start: int
    end: int

    @property
    def kind(self) -> tuple[Any, ...]:
        """Return the shapes that a program is compiled for; hashable."""
        return self.index, *(tuple(each.shape) for each in (*self.data, self.order))

    def __call__(self) -> None:
        """Take the steps."""
        self.epoch.loop.run(self.index, self.data, self.order, self.start, self.end)


class Epoch:
    """The steps of an epoch, in training or validation, in a few calls.

    Args:
        loop: `zoo.engine.Loop`, which takes the steps.
        batches: `Batches`, or another data set that is read batch by batch.
        room: rows of data and steps of an epoch to make room for, so that what is compiled for
            these serves others that are shorter.
        at_once: whether all batches of one size are one call.
    """

    def __init__(
        self, loop: Any, batches: Any, room: tuple[int, int] = (0, 0), at_once: bool = False
    ):
        self.loop = loop
        self.batches = batches
        self.room = room
        self.at_once = at_once
        self.placed: list[Any] | None = None
        arrays, self.index = arrays_of(batches)
        if arrays and arrays[0].nbytes <= WHOLE:
            self.placed = [loop.place(padded(ready(each), room[0])) for each in arrays]

    def calls(self, single: bool = False) -> Iterator[tuple[int, int, Call]]:
        """Yield the first and last step of each call, and the call itself.

        Args:
            single: whether each call shall take one step only.
        """
        if self.placed is None:
            return self._from_host(single)
        return self._from_device(self.placed, single)

    def _from_device(self, data: list[Any], single: bool) -> Iterator[tuple[int, int, Call]]:
        size, count = self.batches.batch_size, len(self.batches.order)
        whole = count // size
        # Sorted within each batch, memory is read forwards.
        order = self.batches.order[: whole * size].astype("int32").reshape(whole, size)
        order.sort(axis=1)
        steps = self.loop.steps_per_call(size, self.batches.x.shape[1:])
        steps = 1 if single else whole if self.at_once else steps
        call = Call(self, self.index, data, self.loop.place(padded(order, self.room[1])), 0, 0)
        for start in range(0, whole, max(1, steps)):
            end = min(whole, start + steps)
            yield start, end - 1, replace(call, start=start, end=end)
        if len(self.batches) > whole:
            rest = np.sort(self.batches.order[whole * size :])[None].astype("int32")
            yield whole, whole, replace(call, order=self.loop.place(rest), end=1)

    def _from_host(self, single: bool) -> Iterator[tuple[int, int, Call]]:
        first = 0
        for held in self._pieces(single):
            parts = [np.concatenate(each) for each in zip(*held, strict=True)]
            order = np.arange(len(parts[0]), dtype="int32").reshape(len(held), -1)
            placed = [self.loop.place(part) for part in parts], self.loop.place(order)
            last = first + len(held) - 1
            yield first, last, Call(self, WindowIndex(), *placed, 0, len(held))
            first = last + 1

    def _pieces(self, single: bool) -> Iterator[list[list[np.ndarray]]]:
        """Yield lists of as many batches as are handed over at a time; the rest, one by one."""
        held: list[list[np.ndarray]] = []
        for index in range(len(self.batches)):
            batch = self.batches[index]
            given = batch if isinstance(batch, tuple) else (batch,)
            arrays = [ready(np.asarray(array)) for array in given]
            if held and len(arrays[0]) != len(held[0][0]):
                yield from ([each] for each in held)
                held = []
            held.append(arrays)
            fit = PIECE // max(1, sum(array.nbytes for array in arrays))
            if single or len(held) >= min(PIECE_STEPS, fit):
                yield held
                held = []
        yield from ([each] for each in held)


def arrays_of(batches: Any) -> tuple[list[np.ndarray], WindowIndex]:
    """Return what of `Batches` is placed on the device, samples first; none of other data sets."""
    if not is_plain(batches):
        return [], WindowIndex()
    x, *others = batches.arrays
    series, index = window_index(x)
    return [series, *map(np.asarray, others)], index


def is_plain(data: Any) -> bool:
    """Return whether `data` is `Batches` and reads its arrays as these do."""
    return getattr(type(data), "__getitem__", None) is Batches.__getitem__


def fit(model: Any, batches: Any, **options: Any) -> keras.callbacks.History:
    """Train as `keras.Model.fit` does.

    Args:
        model: compiled `zoo.models.base.AnomalyModel`.
        batches: data that are `served`.
        **options: those of `training`.
    """
    with closing(training(model, Epoch(model.loop(training=True), batches), **options)) as calls:
        for call in calls:
            call()
    return model.history


def training(
    model: Any,
    train_epoch: Epoch,
    epochs: int = 1,
    initial_epoch: int = 0,
    validation_data: Any = None,
    validation_freq: int | list[int] = 1,
    callbacks: Any = None,
    verbose: Any = "auto",
) -> Generator[Call]:
    """Do all that `keras.Model.fit` does but the steps, and yield the calls that take them.

    Each call must have been made before the next is asked for. So several models can train at a
    time.

    Args:
        model: compiled `zoo.models.base.AnomalyModel`; its `history` is there after the last call.
        train_epoch: `Epoch` of training steps.
        epochs: number of the epoch to end before.
        initial_epoch: number of the first.
        validation_data: data in batches, or None.
        validation_freq: epochs between validations, or a list of those to validate after.
        callbacks: as in Keras.
        verbose: as in Keras.
    """
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=len(train_epoch.batches),
            model=model,
        )
    single = any(map(_wants_every_batch, callbacks.callbacks))
    validate = _validation(model, validation_data)
    model.stop_training = False
    logs: Logs = {}
    callbacks.on_train_begin()
    try:
        for epoch in range(model._initial_epoch or initial_epoch, epochs):
            model.reset_metrics()
            callbacks.on_epoch_begin(epoch)
            for first, last, call in train_epoch.calls(single):
                callbacks.on_train_batch_begin(first)
                yield call
                callbacks.on_train_batch_end(last, model.mean_logs(training=True))
                if model.stop_training:
                    break
            logs = model.mean_logs(training=True)
            if validation_data is not None and model._should_eval(epoch, validation_freq):
                logs |= {f"val_{name}": value for name, value in validate(callbacks).items()}
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    finally:
        if epochs:
            model.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs)


def _validation(model: Any, data: Any) -> Callable[[Any], Logs]:
    """Return a function of the callbacks that validates; on the fast path where data allow it."""
    if served(data):
        epoch = Epoch(model.loop(training=False), data)
        return lambda callbacks: evaluate(model, epoch, callbacks)
    return lambda callbacks: model.evaluate(data, callbacks=callbacks, return_dict=True)


def evaluate(model: Any, epoch: Epoch, callbacks: Any) -> Logs:
    """Return the mean logs of `epoch`, of validation steps, as `keras.Model.evaluate` does."""
    model.reset_metrics()
    callbacks.on_test_begin()
    for first, last, call in epoch.calls():
        callbacks.on_test_batch_begin(first)
        call()
        callbacks.on_test_batch_end(last)
    logs = model.mean_logs(training=False)
    callbacks.on_test_end(logs)
    return logs


def _wants_every_batch(callback: Any) -> bool:
    if isinstance(callback, keras.callbacks.ProgbarLogger):
        return False
    if "epoch" in (getattr(callback, name, None) for name in ("save_freq", "update_freq")):
        return False
    hooks = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
    own = keras.callbacks.Callback
    return any(
        getattr(getattr(callback, name), "__func__", None) is not getattr(own, name)
        for name in hooks
    )
