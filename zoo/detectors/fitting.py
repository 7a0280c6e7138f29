"""One training: early stopping, an error if it diverges, and a file to resume from."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import keras
import numpy as np

from zoo.errors import ZooError
from zoo.models.base import AnomalyModel


class DivergenceError(ZooError, ValueError):
    """The loss became NaN or infinite."""


class CheckpointError(ZooError, ValueError):
    """A checkpoint that is damaged, or of another training."""


class BestWeights(keras.callbacks.Callback):
    """Keep the weights of the epoch with the lowest loss; stop when it no longer falls.

    Keras' `EarlyStopping` with `restore_best_weights`, but its state can be saved.

    Args:
        patience: epochs without a lower loss before training stops.
    """

    def __init__(self, patience: int) -> None:
        super().__init__()
        self.patience = patience
        self.best = np.inf
        self.waited = 0
        self.weights: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
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

    def restore(self, model: AnomalyModel) -> None:
        """Assign the best weights to the model."""
        if self.weights:
            assign(model.weights, self.weights)


class Checkpoint(keras.callbacks.Callback):
    """Write what an interrupted training needs to a file after every epoch, whole or not at all.

    A NumPy archive without pickle: weights, optimizer, best weights so far, history, and a
    fingerprint of data and settings, so that only the same training resumes from it.

    Args:
        path: of the file; it is deleted when training ends.
        fingerprint: of the training, text.
        best: the `BestWeights` of the same training.
    """

    def __init__(self, path: str | Path, fingerprint: str, best: BestWeights) -> None:
        super().__init__()
        self.path = Path(path)
        self.fingerprint = fingerprint
        self.best = best
        self.epochs = 0
        self.history: dict[str, list[float]] = {}

    def resume(self, model: AnomalyModel) -> int:
        """Restore the model from the file and return the number of finished epochs.

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

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        self.epochs = epoch + 1
        state = {
            "fingerprint": self.fingerprint,
            "epochs": self.epochs,
            "history": self.history,
            "best": self.best.best,
            "waited": self.best.waited,
        }
        arrays: dict[str, Any] = {
            **{f"model_{i}": v for i, v in enumerate(values_of(self._variables(self.model)))},
            **{f"best_{i}": v for i, v in enumerate(self.best.weights)},
            "state": np.array(json.dumps(state)),
        }
        write_at_once(self.path, lambda file: np.savez(file, **arrays))

    def remove(self) -> None:
        """Delete the file after the training has ended."""
        self.path.unlink(missing_ok=True)

    def _variables(self, model: AnomalyModel) -> list[Any]:
        metrics = {id(v) for v in model.metrics_variables}
        lasting = [v for v in model.variables if id(v) not in metrics]
        return [*lasting, *model.optimizer.variables]


def train(
    model: AnomalyModel,
    batches: keras.utils.PyDataset,
    held_out: keras.utils.PyDataset | None,
    *,
    epochs: int,
    patience: int,
    checkpoint: str | Path | None = None,
    fingerprint: str = "",
    verbose: int = 0,
) -> dict[str, list[float]]:
    """Fit a compiled model, restore its best weights and return the history by log name.

    Args:
        model: compiled `zoo.models.base.AnomalyModel`.
        batches: `zoo.training.batches.Batches` of the training samples, or another data set whose
            order follows from the epoch's number.
        held_out: batches of held-out samples, or None: then the training loss decides.
        epochs: most passes.
        patience: epochs without improvement before training stops.
        checkpoint: file to write after every epoch and to resume from, or None.
        fingerprint: text that identifies this training.
        verbose: as in Keras.

    Raises:
        DivergenceError: the loss became NaN or infinite.
        CheckpointError: the checkpoint is damaged or of another training.
    """
    best = BestWeights(patience)
    callbacks: list[keras.callbacks.Callback] = [best]
    done = 0
    file = None if checkpoint is None else Checkpoint(checkpoint, fingerprint, best)
    if file is not None:
        done = file.resume(model)
        callbacks.append(file)
    history: dict[str, list[float]] = {} if file is None else file.history
    if done < epochs and best.waited < patience:
        found = model.fit(
            batches,
            epochs=epochs,
            initial_epoch=done,
            validation_data=held_out,
            callbacks=callbacks,
            verbose=verbose,
        )
        history = found.history if file is None else file.history
    best.restore(model)
    if file is not None:
        file.remove()
    return {name: [float(v) for v in values] for name, values in history.items()}


def write_at_once(path: str | Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file beside `path` and move it there, so that no reader ever sees half of it.

    Args:
        path: of the file.
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


def values_of(variables: Sequence[Any]) -> list[np.ndarray]:
    """Return copies of the variables' values as NumPy arrays."""
    return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]


def assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    """Assign each variable its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _group(saved: dict[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    count = sum(name.startswith(f"{prefix}_") for name in saved)
    return [saved[f"{prefix}_{i}"] for i in range(count)]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
