"""One detector under every backend, each in a process of its own: Keras chooses only once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import zoo
from zoo.backend import BACKENDS, BackendError, installed

if TYPE_CHECKING:
    from zoo.detectors import Detector


@dataclass(frozen=True)
class BackendRuns:
    """One detector on several backends.

    Attributes:
        table: a row per backend: `backend`, its `version`; `start_seconds` to start Python and
            Keras; `load_seconds` to read the file; `first_seconds` of the first scoring, which
            compiles; `samples_per_second` of later ones; `fit_seconds` of a new fit, if any.
        scores: `(n, backends)`, of the detector that was saved and loaded there.
        refitted: `(n, backends)`, of the copy that was fitted there; None without a fit.
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    refitted: pd.DataFrame | None


def under_each_backend(
    detector: Detector,
    x: Any,
    refit_on: Any = None,
    backends: Sequence[str] | None = None,
    repeats: int = 5,
) -> BackendRuns:
    """Load a fitted detector on each backend, score there, and fit a copy of it there.

    The processes run one after the other, so that none slows another down.

    Args:
        detector: A fitted estimator of `zoo.detectors`, with a `random_state`.
        x: Data to score, in any form that the detector takes.
        refit_on: Training data of an unfitted copy of the detector, which starts from its own
            `random_state`. None fits none.
        backends: Names; None takes those that are installed.
        repeats: Scorings that are timed.

    Raises:
        BackendError: A backend that is unknown or not installed.
        RuntimeError: A process failed; the message holds its output.
    """
    backends = installed() if backends is None else tuple(backends)
    missing = [name for name in backends if name not in installed()]
    if missing or not backends:
        raise BackendError(
            f"backend {missing[0] if missing else 'none'} is not installed; of "
            f"{', '.join(BACKENDS)}, {', '.join(installed()) or 'none'} can be used here"
        )
    with tempfile.TemporaryDirectory() as folder:
        detector.save(Path(folder, "detector.zoo"))
        given = {"x": np.asarray(x)}
        if refit_on is not None:
            given["refit_on"] = np.asarray(refit_on)
        np.savez(Path(folder, "given.npz"), **given)
        task = {"repeats": repeats, "columns": _columns(x)}
        Path(folder, "task.json").write_text(json.dumps(task))
        found = {name: _run(name, Path(folder)) for name in backends}
    rows = [{"backend": name, **times} for name, (times, _) in found.items()]
    refitted = None
    if refit_on is not None:
        refitted = pd.DataFrame({name: each["refitted"] for name, (_, each) in found.items()})
    return BackendRuns(
        table=pd.DataFrame(rows),
        scores=pd.DataFrame({name: arrays["scores"] for name, (_, arrays) in found.items()}),
        refitted=refitted,
    )


def _columns(x: Any) -> list[str] | None:
    """Return the names of a frame's columns; None for an array."""
    return list(map(str, x.columns)) if isinstance(x, pd.DataFrame) else None


def _run(backend: str, folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Run `zoo.bench.child` in `folder` on a backend."""
    here = str(Path(zoo.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "zoo.bench.child", str(folder), str(time())],
        env={
            "TF_CPP_MIN_LOG_LEVEL": "2",
            **os.environ,
            "KERAS_BACKEND": backend,
            "PYTHONPATH": path,
        },
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"under backend '{backend}':\n{done.stderr[-3000:]}")
    with np.load(folder / "arrays.npz") as arrays:
        return json.loads((folder / "times.json").read_text()), dict(arrays)
