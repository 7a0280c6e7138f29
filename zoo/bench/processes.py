"""Worker processes that measure: start one, ask it one line of JSON at a time, end it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import zoo
from zoo.bench.contestants import ENGINES, STOCK, Contestant
from zoo.errors import ZooError

PATIENCE_SECONDS = 900.0  # for one answer
GRACE_SECONDS = 0.5  # for a process to end by itself
COMMAND = (sys.executable, "-m", "zoo.bench.worker")


class WorkerError(ZooError, RuntimeError):
    """A worker failed; its row's `status` is `failed`, `out of memory` or `no such device`."""

    def __init__(self, message: str, status: str = "failed"):
        super().__init__(message)
        self.status = status


class Worker:
    """A process that answers requests, such as `zoo.bench.worker`.

    Args:
        contestant: the backend and the engine it runs.
        command: the command line to start.
        patience: seconds to wait for an answer.
    """

    def __init__(
        self,
        contestant: Contestant,
        command: Sequence[str] = COMMAND,
        patience: float = PATIENCE_SECONDS,
    ):
        self.patience = patience
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `end`)
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(contestant),
            start_new_session=True,  # Ctrl-C in the terminal is the parent's to handle
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            WorkerError: the worker reports a failure, has died, or does not answer in time.
        """
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise self._died() from None
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """Wait for an answer; errors as in `ask`."""
        try:
            line = self._answers.get(timeout=self.patience)
        except queue.Empty:
            raise WorkerError(f"no answer within {self.patience:g} s") from None
        if line is None:
            raise self._died()
        try:
            found = json.loads(line)
        except ValueError:
            raise WorkerError(f"an answer that is no JSON: {line.strip()[:80]!r}") from None
        if "error" in found:
            raise WorkerError(found["error"], found.get("status", "failed"))
        return found

    def end(self) -> None:
        """End the process and everything that it started."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):  # it ended meanwhile
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(timeout=5)
        self._process.stdout.close()
        self._errors.close()

    def _read(self) -> None:
        with contextlib.suppress(ValueError, OSError):  # closed during the read
            for line in self._process.stdout:
                self._answers.put(line)
        self._answers.put(None)

    def _died(self) -> WorkerError:
        code = self._process.wait()
        if code == -signal.SIGKILL:
            return WorkerError("killed, probably for lack of memory", "out of memory")
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        status = "out of memory" if lines and "MemoryError" in lines[-1] else "failed"
        return WorkerError(lines[-1] if lines else f"ended with code {code}", status)


class Workers:
    """Workers that take turns; one that fails is ended, and the others continue.

    Attributes:
        workers: those that run, by key.
        failed: status and error of those that failed, by key.

    Args:
        command: the command line of a worker.
    """

    def __init__(self, command: Sequence[str]):
        self.command = command
        self.workers: dict[Hashable, Worker] = {}
        self.failed: dict[Hashable, tuple[str, str | None]] = {}

    def start(self, key: Hashable, contestant: Contestant) -> Worker:
        """Start the worker of a contestant."""
        self.workers[key] = Worker(contestant, self.command, PATIENCE_SECONDS)
        return self.workers[key]

    def attempt(self, key: Any, work: Callable[[Any], None]) -> None:
        """Call `work` for one worker; if it fails, end the worker and keep the reason."""
        try:
            work(key)
        except WorkerError as error:
            self.failed[key] = (error.status, str(error))
            worker = self.workers.pop(key, None)
            if worker is not None:
                worker.end()

    def each(self, work: Callable[[Any], None], turn: int = 0) -> None:
        """Call `work` for each worker, in an order that rotates with `turn`."""
        running = list(self.workers)
        shift = turn % max(1, len(running))
        for key in [*running[shift:], *running[:shift]]:
            self.attempt(key, work)

    def end(self) -> None:
        """End all workers."""
        for worker in self.workers.values():
            worker.end()
        self.workers = {}


def environment(contestant: Contestant) -> dict[str, str]:
    """Return the environment variables of a worker: backend, engine, and the path to this zoo."""
    here = str(Path(zoo.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    own = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, "PYTHONPATH": path}
    own["KERAS_BACKEND"] = contestant.package
    if contestant.engine in ENGINES and contestant.engine != STOCK:
        own["ZOO_ENGINE"] = contestant.engine
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & own.keys():
        # libgomp's default. The zoo lets threads sleep on a busy machine, but here the load is the
        # benchmark's own; without this, it would depend on what ran a minute ago.
        own["GOMP_SPINCOUNT"] = "300000"
    return own
