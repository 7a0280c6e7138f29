"""One detector under every backend that is installed, each in its own process."""

import numpy as np
import pandas as pd
import pytest

from zoo.backend import BackendError, installed
from zoo.bench import under_each_backend
from zoo.detectors import Autoencoder

pytestmark = [
    pytest.mark.once,
    pytest.mark.xdist_group("bench_backends"),  # one worker starts the processes
]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(120, 2)) @ rng.normal(size=(2, 3))
    return pd.DataFrame(values, columns=["a", "b", "c"])


@pytest.fixture(scope="module")
def detector(table):
    settings = {"units": (8, 2), "noise": 0.0, "learning_rate": 0.01, "batch_size": 32}
    return Autoencoder(**settings, epochs=4, random_state=0).fit(table)


@pytest.fixture(scope="module")
def runs(detector, table):
    return under_each_backend(detector, table, refit_on=table, repeats=1)


def test_there_is_a_row_for_each_installed_backend(runs):
    assert tuple(runs.table["backend"]) == installed()
    times = runs.table.drop(columns=["backend", "version"])
    assert set(times) == {
        "start_seconds", "load_seconds", "first_seconds", "samples_per_second", "fit_seconds",
    }  # fmt: skip
    assert (times > 0).all(axis=None)


def test_the_moved_detector_scores_the_same_everywhere(runs, detector, table):
    here = detector.anomaly_score(table).to_numpy()
    for backend in installed():
        np.testing.assert_allclose(runs.scores[backend], here, rtol=1e-5)


def test_the_one_fitted_there_starts_and_learns_alike(runs, detector, table):
    here = detector.anomaly_score(table).to_numpy()
    assert tuple(runs.refitted) == installed()
    for backend in installed():
        np.testing.assert_allclose(runs.refitted[backend], here, rtol=1e-3, atol=1e-6)


def test_without_training_data_nothing_is_fitted(detector, table):
    runs = under_each_backend(detector, table, backends=installed()[-1:], repeats=1)
    assert runs.refitted is None
    assert list(runs.scores) == [installed()[-1]] and "fit_seconds" not in runs.table


def test_an_unknown_backend_is_named(detector, table):
    with pytest.raises(BackendError, match="backend mxnet is not installed"):
        under_each_backend(detector, table, backends=["mxnet"])


def test_what_goes_wrong_there_is_told(detector, table):
    with pytest.raises(RuntimeError, match=f"under backend '{installed()[0]}'.*\n[^$]*features"):
        under_each_backend(detector, table[["a"]], backends=installed()[:1])
