"""One contestant on one subject, in a process of its own: python -m zoo.bench.worker.

The process reads a line of JSON that names the contestant, answers with the costs of starting, then
measures what each following line asks for, one answer per line. Other output goes to stderr.

Training is timed inside `fit`, from `on_train_begin` to `on_train_end` (which here waits for the
device), over whole epochs. What `fit` does once for any number of epochs (placing a center,
checking for collapse) is left out; the answer also gives the seconds of the whole call.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter, time
from typing import Any

import numpy as np

from zoo.bench.contestants import NATIVE, STOCK
from zoo.bench.machine import EnergyMeter, memory_mb
from zoo.bench.subjects import SEED, SUBJECTS, Subject, network_weights

CHECKED_SAMPLES = 400  # whose scores are compared between contestants
LATENCY_CALLS = 200  # of single samples, or fewer if they take longer than their seconds


class ZooModel:
    """The zoo's model on the backend of `KERAS_BACKEND`, with the engine of `ZOO_ENGINE`."""

    def __init__(self, subject: Subject, device: str, weights: Path):
        from zoo import backend

        backend.tune_process()
        backend.choose(device=device)
        from zoo.training.batches import Batches

        self.facts = backend.describe()
        self.import_memory_mb = memory_mb()
        self.imported = time()
        self.subject, self.x = subject, subject.data()
        self.model = subject.build()
        self.model.compile(subject.optimizer())
        self.parameters = sum(int(np.prod(v.shape)) for v in self.model.trainable_variables)
        self.model.before_fit(self.x)
        self.batches = Batches(self.x, subject.batch_size, seed=SEED, drop_last=True)
        self._timer = timer(self.model)

    def train(self, epochs: int) -> float:
        """Train, and return the seconds from the first step to the end of the last."""
        self.model.fit(self.batches, epochs=epochs, verbose=0, callbacks=[self._timer])
        return self._timer.seconds

    def score(self, count: int) -> np.ndarray:
        """Return the scores of the first `count` samples, in batches of the subject's size."""
        return self.model.predict(self.x[:count], batch_size=self.subject.batch_size)

    def predict(self) -> None:
        """Score an epoch's samples in the batches that `predict` takes by default."""
        self.model.predict(self.x, verbose=0)

    def score_one(self, x: np.ndarray) -> None:
        """Score one sample `(1, ...)`."""
        self.model.predict(x, batch_size=1)


class StockModel:
    """The same network in stock Keras on the backend of `KERAS_BACKEND`."""

    def __init__(self, subject: Subject, device: str, weights: Path):
        from zoo import backend

        backend.choose(device=device)
        from zoo.bench.stock import StockKeras

        self.facts = backend.describe()
        self.import_memory_mb = memory_mb()
        self.imported = time()
        self.subject, self.x = subject, subject.data()
        self.model = StockKeras(subject, saved_weights(subject, weights), self.x)
        variables = self.model.network.trainable_variables
        self.parameters = sum(int(np.prod(v.shape)) for v in variables)
        self._timer = timer(self.model.network)

    def train(self, epochs: int) -> float:
        """Train, and return the seconds from the first step to the end of the last."""
        self.model.fit(self.x, epochs, callbacks=[self._timer])
        return self._timer.seconds

    def score(self, count: int) -> np.ndarray:
        """Return the scores of the first `count` samples, in batches of the subject's size."""
        return self.model.predict(self.x[:count], self.subject.batch_size)

    def predict(self) -> None:
        """Score an epoch's samples in the batches that Keras' `predict` takes by default."""
        self.model.predict(self.x)

    def score_one(self, x: np.ndarray) -> None:
        """Score one sample `(1, ...)`."""
        self.model.score_one(x)


class NativeModel:
    """The hand-written PyTorch loop; Keras is not imported."""

    predict = None

    def __init__(self, subject: Subject, device: str, weights: Path):
        from zoo.bench.native import NativeLoop, describe, matmul_peak

        self.facts = describe(device)
        if device == "gpu":
            self.facts["matmul_peak"] = matmul_peak(device)
        self.import_memory_mb = memory_mb()
        self.imported = time()
        self.subject, self.x = subject, subject.data()
        self.loop = NativeLoop(subject, saved_weights(subject, weights), device)
        self.parameters = self.loop.parameters
        self.tensor = self.loop.tensor(self.x)
        self.in_memory = self.tensor.cpu()  # where scoring starts and ends, as in the other rows
        self.loop.place_center(self.tensor)

    def train(self, epochs: int) -> float:
        """Train, and return the seconds it took."""
        start = perf_counter()
        self.loop.train(self.tensor, epochs)
        return perf_counter() - start

    def score(self, count: int) -> np.ndarray:
        """Return the scores of the first `count` samples, in batches of the subject's size."""
        return self.loop.score(self.in_memory[:count])

    def score_one(self, x: np.ndarray) -> None:
        """Score one sample `(1, ...)`, a NumPy array."""
        self.loop.score_one(x)


MODELS = {NATIVE: NativeModel, STOCK: StockModel}  # by engine; the others are the zoo's


class Measurement:
    """The answers of a worker.

    Args:
        task: `subject`, `backend`, `engine`, `device`, `batch_size`, `samples`, `weights` (file
            that `prepare` wrote) and `started`, when the process was, on the clock of `time.time`.
    """

    def __init__(self, task: dict[str, Any]):
        subject = SUBJECTS[task["subject"]]
        size = task["batch_size"] or subject.batch_size
        samples = max(task["samples"] or subject.samples, size)
        self.subject = replace(subject, batch_size=size, samples=samples - samples % size)
        make = MODELS.get(task["engine"], ZooModel)
        self.model = make(self.subject, task["device"], Path(task["weights"]))
        self.meter = EnergyMeter(task["device"])
        self.checked = min(self.subject.samples, max(CHECKED_SAMPLES, size))
        self.checked -= self.checked % size
        self.started = task["started"]

    def begin(self) -> dict[str, Any]:
        """Take the first scores and epochs; return the costs of starting, and rates to plan by."""
        first_score, _ = _timed(lambda: self.model.score(self.subject.batch_size))
        first_result = time() - self.started
        later_score, _ = _timed(lambda: self.model.score(self.subject.batch_size))
        _, initial = _timed(lambda: self.model.score(self.checked))
        first_fit, _ = _timed(lambda: self.model.train(1))
        _, trained = _timed(lambda: self.model.score(self.checked))
        later_fit, epoch = _timed(lambda: self.model.train(1))
        score, _ = _timed(lambda: self.model.score(self.subject.samples))
        for warm_up in (self.model.predict, lambda: self.model.score_one(self.model.x[:1])):
            if warm_up is not None:
                warm_up()
        return {
            "import_seconds": self.model.imported - self.started,
            "first_result_seconds": first_result,
            "compile_seconds": max(0, first_fit - later_fit) + max(0, first_score - later_score),
            "import_memory_mb": self.model.import_memory_mb,
            "parameters": self.model.parameters,
            "batch_size": self.subject.batch_size,
            "facts": self.model.facts,
            "epoch_seconds": epoch,
            "score_seconds": score,
            "scores": {"initial": initial.tolist(), "trained": trained.tolist()},
        }

    def train(self, epochs: int) -> dict[str, Any]:
        """Train `epochs` epochs."""
        self.meter.start()
        whole, seconds = _timed(lambda: self.model.train(epochs))
        joules = self.meter.stop()
        samples = epochs * self.subject.samples
        return {"samples": samples, "seconds": seconds, "whole": whole, "joules": joules}

    def score(self, passes: int) -> dict[str, Any]:
        """Score an epoch's samples `passes` times."""
        count = self.subject.samples
        seconds, _ = _timed(lambda: [self.model.score(count) for _ in range(passes)])
        return {"samples": passes * count, "seconds": seconds}

    def predict(self, passes: int) -> dict[str, Any]:
        """Score them in `predict`'s own batches; no seconds where there is no such method."""
        if self.model.predict is None:
            return {"samples": 0, "seconds": None}
        seconds, _ = _timed(lambda: [self.model.predict() for _ in range(passes)])
        return {"samples": passes * self.subject.samples, "seconds": seconds}

    def latency(self, seconds: float) -> dict[str, Any]:
        """Return the milliseconds of direct calls with one sample."""
        taken, until = [], perf_counter() + seconds
        while len(taken) < LATENCY_CALLS and (perf_counter() < until or len(taken) < 5):
            sample = self.model.x[len(taken) % len(self.model.x)][None]
            taken.append(1000 * _timed(lambda sample=sample: self.model.score_one(sample))[0])
        return {"milliseconds": taken}

    def memory(self) -> dict[str, Any]:
        """Return the peak memory of this process."""
        return {"peak_memory_mb": memory_mb(peak=True)}


def serve(
    lines: Any, answer: Callable[[dict[str, Any]], None], make: Callable[..., Any] = Measurement
) -> None:
    """Answer each line of JSON, until there is none or one fails.

    Args:
        lines: the first is the task, the others `{"do": method of Measurement, ...}`.
        answer: takes each answer; `{"error": line, "status": word}` after a failure.
        make: takes the task, returns an object with `begin` and the methods asked for.
    """
    measurement = None
    for line in lines:
        request = json.loads(line)
        try:
            if measurement is None:
                measurement = make(request)
                answer(measurement.begin())
            else:
                answer(getattr(measurement, request.pop("do"))(**request))
        except Exception as error:
            traceback.print_exc()
            answer({"error": last_line(error), "status": status_of(error)})
            return


def status_of(error: BaseException) -> str:
    """Return the status of a failed row: `out of memory`, `no such device` or `failed`."""
    text = f"{type(error).__name__}: {error}"
    out = ("MemoryError", "OutOfMemory", "out of memory", "RESOURCE_EXHAUSTED", "ResourceExhausted")
    if any(word in text for word in out):
        return "out of memory"
    if isinstance(error, ValueError) and "finds no GPU" in text:
        return "no such device"
    return "failed"


def last_line(error: BaseException) -> str:
    """Return the type of an error and the last line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1].strip()}" if lines else type(error).__name__


def prepare(names: list[str], path: Path) -> dict[str, Any]:
    """Write the initial weights of subjects, for native and stock rows; count their operations.

    Args:
        names: of subjects.
        path: `.npz` file to write.

    Returns:
        `flops`: operations of a forward pass of one sample, by name.
    """
    from zoo.bench.flops import flops_per_sample

    arrays, flops = {}, {}
    for name in names:
        model = SUBJECTS[name].build()
        arrays |= {f"{name}/{n}": weight for n, weight in enumerate(network_weights(model))}
        parts = [getattr(model, part, None) for part in ("encoder", "decoder")]
        flops[name] = flops_per_sample(*(part for part in parts if part is not None))
    np.savez(path, **arrays)
    return {"flops": flops}


def saved_weights(subject: Subject, path: Path) -> list[np.ndarray]:
    """Return the weights of a subject that `prepare` wrote."""
    with np.load(path) as arrays:
        names = [f"{subject.name}/{n}" for n in range(len(arrays.files))]
        return [arrays[name] for name in names if name in arrays.files]


def main() -> None:
    """Answer requests from stdin on stdout."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that output of libraries does not mix with the answers
    warnings.simplefilter("ignore")  # a model of noise may collapse, which does not matter here

    def answer(found: dict[str, Any]) -> None:
        print(json.dumps(found), file=out, flush=True)

    if sys.argv[1:2] == ["prepare"]:
        answer(prepare(sys.argv[3:], Path(sys.argv[2])))
    else:
        serve(sys.stdin, answer)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = perf_counter()
    found = work()
    return perf_counter() - start, found


def timer(model: Any) -> Any:
    """Return a callback that times training; it has no hook per batch, which would slow some down.

    Args:
        model: the `keras.Model` that is trained.

    Returns:
        A Keras callback with `seconds`, the time that the last training took.
    """
    import keras

    class Timer(keras.callbacks.Callback):
        seconds = 0.0

        def on_train_begin(self, logs=None):
            self._start = perf_counter()

        def on_train_end(self, logs=None):
            keras.ops.convert_to_numpy(model.trainable_variables[0])  # waits for the device
            self.seconds = perf_counter() - self._start

    return Timer()


if __name__ == "__main__":
    main()
