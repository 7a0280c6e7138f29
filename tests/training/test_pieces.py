"""Arrays through a function a piece at a time: equal results, bounded memory, few shapes."""

import keras
import numpy as np
import pytest

from zoo import engine
from zoo.data.arrays.windows import sliding_windows
from zoo.nn.networks import mlp, recurrent
from zoo.training.batches import Batches
from zoo.training.pieces import in_batches, in_pieces, mean_in_pieces, samples_per_call

X = np.random.default_rng(0).normal(size=(5000, 2)).astype("float32")


class PairsOfTen(keras.utils.PyDataset):
    """Ten batches of samples and labels."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        rows = X[500 * index : 500 * (index + 1)]
        return rows, rows[:, 0] > 0


def test_pieces_give_what_the_whole_gives():
    shapes = []

    def call(x, y):
        shapes.append(len(x))
        return x + y, x * y

    found = in_pieces(call, X, 2 * X, most=2048)
    np.testing.assert_array_equal(found[0], 3 * X)
    np.testing.assert_array_equal(found[1], 2 * X**2)
    assert shapes == [2048, 2048, 1024]  # 904 are left, filled up


@pytest.fixture
def doubled_sums():
    """A compiled function: twice the sums of rows, by the weights of a network."""
    network = mlp((2,), (1,), last_activation=None)
    network.set_weights([np.full((2, 1), 2.0), np.zeros(1)])
    return engine.compiled(lambda x: network(x, training=False)[:, 0], network)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 1000, 1001])
def test_batches_give_what_the_whole_gives(doubled_sums, count):
    found = in_batches(doubled_sums, X[:count].astype("float64"), 8)
    np.testing.assert_allclose(found, 2 * X[:count].sum(axis=1), rtol=1e-5, atol=1e-6)


def test_many_batches_are_one_call(doubled_sums, monkeypatch):
    calls = []
    of_batches = doubled_sums.of_batches

    def counted(x, size, room):
        calls.append((len(x), size, room))
        return of_batches(x, size, room)

    monkeypatch.setattr(doubled_sums, "of_batches", counted)
    in_batches(doubled_sums, X, 8)
    assert calls == [(4096, 8, 512), (904, 8, 512)]
    calls.clear()
    in_batches(doubled_sums, X[:20], 8)
    assert calls == [(20, 8, 8)]


def test_large_samples_are_a_batch_a_call():
    class Compiled:
        of_batches = None  # would be called for small ones

        def __call__(self, x):
            return x[:, 0]

    images = np.arange(20.0, dtype="float32")[:, None] * np.ones(2**17, "float32")
    assert in_batches(Compiled(), images, 8).tolist() == list(range(20))


def test_overlapping_windows_are_copied_some_batches_at_a_time(monkeypatch):
    windows = sliding_windows(np.ones((100_000, 8), "float32"), 100)

    class Compiled:
        sizes = []

        def of_batches(self, x, size, room):
            self.sizes.append(x.nbytes)
            return x[:, -1, 0]

    call = Compiled()
    assert in_batches(call, windows, 64).tolist() == [1.0] * len(windows)
    assert max(call.sizes) <= 2**24


@pytest.mark.parametrize(
    "data",
    [X, X.astype("float64"), Batches(X, 64, drop_last=True), PairsOfTen(), [(X[:7],), (X[7:],)]],
    ids=["array", "float64", "Batches", "PyDataset", "list"],
)
def test_the_mean_is_that_of_all_samples(data):
    found = mean_in_pieces(lambda x: 2 * x, data)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 2 * X.mean(axis=0, dtype="float64"), rtol=1e-6)


def test_what_a_piece_is_filled_up_with_does_not_count():
    lengths = []

    def call(x):
        lengths.append(len(x))
        return x

    x = np.array([[1.0], [2.0], [6.0]])
    assert mean_in_pieces(call, x).tolist() == [3.0]
    assert lengths == [4]


def test_overlapping_windows_are_copied_a_piece_at_a_time():
    windows = sliding_windows(np.ones((100_000, 8), "float32"), 100)  # 320 MB if they were whole
    sizes = []

    def call(x):
        sizes.append(x.nbytes)
        return x[:, -1]

    assert mean_in_pieces(call, windows).tolist() == [1.0] * 8
    assert max(sizes) <= 2**24


def test_no_samples_are_an_error():
    with pytest.raises(ValueError, match="no samples; give one or more"):
        mean_in_pieces(lambda x: x, X[:0])


def test_a_wide_layer_takes_fewer_samples_per_call():
    x = np.zeros((2, 100, 8))
    assert samples_per_call(x) == 4096
    assert samples_per_call(x, recurrent((100, 8), "gru", (4, 4))) == min(
        4096,
        engine.numbers_per_call() // 2**10,  # 800 numbers come in
    )
    few = engine.numbers_per_call() // 2**15  # 256 units, 100 steps: rounded up to 128
    assert samples_per_call(x, recurrent((100, 8), "gru", (256, 4))) == max(64, few)
    assert samples_per_call(x, recurrent((None, 8), "gru", (256, 4))) == max(64, few)


def test_a_recurrent_layer_counts_the_steps_that_it_does_not_return():
    x = np.zeros((2, 100, 8))
    few = engine.numbers_per_call() // 2**15
    assert samples_per_call(x, recurrent((100, 8), "lstm", (256,))) == max(64, few)
