"""`zoo bench`: every subject on every backend, the repetitions of one subject in turn.

One process a subject, backend, device and batch size. They are started one after the other, and
then measured in rounds: each of them in turn, in an order that rotates, and never two at once. So
what slows the machine for a while slows all of them, and ratios within a round stay fair.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any

import numpy as np

from zoo import backend as backends
from zoo.bench import statistics
from zoo.bench.machine import describe_machine, matmul_peak
from zoo.bench.processes import COMMAND, Workers, environment
from zoo.bench.subjects import SUBJECTS
from zoo.errors import InputError

NATIVE = "native"
ALL = (*backends.BACKENDS, NATIVE)
QUICK = ("lenet_svdd", "gru_64", "mlp_autoencoder")
SLOWEST = 4  # times the planned seconds that a repetition of a slow backend may take
BACKWARD = 3  # a training step's products are those of a forward pass and twice as many back


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        models: names of `SUBJECTS`.
        backends: of `tensorflow`, `jax`, `torch` and `native`.
        devices: `cpu`, `gpu`.
        batch_sizes: None takes each subject's own.
        rounds: repetitions.
        seconds: of one repetition of the native training; the others do the same work.
        samples: of an epoch; None takes each subject's own.
    """

    models: Sequence[str] = tuple(SUBJECTS)
    backends: Sequence[str] = ALL
    devices: Sequence[str] = ("cpu",)
    batch_sizes: Sequence[int | None] = (None,)
    rounds: int = 5
    seconds: float = 0.7
    samples: int | None = None

    def __post_init__(self):
        for name, known in (("models", SUBJECTS), ("backends", ALL), ("devices", ("cpu", "gpu"))):
            wrong = [each for each in getattr(self, name) if each not in known]
            if wrong or not getattr(self, name):
                raise InputError(
                    f"{name}: {wrong[0] if wrong else 'none'}, expected some of {', '.join(known)}"
                )
        sizes = [size for size in self.batch_sizes if size is not None]
        if self.rounds < 1 or self.seconds <= 0 or any(size < 1 for size in sizes):
            raise InputError(
                f"rounds {self.rounds}, seconds {self.seconds:g}, batch sizes {sizes}; expected 1 "
                f"or more rounds, seconds above 0 and batch sizes of 1 or more"
            )


@dataclass
class Outcome:
    """What was measured, growing while it is.

    Attributes:
        environment: of the machine; see `zoo.bench.machine`.
        rows: one a model, backend, device and batch size; see `zoo.bench.results`.
        interrupted: whether Ctrl-C ended it early.
    """

    environment: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False


def measure(
    plan: Plan,
    tell: Callable[[str], None] = lambda line: None,
    done: Callable[[list[dict[str, Any]]], None] = lambda rows: None,
    command: Sequence[str] = COMMAND,
    weights: Path | None = None,
) -> Outcome:
    """Measure a plan.

    Args:
        plan: what to measure.
        tell: takes a line on what happens now.
        done: takes the rows of each subject when they are there.
        command: starts a worker.
        weights: what `zoo.bench.worker prepare` wrote; None lets it.

    Returns:
        The rows, those of what failed or is missing among them. After Ctrl-C, what was measured
        until then.

    Raises:
        BackendError: none of the zoo's backends is installed.
    """
    outcome = Outcome(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        try:
            tell("measuring the machine")
            outcome.environment["matmul_peak"] = {"cpu": matmul_peak()}
            flops = {}
            if weights is None:
                weights = Path(folder, "weights.npz")
                flops = _prepare(plan.models, weights)
            for name, device, size in _groups(plan):
                group = _Group(plan, name, device, size, weights, command)
                try:
                    group.measure(tell)
                finally:
                    group.end()
                    peaks = outcome.environment["matmul_peak"]
                    if group.peaks:
                        peaks[device] = max(group.peaks)
                    rows = group.rows(flops.get(name), peaks.get(device))
                    outcome.rows += rows
                    if device == "gpu":
                        names = [row["device_name"] for row in rows if row["device_name"]]
                        outcome.environment["accelerator"] = names[0] if names else None
                    done(rows)
        except KeyboardInterrupt:
            outcome.interrupted = True
    noise = [row["noise_percent"] for row in outcome.rows if row["noise_percent"] is not None]
    outcome.environment["noise_percent"] = statistics.median(noise)
    outcome.environment["plan"] = {
        "rounds": plan.rounds, "seconds": plan.seconds, "models": list(plan.models),
    }  # fmt: skip
    return outcome


class _Group(Workers):
    """The workers of one subject, device and batch size, and what they answered."""

    def __init__(self, plan, name, device, size, weights, command):
        self.plan, self.name, self.device, self.size = plan, name, device, size
        super().__init__(command)
        self.weights = weights
        self.began: dict[str, dict[str, Any]] = {}
        self.rounds: dict[str, dict[str, list[dict[str, Any]]]] = {b: {} for b in plan.backends}
        self.memory: dict[str, float | None] = {}
        self.peaks: list[float] = []

    def measure(self, tell: Callable[[str], None]) -> None:
        """Start every worker, then measure in rounds; fails for one worker at a time."""
        for backend in self.plan.backends:
            if not _installed(backend):
                self.failed[backend] = ("not installed", _cure(backend))
                continue
            tell(f"{self._label()}: starting {backend}")
            self.attempt(backend, self._begin)
        if not self.workers:
            return
        epochs, passes = self._calibrated()
        for turn in range(-1, self.plan.rounds):  # the first is thrown away: clocks, caches
            tell(f"{self._label()}: round {turn + 1} of {self.plan.rounds}")
            self.each(self._round(turn, epochs, passes), turn)
        self.each(self._remember)

    def rows(self, flops: int | None, peak: float | None) -> list[dict[str, Any]]:
        """A row a backend."""
        rows = [self._row(backend, flops, peak) for backend in self.plan.backends]
        self._compare_scores(rows)
        return rows

    def _begin(self, backend: str) -> None:
        started = time()
        self.began[backend] = self.start(backend, backend).ask(
            subject=self.name,
            backend=backend,
            device=self.device,
            batch_size=self.size,
            samples=self.plan.samples,
            weights=str(self.weights),
            started=started,
        )
        peak = self.began[backend]["facts"].get("matmul_peak")
        self.peaks += [peak] if peak else []

    def _calibrated(self) -> tuple[int, int]:
        """Epochs and scoring passes of a repetition, equal for all."""
        epoch = self._unit("epoch_seconds")
        score = self._unit("score_seconds")
        seconds = self.plan.seconds
        return max(1, round(seconds / epoch)), max(1, round(seconds / 2 / score))

    def _unit(self, key: str) -> float:
        """Seconds of one epoch or pass: the native one's, or a share of the slowest's if longer."""
        taken = {backend: self.began[backend][key] for backend in self.workers}
        usual = taken.get(NATIVE, min(taken.values()))
        return max(usual, max(taken.values()) / SLOWEST, 1e-6)

    def _round(self, turn: int, epochs: int, passes: int) -> Callable[[str], None]:
        requests = {
            "train": {"epochs": epochs},
            "score": {"passes": passes},
            "predict": {"passes": passes},
            "latency": {"seconds": 0.2 * self.plan.seconds},
        }

        def work(backend: str) -> None:
            found = {do: self.workers[backend].ask(do=do, **how) for do, how in requests.items()}
            if turn >= 0:
                for do, answer in found.items():
                    self.rounds[backend].setdefault(do, []).append(answer)

        return work

    def _remember(self, backend: str) -> None:
        self.memory[backend] = self.workers[backend].ask(do="memory")["peak_memory_mb"]

    def _row(self, backend: str, flops: int | None, peak: float | None) -> dict[str, Any]:
        began, found = self.began.get(backend, {}), self.rounds[backend]
        facts = began.get("facts", {})
        rates = {do: _rates(found.get(do, [])) for do in ("train", "score", "predict")}
        latency = [value for each in found.get("latency", []) for value in each["milliseconds"]]
        train, score = statistics.median(rates["train"]), statistics.median(rates["score"])
        status, error = self.failed.get(backend, ("ok" if rates["train"] else "interrupted", None))
        row = {
            "model": self.name,
            "backend": backend,
            "device": self.device,
            "batch_size": began.get("batch_size", self.size or SUBJECTS[self.name].batch_size),
            "status": status,
            "error": error,
            "train_per_second": train,
            "score_per_second": score,
            "predict_per_second": statistics.median(rates["predict"]),
            "p50_ms": float(np.percentile(latency, 50)) if latency else None,
            "p99_ms": float(np.percentile(latency, 99)) if latency else None,
            "compile_seconds": began.get("compile_seconds"),
            "import_seconds": began.get("import_seconds"),
            "first_result_seconds": began.get("first_result_seconds"),
            "fit_constant_seconds": statistics.median(
                [each["whole"] - each["seconds"] for each in found.get("train", [])]
            ),
            "peak_memory_mb": self.memory.get(backend),
            "import_memory_mb": began.get("import_memory_mb"),
            "joules_per_sample": _joules(found.get("train", [])),
            "parameters": began.get("parameters"),
            "flops_per_sample": flops,
            "fraction_of_peak": _product(train, flops, BACKWARD, peak),
            "score_fraction_of_peak": _product(score, flops, 1, peak),
            "noise_percent": statistics.noise_percent(rates["train"]),
            "rounds": len(rates["train"]),
            "device_name": facts.get("device_name"),
            "backend_version": facts.get("backend_version"),
        }
        native = self.rounds.get(NATIVE, {})
        for do in ("train", "score", "predict"):
            other = _rates(native.get("score" if do == "predict" else do, []))
            pairs = min(len(rates[do]), len(other))
            ratio = statistics.paired_ratio(rates[do][:pairs], other[:pairs])
            names = (f"{do}_ratio", f"{do}_ratio_low", f"{do}_ratio_high")
            row |= dict(zip(names, ratio, strict=True))
        return row

    def _compare_scores(self, rows: list[dict[str, Any]]) -> None:
        """Largest difference to the first backend's score of a sample, as a share of it."""
        known = [b for b in self.plan.backends if "scores" in self.began.get(b, {})]
        for row in rows:
            for key, when in (("score_difference", "initial"), ("trained_difference", "trained")):
                row[key] = None
                if row["backend"] in known:
                    first = np.array(self.began[known[0]]["scores"][when])
                    own = np.array(self.began[row["backend"]]["scores"][when])
                    row[key] = float(np.max(np.abs(own - first) / np.abs(first)))

    def _label(self) -> str:
        size = f", batch {self.size}" if self.size else ""
        return f"{self.name} on {self.device}{size}"


def _groups(plan: Plan) -> Iterator[tuple[str, str, int | None]]:
    for name in plan.models:
        for device in plan.devices:
            for size in plan.batch_sizes:
                yield name, device, size


def _prepare(names: Sequence[str], path: Path) -> dict[str, int]:
    """Let a process draw the weights and count operations."""
    usable = [name for name in ("torch", "jax", "tensorflow") if _installed(name)]
    if not usable:
        raise backends.BackendError(
            "none of tensorflow, jax and torch is installed; pip install 'keras-anomaly-zoo[jax]'"
        )
    done = subprocess.run(
        [*COMMAND, "prepare", str(path), *names],
        env=environment(usable[0]),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the weights could not be drawn:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])["flops"]


def _installed(backend: str) -> bool:
    return ("torch" if backend == NATIVE else backend) in backends.installed()


def _cure(backend: str) -> str:
    return f"pip install 'keras-anomaly-zoo[{'torch' if backend == NATIVE else backend}]'"


def _rates(answers: Sequence[dict[str, Any]]) -> list[float]:
    return [each["samples"] / each["seconds"] for each in answers if each["seconds"]]


def _joules(answers: Sequence[dict[str, Any]]) -> float | None:
    known = [each["joules"] / each["samples"] for each in answers if each["joules"] is not None]
    return statistics.median(known)


def _product(rate: float | None, flops: int | None, times: int, peak: float | None) -> float | None:
    return None if None in (rate, flops, peak) else rate * flops * times / peak
