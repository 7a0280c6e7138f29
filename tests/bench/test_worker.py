"""The answers of a worker, for the zoo's model, stock Keras and the native loop."""

import json

import keras
import numpy as np
import pytest

from zoo.bench import worker
from zoo.bench.subjects import SUBJECTS

TASK = {
    "subject": "mlp_autoencoder",
    "device": "cpu",
    "batch_size": 16,
    "samples": 70,
    "started": 0,
}


def serve(*requests):
    answers = []
    worker.serve(map(json.dumps, requests), answers.append)
    json.dumps(answers)
    return answers


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "weights.npz"
    flops = worker.prepare(["mlp_autoencoder"], path)["flops"]
    assert flops == {"mlp_autoencoder": 2 * 2 * (8 * 64 + 64 * 32)}
    return str(path)


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("kind", ["fast", "stock", "native"])
def test_a_worker_begins_and_then_measures_what_it_is_asked(kind, weights):
    if kind == "native":
        pytest.importorskip("torch")
    backend = "native" if kind == "native" else keras.backend.backend()
    began, train, score, predict, latency, memory = serve(
        TASK | {"backend": backend, "engine": kind, "weights": weights},
        {"do": "train", "epochs": 2},
        {"do": "score", "passes": 3},
        {"do": "predict", "passes": 1},
        {"do": "latency", "seconds": 0.01},
        {"do": "memory"},
    )
    assert began["parameters"] == 8 * 64 + 64 + 64 * 32 + 32 + 32 * 64 + 64 + 64 * 8 + 8
    assert began["batch_size"] == 16 and began["facts"]["device"] == "cpu"
    assert began["compile_seconds"] >= 0 and began["epoch_seconds"] > 0
    assert len(began["scores"]["initial"]) == len(began["scores"]["trained"]) == 64
    assert np.all(np.array(began["scores"]["trained"]) != began["scores"]["initial"])
    assert train["samples"] == 2 * 64 and 0 < train["seconds"] <= train["whole"]
    assert score["samples"] == 3 * 64 and score["seconds"] > 0
    assert (predict["seconds"] is None) == (kind == "native")
    assert 5 <= len(latency["milliseconds"]) <= worker.LATENCY_CALLS
    # Linux counts the peak less exactly than what is held now.
    assert memory["peak_memory_mb"] > 0.99 * began["import_memory_mb"] > 10


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("engine", ["stock", "native"])
def test_all_start_and_learn_alike(engine, weights):
    if engine == "native":
        pytest.importorskip("torch")
    backend = keras.backend.backend()
    zoos, others = (
        serve(TASK | {"backend": name, "engine": way, "weights": weights})[0]["scores"]
        for name, way in ((backend, "fast"), (backend if engine == "stock" else engine, engine))
    )
    np.testing.assert_allclose(others["initial"], zoos["initial"], rtol=1e-4)
    np.testing.assert_allclose(others["trained"], zoos["trained"], rtol=1e-4)


def test_what_goes_wrong_is_the_last_answer(weights, capfd):
    backend = keras.backend.backend()
    answers = serve(
        TASK | {"backend": backend, "engine": "fast", "subject": "gru_65"}, {"do": "memory"}
    )
    assert answers == [{"error": "KeyError: 'gru_65'", "status": "failed"}]
    assert "Traceback" in capfd.readouterr().err


class OutOfMemoryError(RuntimeError):
    """As torch names its own."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (MemoryError(), "out of memory"),
        (OutOfMemoryError("CUDA"), "out of memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: allocating 8 GiB"), "out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "out of memory"),
        (ValueError("jax finds no GPU here; use device 'cpu'"), "no such device"),
        (ValueError("shapes do not match"), "failed"),
    ],
)
def test_errors_have_a_status(error, status):
    assert worker.status_of(error) == status


def test_of_a_long_error_the_last_line_is_told():
    assert worker.last_line(RuntimeError("first\n  second \n")) == "RuntimeError: second"
    assert worker.last_line(MemoryError()) == "MemoryError"


def test_subjects_are_those_of_the_benchmark():
    assert tuple(SUBJECTS) == (
        "lenet_svdd", "rnn_64", "lstm_64", "gru_64", "gru_256", "transformer", "mlp_autoencoder",
    )  # fmt: skip
    subject = SUBJECTS["gru_256"]
    data = subject.data()
    assert data.shape == (640, 30, 5) and data.dtype == np.float32
    np.testing.assert_array_equal(data, subject.data())
