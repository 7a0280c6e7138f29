"""The backends agree: equal weights and equal batches give equal training, and files travel.

Each backend runs `parity_run.py` in a process of its own, one after the other.
"""

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.models import contract, model_classes

ROOT = Path(__file__).parent.parent
BACKENDS = ("tensorflow", "jax", "torch")
INSTALLED = [backend for backend in BACKENDS if importlib.util.find_spec(backend)]
PARITY_RUN = ROOT / "tests" / "parity_run.py"
MODELS = model_classes("zoo.models", "zoo.detectors")
SUBJECTS = [subject for cls in MODELS for subject in contract.subjects(cls)]
EXPLANATIONS = (
    "gradient_times_input",
    "integrated_gradients",
    "smooth_grad",
    "occlusion",
    "error_map",
    "embedding_direction",
    "grad_cam",
)

pytestmark = [
    pytest.mark.once,
    pytest.mark.xdist_group("parity"),  # one worker trains for all tests
]

needs_two = pytest.mark.skipif(
    len(INSTALLED) < 2, reason=f"parity needs two backends, installed: {INSTALLED}"
)


def run(backend, *given):
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "-1",  # TensorFloat-32 of a GPU is coarser than what is promised
        "JAX_PLATFORMS": "cpu",
    }
    environment.pop("JAX_DISABLE_MOST_OPTIMIZATIONS", None)  # as users run it
    command = [sys.executable, str(PARITY_RUN), *map(str, given)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{given[0]} under {backend}:\n{done.stderr[-3000:]}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def trained(folder):
    """Backend to what its training gave."""
    results = {}
    for backend in INSTALLED:
        (folder / backend).mkdir()
        run(backend, "train", folder / backend)
        results[backend] = np.load(folder / backend / "train.npz")
    return results


@pytest.fixture(scope="module")
def scored(folder, trained):
    """Backend to the scores it gives with the files of every backend."""
    results = {}
    for backend in INSTALLED:
        others = [other for other in INSTALLED if other != backend]
        run(backend, "score", *(folder / each for each in [backend, *others]))
        results[backend] = np.load(folder / backend / "scores.npz")
    return results


@pytest.fixture(params=list(itertools.combinations(BACKENDS, 2)), ids="-".join)
def pair(request):
    for backend in request.param:
        if backend not in INSTALLED:
            pytest.skip(f"{backend} is not installed")
    return request.param


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name)
def subject(request):
    return request.param


@needs_two
class TestTraining:
    def test_starts_from_the_same_bits(self, trained, pair, subject):
        a, b = (trained[backend][f"{subject.name}_start"] for backend in pair)
        np.testing.assert_array_equal(a, b)

    def test_loses_the_same_at_every_step(self, trained, pair, subject):
        a, b = (trained[backend][f"{subject.name}_steps"] for backend in pair)
        assert len(a) == 50 and a[-1] < a[0]
        steps = subject.example.parity_steps
        np.testing.assert_allclose(a[:steps], b[:steps], rtol=1e-4)

    def test_fit_sees_the_same_batches(self, trained, pair, subject):
        a, b = (trained[backend][f"{subject.name}_epochs"] for backend in pair)
        np.testing.assert_allclose(a, b, rtol=tolerance(subject))

    def test_ends_with_the_same_scores(self, trained, pair, subject):
        a, b = (trained[backend][f"{subject.name}_scores"] for backend in pair)
        np.testing.assert_allclose(a, b, rtol=tolerance(subject))


def tolerance(subject):
    """Of what comes after 50 steps; wide where the backends part before."""
    return 1e-4 if subject.example.parity_steps == 50 else 0.1


@needs_two
@pytest.mark.parametrize("written", BACKENDS)
@pytest.mark.parametrize("read", BACKENDS)
def test_a_file_scores_the_same_wherever_it_is_read(trained, scored, written, read, subject):
    for backend in (written, read):
        if backend not in INSTALLED:
            pytest.skip(f"{backend} is not installed")
    there = trained[written][f"{subject.name}_scores"]
    here = scored[read][f"{subject.name}_{written}"]
    # Near the center of a sphere a score is the small difference of large numbers.
    np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-6 * np.abs(there).max())


@needs_two
@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_explanations_are_the_same(scored, pair, cls):
    a, b = (scored[backend] for backend in pair)
    maps = [key for key in a if key.startswith(f"{cls.__name__}-") and key.endswith(EXPLANATIONS)]
    assert len(maps) >= 4
    for key in maps:
        here, there = a[key], b[key]
        assert np.abs(here).max() > 0
        np.testing.assert_allclose(here, there, atol=1e-4 * np.abs(here).max(), err_msg=key)
