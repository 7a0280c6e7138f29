"""`zoo bench`: every subject on every backend and engine, the repetitions of a subject in turn.

Each subject, contestant (backend and engine), device and batch size has a process of its own. The
processes of a subject are started one after the other and then measured in rounds: each in turn,
in an order that rotates, never two at once. Whatever slows the machine for a while slows all of
them, so ratios within a round stay fair.
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
from zoo.bench.contestants import ENGINES, FAST, NATIVE, STOCK, Contestant, contestants
from zoo.bench.machine import describe_machine, matmul_peak
from zoo.bench.processes import COMMAND, Workers, environment
from zoo.bench.subjects import SUBJECTS
from zoo.errors import InputError

ALL = (*backends.BACKENDS, NATIVE)
QUICK = ("lenet_svdd", "gru_64", "mlp_autoencoder")
QUICK_ENGINES = (FAST,)
LATENCY_SHARE = 0.2  # of a repetition's seconds
BACKWARD = 3  # a training step takes thrice the products of a forward pass
VERBS = ("train", "score", "predict")


@dataclass(frozen=True)
class Plan:
    """The models, backends and engines to measure, and how often.

    Attributes:
        models: names of `SUBJECTS`.
        backends: of `tensorflow`, `jax`, `torch` and `native`.
        engines: of `stock`, `reference` and `fast`, for each backend but `native`.
        devices: `cpu`, `gpu`.
        batch_sizes: None takes each subject's own.
        rounds: repetitions.
        seconds: a repetition trains for as many whole epochs as fit in this time, at least one,
            and scores for half of it.
        samples: of an epoch; None takes each subject's own.

    Raises:
        InputError: an unknown name, or a number out of range.
    """

    models: Sequence[str] = tuple(SUBJECTS)
    backends: Sequence[str] = ALL
    engines: Sequence[str] = ENGINES
    devices: Sequence[str] = ("cpu",)
    batch_sizes: Sequence[int | None] = (None,)
    rounds: int = 4
    seconds: float = 0.4
    samples: int | None = None

    def __post_init__(self) -> None:
        allowed = {"models": SUBJECTS, "backends": ALL, "engines": ENGINES}
        for name, known in {**allowed, "devices": ("cpu", "gpu")}.items():
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
    """The results of a benchmark; rows are added while it runs.

    Attributes:
        environment: of the machine; see `zoo.bench.machine`.
        rows: one per model, backend, engine, device and batch size; see `zoo.bench.results`.
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
        plan: the models, backends and engines.
        tell: takes a line of progress.
        done: takes the rows of each subject when it is measured.
        command: the command line of a worker.
        weights: file of `zoo.bench.worker prepare`; None calls that.

    Returns:
        The rows, including those that failed or are not installed. After Ctrl-C, the rows measured
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
        "engines": list(plan.engines),
    }  # fmt: skip
    return outcome


class _Group(Workers):
    """The workers of one subject, device and batch size, and their answers."""

    def __init__(
        self,
        plan: Plan,
        name: str,
        device: str,
        size: int | None,
        weights: Path,
        command: Sequence[str],
    ):
        super().__init__(command)
        self.plan, self.name, self.device, self.size = plan, name, device, size
        self.weights = weights
        self.contestants = contestants(plan.backends, plan.engines)
        self.began: dict[Contestant, dict[str, Any]] = {}
        self.rounds: dict[Contestant, dict[str, list[dict[str, Any]]]]
        self.rounds = {each: {} for each in self.contestants}
        self.memory: dict[Contestant, float | None] = {}
        self.peaks: list[float] = []

    def measure(self, tell: Callable[[str], None]) -> None:
        """Start every worker, then measure in rounds; a failure ends one worker only."""
        for each in self.contestants:
            if not _installed(each.package):
                self.failed[each] = ("not installed", _cure(each.package))
                continue
            tell(f"{self._label()}: starting {each}")
            self.attempt(each, self._begin)
        for turn in range(-1, self.plan.rounds if self.workers else -1):
            # Round 0 is discarded: clocks and caches are cold.
            tell(f"{self._label()}: round {turn + 1} of {self.plan.rounds}")
            self.each(self._discard if turn < 0 else self._repeat, turn)
        self.each(self._remember)

    def rows(self, flops: int | None, peak: float | None) -> list[dict[str, Any]]:
        """Return a row per contestant."""
        rows = [self._row(each, flops, peak) for each in self.contestants]
        self._compare_scores(rows)
        return rows

    def _begin(self, contestant: Contestant) -> None:
        started = time()
        self.began[contestant] = self.start(contestant, contestant).ask(
            subject=self.name,
            backend=contestant.backend,
            engine=contestant.engine,
            device=self.device,
            batch_size=self.size,
            samples=self.plan.samples,
            weights=str(self.weights),
            started=started,
        )
        peak = self.began[contestant]["facts"].get("matmul_peak")
        self.peaks += [peak] if peak else []

    def _discard(self, contestant: Contestant) -> None:
        """Measure once and forget it."""
        for do, how in self._requests(contestant).items():
            self.workers[contestant].ask(do=do, **how)

    def _repeat(self, contestant: Contestant) -> None:
        """Measure once."""
        requests = self._requests(contestant).items()
        found = {do: self.workers[contestant].ask(do=do, **how) for do, how in requests}
        for do, answer in found.items():
            self.rounds[contestant].setdefault(do, []).append(answer)

    def _requests(self, contestant: Contestant) -> dict[str, dict[str, Any]]:
        """Return the requests of a repetition: as much as fits in the planned seconds."""
        began, seconds = self.began[contestant], self.plan.seconds
        epochs = max(1, round(seconds / max(began["epoch_seconds"], 1e-6)))
        passes = max(1, round(seconds / 2 / max(began["score_seconds"], 1e-6)))
        return {
            "train": {"epochs": epochs},
            "score": {"passes": passes},
            "predict": {"passes": passes},
            "latency": {"seconds": LATENCY_SHARE * seconds},
        }

    def _remember(self, contestant: Contestant) -> None:
        self.memory[contestant] = self.workers[contestant].ask(do="memory")["peak_memory_mb"]

    def _row(self, contestant: Contestant, flops: int | None, peak: float | None) -> dict[str, Any]:
        began, found = self.began.get(contestant, {}), self.rounds[contestant]
        facts = began.get("facts", {})
        rates = {do: _rates(found.get(do, [])) for do in VERBS}
        latency = [value for each in found.get("latency", []) for value in each["milliseconds"]]
        train, score = statistics.median(rates["train"]), statistics.median(rates["score"])
        unknown = ("ok" if rates["train"] else "interrupted", None)
        status, error = self.failed.get(contestant, unknown)
        row = {
            "model": self.name,
            "backend": contestant.backend,
            "engine": contestant.engine,
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
            "peak_memory_mb": self.memory.get(contestant),
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
        native = Contestant(NATIVE, NATIVE)
        stock = Contestant(contestant.backend, STOCK)
        for do in VERBS:
            to_native = "score" if do == "predict" else do  # the native loop has no `predict`
            row |= self._ratio(f"{do}_ratio", rates[do], native, to_native)
            row |= self._ratio(f"{do}_stock_ratio", rates[do], stock, do)
        return row

    def _ratio(
        self, name: str, own: Sequence[float], other: Contestant, do: str
    ) -> dict[str, float | None]:
        """Return the ratio to another contestant's rates, round by round, and its interval."""
        rates = _rates(self.rounds.get(other, {}).get(do, []))
        pairs = min(len(own), len(rates))
        ratio = statistics.paired_ratio(own[:pairs], rates[:pairs])
        return dict(zip((name, f"{name}_low", f"{name}_high"), ratio, strict=True))

    def _compare_scores(self, rows: list[dict[str, Any]]) -> None:
        """Add the largest relative difference of a score to that of the first contestant."""
        known = [each for each in self.contestants if "scores" in self.began.get(each, {})]
        for row, contestant in zip(rows, self.contestants, strict=True):
            for key, when in (("score_difference", "initial"), ("trained_difference", "trained")):
                row[key] = None
                if contestant in known:
                    first = np.array(self.began[known[0]]["scores"][when])
                    own = np.array(self.began[contestant]["scores"][when])
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
    """Write the initial weights and count operations, in a process with a backend."""
    usable = [name for name in ("torch", "jax", "tensorflow") if _installed(name)]
    if not usable:
        raise backends.BackendError(
            "none of tensorflow, jax and torch is installed; pip install 'keras-anomaly-zoo[jax]'"
        )
    done = subprocess.run(
        [*COMMAND, "prepare", str(path), *names],
        env=environment(Contestant(usable[0], FAST)),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the weights could not be drawn:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])["flops"]


def _installed(package: str) -> bool:
    return package in backends.installed()


def _cure(package: str) -> str:
    return f"pip install 'keras-anomaly-zoo[{package}]'"


def _rates(answers: Sequence[dict[str, Any]]) -> list[float]:
    return [each["samples"] / each["seconds"] for each in answers if each["seconds"]]


def _joules(answers: Sequence[dict[str, Any]]) -> float | None:
    known = [each["joules"] / each["samples"] for each in answers if each["joules"] is not None]
    return statistics.median(known)


def _product(rate: float | None, flops: int | None, times: int, peak: float | None) -> float | None:
    return None if None in (rate, flops, peak) else rate * flops * times / peak
