"""Epochs over data in memory, many steps a call, where Keras makes one call a step.

What Keras' `fit` promises stays: callbacks, history, progress, validation, an early stop. Between
two calls the model's variables are up to date, so that callbacks may read them, and Ctrl-C is
heard. A callback that wants every batch gets every batch.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import keras
import numpy as np

from zoo.engine.windows import Cut, find_cut, lengthened, ready
from zoo.training.batches import Batches

CALL_SECONDS = 0.5  # that a call shall take
LEAST_STEPS, MOST_SECONDS = 4, 2.0  # of a call of slow steps: it begins by asking for memory
WHOLE = 2**31  # bytes of data at most that are placed on the device once and for all
PIECE = 2**24  # bytes of larger data that are handed to the device at a time
PIECE_STEPS = 64
SERVED = (
    "batch_size",
    "epochs",
    "verbose",
    "callbacks",
    "validation_data",
    "shuffle",
    "initial_epoch",
    "validation_batch_size",
    "validation_freq",
)


def served(*args: Any, **kwargs: Any) -> dict[str, Any] | None:
    """What `keras.Model.fit` takes after `x` and `y`, by name; None where `fit` cannot serve it.

    Example:
        >>> served(32, 5)
        {'batch_size': 32, 'epochs': 5}
        >>> served(32, sample_weight=np.ones(5)) is None
        True
    """
    defaults = {n: p.default for n, p in inspect.signature(keras.Model.fit).parameters.items()}
    given = {**dict(zip(list(defaults)[3:], args, strict=False)), **kwargs}
    others = (name for name in given if name not in SERVED)
    if any(np.ndim(given[name]) or given[name] != defaults.get(name) for name in others):
        return None
    return {name: value for name, value in given.items() if name in SERVED}


def as_batches(x: Any, y: Any = None, batch_size: int | None = None, shuffle: bool = True) -> Any:
    """Data as batches that `Epoch` can read; None for what Keras must iterate itself."""
    if hasattr(x, "begin_epoch"):
        return x
    if not isinstance(x, np.ndarray) or not len(x) or not isinstance(y, np.ndarray | None):
        return None
    seed = np.random.randint(2**31) if shuffle else None
    return Batches(x, batch_size or 32, seed, y)


@dataclass(frozen=True)
class Call:
    """Steps to take: what `Loop.run` takes, and whose they are."""

    epoch: Epoch
    cut: Cut
    data: list[Any]
    order: Any
    start: int
    end: int
    timed: bool = False

    @property
    def kind(self) -> tuple:
        """What a program is compiled for; hashable."""
        return self.cut, *(tuple(each.shape) for each in (*self.data, self.order))

    def __call__(self) -> None:
        """Take them."""
        begun = perf_counter()
        self.epoch.loop.run(self.cut, self.data, self.order, self.start, self.end)
        if self.timed:  # the first call compiles, and says nothing of the next
            seconds = (perf_counter() - begun) / (self.end - self.start)
            known = self.epoch.loop.step_seconds
            known[self.kind] = seconds if self.kind in known else 0.0


class Epoch:
    """The steps of an epoch, in training or validation, a few calls for all of them.

    Args:
        loop: what takes the steps, of the backend.
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
        self.placed = None
        arrays, self.cut = arrays_of(batches)
        if arrays and arrays[0].nbytes <= WHOLE:
            self.placed = [loop.place(lengthened(ready(each), room[0])) for each in arrays]

    def calls(self, single: bool = False) -> Iterator[tuple[int, int, Call]]:
        """First and last step of each call, and the call itself.

        Args:
            single: whether each call shall take one step only.
        """
        return self._from_host(single) if self.placed is None else self._from_device(single)

    def _from_device(self, single):
        size, count = self.batches.batch_size, len(self.batches.order)
        whole = count // size
        # Sorted within each batch, memory is read forwards.
        order = self.batches.order[: whole * size].astype("int32").reshape(whole, size)
        order.sort(axis=1)
        placed = self.loop.place(lengthened(order, self.room[1]))
        done = 0
        call = Call(self, self.cut, self.placed, placed, 0, 0, timed=True)
        while done < whole:
            steps = 1 if single else whole if self.at_once else self._steps_a_call(call.kind)
            end = min(whole, done + steps)
            yield done, end - 1, replace(call, start=done, end=end)
            done = end
        if len(self.batches) > whole:
            rest = np.sort(self.batches.order[whole * size :])[None].astype("int32")
            placed = self.loop.place(rest)
            yield whole, whole, Call(self, self.cut, self.placed, placed, 0, 1)

    def _from_host(self, single):
        first = 0
        for held in self._pieces(single):
            parts = [np.concatenate(each) for each in zip(*held, strict=True)]
            order = np.arange(len(parts[0]), dtype="int32").reshape(len(held), -1)
            placed = [self.loop.place(part) for part in parts], self.loop.place(order)
            last = first + len(held) - 1
            yield first, last, Call(self, Cut(), *placed, 0, len(held))
            first = last + 1

    def _pieces(self, single):
        """Lists of as many batches as are handed over at a time; those that are left, alone."""
        held = []
        for index in range(len(self.batches)):
            batch = self.batches[index]
            arrays = batch if isinstance(batch, tuple) else (batch,)
            arrays = [ready(np.asarray(array)) for array in arrays]
            if held and len(arrays[0]) != len(held[0][0]):
                yield from ([each] for each in held)
                held = []
            held.append(arrays)
            fit = PIECE // max(1, sum(array.nbytes for array in arrays))
            if single or len(held) >= min(PIECE_STEPS, fit):
                yield held
                held = []
        yield from ([each] for each in held)

    def _steps_a_call(self, kind):
        seconds = self.loop.step_seconds.get(kind)
        if not seconds:
            return 1
        return max(1, min(LEAST_STEPS, int(MOST_SECONDS / seconds)), int(CALL_SECONDS / seconds))


def arrays_of(batches: Any) -> tuple[list[np.ndarray], Cut]:
    """What of `Batches` is placed on the device, samples first; none of other data sets."""
    if getattr(type(batches), "__getitem__", None) is not Batches.__getitem__:
        return [], Cut()
    series, cut = find_cut(batches.x)
    return [series] if batches.y is None else [series, np.asarray(batches.y)], cut


def fit(model, batches, **options):
    """Train as `keras.Model.fit` does.

    Args:
        model: compiled `zoo.models.base.AnomalyModel`.
        batches: what `as_batches` gave.
        **options: those of `training`.

    Returns:
        `keras.callbacks.History`.
    """
    with closing(training(model, Epoch(model.loop(training=True), batches), **options)) as calls:
        for call in calls:
            call()
    return model.history


def training(
    model,
    train_epoch,
    batch_size=None,
    epochs=1,
    initial_epoch=0,
    validation_data=None,
    validation_batch_size=None,
    validation_freq=1,
    callbacks=None,
    verbose="auto",
):
    """All that `keras.Model.fit` does but the steps: a generator of the calls that take them.

    Each must have been made before the next is asked for. So several models can train at a time.

    Args:
        model: compiled `zoo.models.base.AnomalyModel`; its `history` is there after the last call.
        train_epoch: `Epoch` of training steps.
        batch_size: of validation, where `validation_batch_size` is not given.
        epochs: number of the epoch to end before.
        initial_epoch: number of the first.
        validation_data: as in Keras.
        validation_batch_size: as in Keras.
        validation_freq: epochs between validations, or a list of those to validate after.
        callbacks: as in Keras.
        verbose: as in Keras.

    Yields:
        `Call`.
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
    validate = _validation(model, validation_data, validation_batch_size or batch_size)
    model.stop_training = False
    logs = {}
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


def _validation(model, data, batch_size):
    """Function of the callbacks that returns validation logs; on the device where data allow it."""
    x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
    batches = None if weight is not None else as_batches(x, y, batch_size, shuffle=False)
    if batches is not None:
        epoch = Epoch(model.loop(training=False), batches)
        return lambda callbacks: evaluate(model, epoch, callbacks)
    return lambda callbacks: model.evaluate(
        x, y, batch_size, sample_weight=weight, callbacks=callbacks, return_dict=True
    )


def evaluate(model, epoch, callbacks):
    """Mean logs of `epoch`, an `Epoch` of validation steps, as `keras.Model.evaluate` has them."""
    model.reset_metrics()
    callbacks.on_test_begin()
    for first, last, call in epoch.calls():
        callbacks.on_test_batch_begin(first)
        call()
        callbacks.on_test_batch_end(last)
    logs = model.mean_logs(training=False)
    callbacks.on_test_end(logs)
    return logs


def _wants_every_batch(callback):
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
