"""The process of `under_each_backend` for one backend: python -m zoo.bench.child FOLDER SECONDS.

SECONDS is its start on the clock of `time.time`. It reads `detector.zoo`, `given.npz` and
`task.json` from the folder, and writes `times.json` and `arrays.npz`.
"""

import json
import sys
from pathlib import Path
from time import perf_counter, time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

import zoo
from zoo import backend
from zoo.bench.speed import throughput


def work(folder: Path, started: float) -> None:
    """Load the detector, score, time it, and fit a copy if there are training data."""
    times = {"version": backend.describe()["backend_version"]}
    times["start_seconds"] = time() - started
    task = json.loads((folder / "task.json").read_text())
    with np.load(folder / "given.npz") as arrays:
        given = {name: _as_given(values, task["columns"]) for name, values in arrays.items()}

    start = perf_counter()
    detector = zoo.load(folder / "detector.zoo")
    times["load_seconds"] = perf_counter() - start
    start = perf_counter()
    arrays = {"scores": np.asarray(detector.anomaly_score(given["x"]))}
    times["first_seconds"] = perf_counter() - start
    times["samples_per_second"] = throughput(detector.anomaly_score, given["x"], task["repeats"])

    if "refit_on" in given:
        start = perf_counter()
        own = clone(detector).fit(given["refit_on"])
        times["fit_seconds"] = perf_counter() - start
        arrays["refitted"] = np.asarray(own.anomaly_score(given["x"]))
    np.savez(folder / "arrays.npz", **arrays)
    (folder / "times.json").write_text(json.dumps(times))


def _as_given(values: np.ndarray, columns: list[str] | None) -> Any:
    """Return the values as a frame if they came as one, else as the array."""
    return values if columns is None else pd.DataFrame(values, columns=columns)


if __name__ == "__main__":
    zoo.tune_process()
    work(Path(sys.argv[1]), float(sys.argv[2]))
