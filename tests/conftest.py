"""What every test needs before Keras is imported: a backend, quiet logs, its share of the cores."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "agg")
# Tests compile many tiny programs and run each a few times: half of XLA's work is optimising them.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

# Workers that each start a thread per core slow each other down. Only a worker knows their number,
# and what the process that starts them set would be handed down.
if _workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    _threads = str(max(1, (os.cpu_count() or 1) // int(_workers)))
    for _variable in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "TF_NUM_INTRAOP_THREADS",
    ):
        os.environ.setdefault(_variable, _threads)
    if _threads == "1":
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import zoo  # noqa: E402

zoo.tune_process()  # an installed backend where KERAS_BACKEND names none


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data sets that ZOO_DATA names; the test is skipped where there is none."""
    folder = os.environ.get("ZOO_DATA")
    if not folder:
        pytest.skip("ZOO_DATA is not set: real data sets are needed")
    if not Path(folder).is_dir():
        pytest.skip(f"ZOO_DATA names {folder}, which is not a folder")
    return Path(folder)
