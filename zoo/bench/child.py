"""What `under_each_backend` starts under each: python -m zoo.bench.child FOLDER SECONDS.

SECONDS is when it was started, on the clock of `time.time`.
Reads `detector.zoo` and `task.pickle` of the folder, leaves `times.json` and `arrays.npz` there.
The pickle is the parent's own, written a moment before into a folder that only it knows.
"""

import json
import pickle
import sys
from pathlib import Path
from time import perf_counter, time

import numpy as np

import zoo
from zoo import backend
from zoo.bench.speed import throughput


def work(folder: Path, started: float) -> None:
    """Load, score, time, and fit anew where there is something to fit on."""
    times = {"version": backend.describe()["backend_version"]}
    times["start_seconds"] = time() - started
    task = pickle.loads((folder / "task.pickle").read_bytes())

    start = perf_counter()
    detector = zoo.load(folder / "detector.zoo")
    times["load_seconds"] = perf_counter() - start
    start = perf_counter()
    arrays = {"scores": np.asarray(detector.anomaly_score(task["x"]))}
    times["first_seconds"] = perf_counter() - start
    times["samples_per_second"] = throughput(detector.anomaly_score, task["x"], task["repeats"])

    if task["refit_on"] is not None:
        start = perf_counter()
        own = task["estimator"].fit(task["refit_on"])
        times["fit_seconds"] = perf_counter() - start
        arrays["refitted"] = np.asarray(own.anomaly_score(task["x"]))
    np.savez(folder / "arrays.npz", **arrays)
    (folder / "times.json").write_text(json.dumps(times))


if __name__ == "__main__":
    work(Path(sys.argv[1]), float(sys.argv[2]))
