"""The processes that measure: started, asked a line of JSON at a time, ended."""

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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import zoo
from zoo.errors import ZooError

PATIENCE = 900.0  # seconds until an answer is given up
COMMAND = (sys.executable, "-m", "zoo.bench.worker")


class WorkerError(ZooError, RuntimeError):
    """A worker failed; its row's `status` is `failed`, `out of memory` or `no such device`."""

    def __init__(self, message: str, status: str = "failed"):
        super().__init__(message)
        self.status = status


class Worker:
    """A process of `zoo.bench.worker`.

    Args:
        backend: what it runs on; `native` for PyTorch without Keras.
        command: what to start.
        patience: seconds to wait for an answer.
    """

    def __init__(self, backend: str, command: Sequence[str] = COMMAND, patience: float = PATIENCE):
        self.backend = backend
        self.patience = patience
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `end`)
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment(backend),
            start_new_session=True,  # Ctrl-C in the terminal is the parent's to handle
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            WorkerError: the worker says that it failed, has died, or gives no answer in time.
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
        """End the process and all that it started."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):  # it ended meanwhile
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(timeout=5)
        self._process.stdout.close()
        self._errors.close()

    def _read(self) -> None:
        with contextlib.suppress(ValueError, OSError):  # closed while it was read
            for line in self._process.stdout:
                self._answers.put(line)
        self._answers.put(None)

    def _died(self) -> WorkerError:
        code = self._process.wait()
        if code == -signal.SIGKILL:
            return WorkerError("killed, most likely for want of memory", "out of memory")
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        status = "out of memory" if lines and "MemoryError" in lines[-1] else "failed"
        return WorkerError(lines[-1] if lines else f"ended with code {code}", status)


class Workers:
    """Workers that take turns; one that fails is ended, and the others go on.

    Attributes:
        workers: those that run, by name.
        failed: of those that do not, the status and the error of their rows.

    Args:
        command: starts a worker.
    """

    def __init__(self, command: Sequence[str]):
        self.command = command
        self.workers: dict[str, Worker] = {}
        self.failed: dict[str, tuple[str, str | None]] = {}

    def start(self, name: str, backend: str) -> Worker:
        """Start a worker of `backend`."""
        self.workers[name] = Worker(backend, self.command, PATIENCE)
        return self.workers[name]

    def attempt(self, name: str, work: Callable[[str], None]) -> None:
        """Do one thing with one worker; if it fails, end it and keep why."""
        try:
            work(name)
        except WorkerError as error:
            self.failed[name] = (error.status, str(error))
            worker = self.workers.pop(name, None)
            if worker is not None:
                worker.end()

    def each(self, work: Callable[[str], None], turn: int = 0) -> None:
        """Do one thing with each; who begins changes with `turn`."""
        running = list(self.workers)
        shift = turn % max(1, len(running))
        for name in [*running[shift:], *running[:shift]]:
            self.attempt(name, work)

    def end(self) -> None:
        """End all."""
        for worker in self.workers.values():
            worker.end()
        self.workers = {}


def environment(backend: str) -> dict[str, str]:
    """Variables of a worker's process: its backend, this zoo, and no chatter."""
    here = str(Path(zoo.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    own = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, "PYTHONPATH": path}
    own["KERAS_BACKEND"] = "torch" if backend == "native" else backend
    if backend == "native" and not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & own.keys():
        own["GOMP_SPINCOUNT"] = "300000"  # libgomp's own: a loop without the zoo's settings
    return own
