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

ROOT = Path(__file__).parent.parent
BACKENDS = ("tensorflow", "jax", "torch")
INSTALLED = [backend for backend in BACKENDS if importlib.util.find_spec(backend)]
MODELS = (
    "svdd",
    "hybrid",
    "gru",
    "classifier_rnn",
    "classifier_lstm",
    "classifier_gru",
    "forecaster",
    "autoencoder_transformer",
    "autoencoder_dense",
    "autoencoder_denoising",
    "variational",
    "variational_learned",
    "autoencoder_lstm",
    "autoencoder_gru",
    "transformer_gan_separate",
    "transformer_gan_joint",
)
WITH_CORNERS = "hybrid_lenet"  # backends may part on it in time: see parity_run.models
EXPLAINED = (  # one of each kind
    "svdd",
    "hybrid_lenet",
    "gru",
    "classifier_gru",
    "forecaster",
    "autoencoder_transformer",
    "autoencoder_denoising",
    "variational_learned",
    "autoencoder_lstm",
    "transformer_gan_joint",
)
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
    command = [sys.executable, str(ROOT / "tests/parity_run.py"), *map(str, given)]
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
        run(backend, "score", ",".join(EXPLAINED), *(folder / each for each in [backend, *others]))
        results[backend] = np.load(folder / backend / "scores.npz")
    return results


@pytest.fixture(params=list(itertools.combinations(BACKENDS, 2)), ids="-".join)
def pair(request):
    for backend in request.param:
        if backend not in INSTALLED:
            pytest.skip(f"{backend} is not installed")
    return request.param


@needs_two
@pytest.mark.parametrize("name", MODELS)
class TestTraining:
    def test_starts_from_the_same_bits(self, trained, pair, name):
        a, b = (trained[backend][f"{name}_start"] for backend in pair)
        np.testing.assert_array_equal(a, b)

    def test_loses_the_same_at_every_step(self, trained, pair, name):
        a, b = (trained[backend][f"{name}_steps"] for backend in pair)
        assert len(a) == 50 and a[-1] < a[0]
        np.testing.assert_allclose(a, b, rtol=1e-4)

    def test_fit_sees_the_same_batches(self, trained, pair, name):
        a, b = (trained[backend][f"{name}_epochs"] for backend in pair)
        np.testing.assert_allclose(a, b, rtol=1e-4)

    def test_ends_with_the_same_scores(self, trained, pair, name):
        a, b = (trained[backend][f"{name}_scores"] for backend in pair)
        np.testing.assert_allclose(a, b, rtol=1e-4)


@needs_two
def test_a_network_with_corners_starts_the_same(trained, pair):
    a, b = (trained[backend][f"{WITH_CORNERS}_steps"][:10] for backend in pair)
    np.testing.assert_allclose(a, b, rtol=1e-4)


@needs_two
@pytest.mark.parametrize("name", [*MODELS, WITH_CORNERS])
@pytest.mark.parametrize("written", BACKENDS)
@pytest.mark.parametrize("read", BACKENDS)
def test_a_file_scores_the_same_wherever_it_is_read(trained, scored, written, read, name):
    for backend in (written, read):
        if backend not in INSTALLED:
            pytest.skip(f"{backend} is not installed")
    there, here = trained[written][f"{name}_scores"], scored[read][f"{name}_{written}"]
    np.testing.assert_allclose(here, there, rtol=1e-5)


@needs_two
@pytest.mark.parametrize("name", EXPLAINED)
def test_explanations_are_the_same(scored, pair, name):
    a, b = (scored[backend] for backend in pair)
    methods = [key.removeprefix(f"{name}_") for key in a if key.startswith(f"{name}_")]
    methods = [method for method in methods if method in EXPLANATIONS]
    assert len(methods) >= 4
    for method in methods:
        here, there = a[f"{name}_{method}"], b[f"{name}_{method}"]
        assert np.abs(here).max() > 0
        np.testing.assert_allclose(here, there, atol=1e-4 * np.abs(here).max(), err_msg=method)
