"""Two fits of every method with equal seeds are equal to the last bit, with threads free."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from zoo.backend import core_count
from zoo.detectors import registry

RUN = Path(__file__).parent / "repeats_run.py"
LIMITS = (  # what tests/conftest.py sets for a worker
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "XLA_FLAGS",
)


@pytest.mark.skipif(core_count() < 2, reason="needs two cores")
def test_two_fits_of_every_method_are_equal_to_the_last_bit():
    environment = {name: value for name, value in os.environ.items() if name not in LIMITS}
    done = subprocess.run(
        [sys.executable, str(RUN)], env=environment, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["differing"]
    assert {name.split()[0] for name in found["names"]} >= set(registry.names())
    assert keras.backend.backend() != "torch" or found["threads"] >= 2
