"""One training: early stopping, an error where it diverges, and a file to resume from."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import ZooError


class DivergenceError(ZooError, ValueError):
    """The loss became NaN or infinite."""


class CheckpointError(ZooError, ValueError):
    """A checkpoint that is damaged, or of another training."""


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the lowest loss; stops when it no longer falls.

    As Keras' `EarlyStopping` with `restore_best_weights`, but what it knows can be saved.

    Args:
        patience: epochs without a lower loss before training stops.
    """

    def __init__(self, patience: int):
        super().__init__()
        self.patience = patience
        self.best = np.inf
        self.waited = 0
        self.weights: list[np.ndarray] = []

    def on_epoch_end(self, epoch, logs=None):
        loss = logs.get("val_loss", logs["loss"])
        if not np.isfinite(loss):
            raise DivergenceError(
                f"training diverged: the loss of epoch {epoch + 1} is {loss:g}; give a smaller "
                f"learning_rate (a tenth, say), or look for extreme values in the data"
            )
        if loss < self.best:
            self.best, self.waited, self.weights = float(loss), 0, values_of(self.model.weights)
        else:
            self.waited += 1
            self.model.stop_training = self.waited >= self.patience

    def restore(self, model):
        """Give the best weights back to the model."""
        if self.weights:
            assign(model.weights, self.weights)


class Checkpoint(keras.callbacks.Callback):
    """Writes after every epoch, at once or not at all, what an interrupted training needs.

    A NumPy archive without pickle: weights, optimizer, best weights so far, history, and a
    fingerprint of data and settings, so that no other training resumes from it.

    Args:
        path: of the file; it is deleted when training ends.
        fingerprint: of the training, text.
        best: the `BestWeights` of the same training.
    """

    def __init__(self, path: str | Path, fingerprint: str, best: BestWeights):
        super().__init__()
        self.path = Path(path)
        self.fingerprint = fingerprint
        self.best = best
        self.epochs = 0
        self.history: dict[str, list[float]] = {}

    def resume(self, model) -> int:
        """Bring the model to where the file left it; the number of epochs that are done.

        Raises:
            CheckpointError: damaged, or of another training.
        """
        if not self.path.exists():
            return 0
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                saved = {name: archive[name] for name in archive.files}
            known = json.loads(str(saved.pop("state")))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise CheckpointError(
                f"checkpoint {self.path} is damaged ({error}); delete it to train from the start"
            ) from error
        if known["fingerprint"] != self.fingerprint:
            raise CheckpointError(
                f"checkpoint {self.path} belongs to a training with other data or settings; "
                f"delete it, or give another checkpoint"
            )
        assign(self._variables(model), _group(saved, "model"))
        self.best.weights = _group(saved, "best")
        self.best.best, self.best.waited = known["best"], known["waited"]
        self.history, self.epochs = known["history"], known["epochs"]
        return self.epochs

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        self.epochs = epoch + 1
        state = {
            "fingerprint": self.fingerprint,
            "epochs": self.epochs,
            "history": self.history,
            "best": self.best.best,
            "waited": self.best.waited,
        }
        arrays = {
            **{f"model_{i}": v for i, v in enumerate(values_of(self._variables(self.model)))},
            **{f"best_{i}": v for i, v in enumerate(self.best.weights)},
            "state": np.array(json.dumps(state)),
        }
        write_at_once(self.path, lambda file: np.savez(file, **arrays))

    def remove(self):
        """Delete the file: training is over."""
        self.path.unlink(missing_ok=True)

    def _variables(self, model):
        passing = {id(v) for v in model.metrics_variables}
        lasting = [v for v in model.variables if id(v) not in passing]
        return [*lasting, *model.optimizer.variables]


def train(
    model, batches, held_out, *, epochs, patience, checkpoint=None, fingerprint="", verbose=0
) -> dict[str, list[float]]:
    """Fit a compiled detector and leave it with its best weights; history by log name.

    Args:
        model: compiled `zoo.models.base.AnomalyModel`.
        batches: `zoo.training.batches.Batches` of the training samples, or another data set whose
            order follows from the epoch's number.
        held_out: batches of held-out samples, or None: then the training loss decides.
        epochs: most passes.
        patience: epochs without improvement before training stops.
        checkpoint: file to write after every epoch and to resume from, or None.
        fingerprint: text that tells this training from others.
        verbose: as in Keras.

    Raises:
        DivergenceError: the loss became NaN or infinite.
        CheckpointError: the checkpoint is damaged or of another training.
    """
    best = BestWeights(patience)
    callbacks = [best]
    done = 0
    if checkpoint is not None:
        file = Checkpoint(checkpoint, fingerprint, best)
        done = file.resume(model)
        callbacks.append(file)
    history: dict[str, list[float]] = {} if checkpoint is None else file.history
    if done < epochs and best.waited < patience:
        found = model.fit(
            batches,
            epochs=epochs,
            initial_epoch=done,
            validation_data=held_out,
            callbacks=callbacks,
            verbose=verbose,
        )
        history = found.history if checkpoint is None else file.history
    best.restore(model)
    if checkpoint is not None:
        file.remove()
    return {name: [float(v) for v in values] for name, values in history.items()}


def write_at_once(path: str | Path, write: Any) -> None:
    """Write a file beside `path` and put it there in one move, so that no reader sees half of it.

    Args:
        path: where the file shall be.
        write: function of an open binary file.

    Raises:
        OSError: no space, no permission; `path` is as it was.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def values_of(variables) -> list[np.ndarray]:
    """The variables' values as NumPy, copied."""
    return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]


def assign(variables, values) -> None:
    """Give each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _group(saved: dict[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    count = sum(name.startswith(f"{prefix}_") for name in saved)
    return [saved[f"{prefix}_{i}"] for i in range(count)]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
