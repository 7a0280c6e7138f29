"""Data that arrive in chunks are learned from as if they were whole, and never held whole."""

import numpy as np
import pandas as pd
import pytest

from zoo.detectors import Autoencoder, DeepSVDD, Forecaster
from zoo.detectors.chunks import ChunkedBatches, ChunkReader
from zoo.detectors.preparation import Preparation
from zoo.training.batches import Batches

X = np.random.default_rng(0).normal(size=(1000, 1)).repeat(3, axis=1) * [1, -2, 3]
X += 0.1 * np.random.default_rng(1).normal(size=X.shape)
QUICK = {"epochs": 3, "learning_rate": 1e-2, "batch_size": 32, "random_state": 0}

pytestmark = pytest.mark.xdist_group("chunks")


def chunks(size, data=X):
    return lambda: (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
def test_scales_as_the_whole(scaling):
    found = ChunkReader(chunks(37), False).prepare(scaling, "error").transform(X)
    np.testing.assert_allclose(found, Preparation(scaling).fit(X).transform(X), atol=1e-5)


@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize("size", [1, 7, 37, 2000])
def test_every_sample_comes_once_an_epoch(window, size):
    data = np.arange(90.0)[:, None]
    reader = ChunkReader(chunks(size, data), False)
    batches = ChunkedBatches(reader, reader.prepare("none", "error"), window, 80, 8, seed=0)
    seen = np.concatenate([batches[i] for i in range(len(batches))])
    first = seen[:, 0, 0] if window else seen[:, 0]
    samples = 80 if window is None else 76
    assert len(first) == samples // 8 * 8 == len(np.unique(first)) and first.max() < samples
    if window:
        np.testing.assert_array_equal(
            seen[:, :, 0] - first[:, None], np.tile(np.arange(5.0), (len(seen), 1))
        )
    batches.on_epoch_end()
    again = np.concatenate([batches[i] for i in range(len(batches))])
    assert size == 1 or not np.array_equal(again, seen)
    batches.begin_epoch(0)
    np.testing.assert_array_equal(np.concatenate([batches[i] for i in range(len(batches))]), seen)


def test_a_reader_may_use_a_chunks_memory_again():
    data = np.arange(90.0)[:, None]

    def refilled():
        buffer = np.empty((10, 1))
        for start in range(0, 90, 10):
            buffer[:] = data[start : start + 10]
            yield buffer

    reader = ChunkReader(refilled, False)
    batches = ChunkedBatches(reader, reader.prepare("none", "error"), 5, 80, 8, seed=0)
    windows = np.concatenate([np.array(each) for each in batches.samples()])
    np.testing.assert_array_equal(windows[:, :, 0], np.arange(76)[:, None] + np.arange(5))


@pytest.mark.parametrize("kind", [Autoencoder, DeepSVDD, Forecaster])
def test_finds_the_anomalies(kind):
    settings = {"window": 4, "units": (8,)} if kind is Forecaster else {"units": (8, 4)}
    detector = kind(**QUICK, **settings).fit(chunks(150))
    anomalous = X[:20] + 8
    flagged = detector.predict(np.concatenate([X[:50], anomalous]))
    assert np.mean(flagged[50:] == -1) > 0.9 and np.mean(detector.predict(X) == -1) < 0.06
    detector.set_threshold(contamination=0.1)
    assert np.mean(detector.predict(X) == -1) == pytest.approx(0.1, abs=0.01)


def test_batches_of_a_data_set_are_chunks():
    data = Batches(X, batch_size=100)
    detector = Autoencoder(**QUICK, units=(8, 4)).fit(data)
    assert np.mean(detector.predict(X) == -1) < 0.06 and detector.n_features_in_ == 3


def test_frames_bring_their_names():
    frames = lambda: (pd.DataFrame(x, columns=list("abc")) for x in chunks(150)())  # noqa: E731
    assert list(Autoencoder(**QUICK, units=(4,)).fit(frames).feature_names_in_) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        (lambda: iter([]), {}, "hold 0 samples in all"),
        (lambda: iter([X, X[:, :2]]), {}, "2 features, but this fit is expecting 3"),
        (lambda: iter([X]), {"scaling": "robust"}, "needs all rows at once"),
        (lambda: iter([X[:3], X[:3]]), {"window": 9}, "6 rows in all, fewer than the window of 9"),
        (lambda: iter([X, np.full((2, 3), np.nan)]), {}, "NaN"),
    ],
)
def test_what_cannot_be_used_is_named(data, settings, said):
    with pytest.raises(ValueError, match=said):
        Autoencoder(**QUICK, **settings).fit(data)


def test_no_more_than_a_chunk_is_held():
    most = 0

    class Counted(np.ndarray):
        alive = 0

        def __del__(self):
            Counted.alive -= 1

    def counted():
        nonlocal most
        for start in range(0, len(X), 100):
            chunk = np.array(X[start : start + 100]).view(Counted)
            Counted.alive += 1
            most = max(most, Counted.alive)
            yield chunk

    batches = ChunkedBatches(
        reader := ChunkReader(counted, False), reader.prepare("none", "error"), None, 900, 32, 0
    )
    for index in range(len(batches)):
        batches[index]
    assert most <= 4 and not isinstance(batches, Batches)
