"""The order of the batches depends on the seed and the epoch, and on nothing else."""

import warnings

import numpy as np

from zoo.models import Autoencoder
from zoo.models.collapse import CollapseWarning
from zoo.nn.networks import mlp
from zoo.training.batches import Batches

# What NumPy draws from (seed, epoch) = (0, 0) and (0, 1); a change here changes every result.
FIRST, SECOND = [[2, 3, 4, 6], [0, 1, 5]], [[0, 1, 3, 6], [2, 4, 5]]


def content(batches):
    return [batches[i].tolist() for i in range(len(batches))]


def numbers_seen(epochs, **options):
    """First numbers of the batches that `AnomalyModel.fit` draws, with `epochs` trained before."""
    drawn = []

    class Watched(Batches):
        def __getitem__(self, index):
            batch = super().__getitem__(index)
            drawn.append(batch[:, 0].tolist())
            return batch

    model = Autoencoder(mlp((1,), (1,)), mlp((1,), (1,)))
    model.compile("sgd")
    batches = Watched(np.arange(7.0, dtype="float32")[:, None], batch_size=4, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CollapseWarning)
        model.fit(batches, epochs=epochs, verbose=0, **options)
    return drawn


def test_fit_sees_the_order_of_the_epoch_even_when_it_starts_late():
    assert numbers_seen(2)[-4:] == FIRST + SECOND
    assert numbers_seen(2, initial_epoch=1)[-2:] == SECOND


def test_each_epoch_holds_every_sample_once_in_its_own_order():
    batches = Batches(np.arange(7), batch_size=4, seed=0)
    assert len(batches) == 2
    assert content(batches) == FIRST
    batches.on_epoch_end()
    assert content(batches) == SECOND
    batches.begin_epoch(0)
    assert content(batches) == FIRST


def test_another_seed_gives_another_order():
    a, b = (Batches(np.arange(100), batch_size=10, seed=seed) for seed in (0, 1))
    assert content(a) != content(b)


def test_labels_stay_with_their_samples():
    batches = Batches(np.arange(7), batch_size=4, seed=0, y=10 * np.arange(7))
    pairs = [batches[i] for i in range(len(batches))]
    assert [x.tolist() for x, _ in pairs] == FIRST
    assert all(np.array_equal(y, 10 * x) for x, y in pairs)


def test_a_strided_view_is_read_batch_by_batch():
    series = np.arange(12.0)
    windows = np.lib.stride_tricks.sliding_window_view(series, 3)
    batches = Batches(windows, batch_size=4, seed=0)
    assert sum(len(batches[i]) for i in range(len(batches))) == 10
    assert np.shares_memory(batches.x, series)


def test_the_last_batch_can_be_left_out_and_is_another_each_epoch():
    batches = Batches(np.arange(10.0), batch_size=4, seed=0, drop_last=True)
    assert len(batches) == 2
    seen = []
    for epoch in range(2):
        batches.begin_epoch(epoch)
        seen.append(set(np.concatenate([batches[0], batches[1]])))
    assert all(len(each) == 8 for each in seen) and seen[0] != seen[1]
    assert len(Batches(np.arange(3.0), batch_size=4, drop_last=True)) == 1  # or nothing were left
