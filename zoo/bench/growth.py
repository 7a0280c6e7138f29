"""Time and memory of fitting and scoring over the number of rows of a table or series.

Each size has a process of its own (python -m zoo.bench.growth), because a peak of memory is never
reset, and a program compiled for one size must not serve the next.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from zoo.backend import installed, tune_process
from zoo.bench.contestants import FAST, Contestant
from zoo.bench.machine import memory_mb
from zoo.bench.processes import Worker, WorkerError
from zoo.errors import InputError

SIZES = (10**4, 10**5, 10**6, 10**7)
COMMAND = (sys.executable, "-m", "zoo.bench.growth")


def growth(
    rows: Sequence[int] = SIZES,
    backends: Sequence[str] | None = None,
    window: int | None = None,
    features: int = 8,
    batch_size: int = 1024,
    patience: float = 900.0,
) -> list[dict[str, Any]]:
    """Fit a small detector for one epoch and score its training data, for each size.

    A table gets an autoencoder of 8 and 4 units, a series a Deep SVDD of two recurrent layers of 4
    units: so small that overhead weighs most. All runs see the same normal numbers, float32.

    Args:
        rows: sizes.
        backends: names; None takes those that are installed.
        window: rows per window of a series; None for a table.
        features: of a row.
        batch_size: samples per step.
        patience: seconds after which a size is given up.

    Returns:
        For each size and backend a dict: `rows`, `backend`, `window`, `fit_seconds` (compilation
        included), `score_seconds`, `peak_memory_mb` above that of the imports, in 10⁶ bytes, and
        `status`, `ok` or the kind of failure; numbers are then missing.

    Raises:
        InputError: a size below 2, or no more rows than a window has.
    """
    least = 2 if window is None else window + 1
    if not rows or min(rows) < least:
        raise InputError(f"rows is {tuple(rows)}; give sizes of {least} or more")
    task = {"window": window, "features": features, "batch_size": batch_size}
    names = installed() if backends is None else tuple(backends)
    return [_row(count, name, task, patience) for name in names for count in rows]


def order_of_growth(rows: Sequence[dict[str, Any]], measure: str) -> float:
    """Return the exponent p of measure ~ rowsᵖ between the two largest sizes; 1 is linear.

    Args:
        rows: of one backend.
        measure: `fit_seconds`, `score_seconds` or `peak_memory_mb`.

    Raises:
        InputError: fewer than two sizes were measured.

    Example:
        >>> order_of_growth([{"rows": 10, "s": 3.0}, {"rows": 1000, "s": 300.0}], "s")
        1.0
    """
    known = sorted((row["rows"], row[measure]) for row in rows if row.get(measure))
    if len({size for size, _ in known}) < 2:
        raise InputError(f"{len(known)} sizes have a {measure}; growth needs two")
    (small, before), (large, after) = known[-2:]
    return round(float(np.log(after / before) / np.log(large / small)), 6)


def _row(count: int, backend: str, task: dict[str, Any], patience: float) -> dict[str, Any]:
    asked = {"rows": count, "backend": backend, "window": task["window"]}
    worker = None
    try:
        engine = os.environ.get("ZOO_ENGINE") or FAST
        worker = Worker(Contestant(backend, engine), COMMAND, patience)
        return asked | worker.ask(rows=count, **task) | {"status": "ok"}
    except WorkerError as error:
        return asked | {"status": error.status, "message": str(error)}
    finally:
        if worker is not None:
            worker.end()


def _measure(rows: int, window: int | None, features: int, batch_size: int) -> dict[str, float]:
    """Return the measures of one size on the backend of `KERAS_BACKEND`."""
    tune_process()
    import keras

    from zoo.detectors import Autoencoder, DeepSVDD

    settings = {"epochs": 1, "batch_size": batch_size, "random_state": 0}
    if window is None:
        detector = Autoencoder(units=(8, 4), **settings)
    else:
        detector = DeepSVDD(window=window, network="gru", units=(4, 4), **settings)
    keras.ops.convert_to_numpy(keras.ops.zeros(1) + 1)  # starts the backend
    imported = memory_mb(peak=True)
    x = np.random.default_rng(0).standard_normal((rows, features), dtype="float32")
    start = perf_counter()
    detector.fit(x)
    fitted = perf_counter()
    detector.anomaly_score(x)
    return {
        "fit_seconds": fitted - start,
        "score_seconds": perf_counter() - fitted,
        "peak_memory_mb": memory_mb(peak=True) - imported,
    }


def main() -> None:
    """Answer one request, a line of JSON on stdin, on stdout."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that output of libraries does not mix with the answer
    warnings.simplefilter("ignore")  # a detector of noise may collapse, which does not matter here
    print(json.dumps(_measure(**json.loads(sys.stdin.readline()))), file=out, flush=True)


if __name__ == "__main__":
    main()
