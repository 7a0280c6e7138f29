"""Servers become windows: by time, in the units of the rows to learn from, labelled as judged."""

import dataclasses

import numpy as np
import pytest

from zoo.data.servers.metrics import Servers
from zoo.data.servers.windows import cut_servers

pytestmark = pytest.mark.once


def server(name="a", train_rows=100, test_rows=40, anomalous=slice(10, 16), **fields):
    rng = np.random.default_rng(0)
    labels = np.zeros(test_rows, int)
    labels[anomalous] = 1
    return Servers(
        name=name,
        train=(5 + rng.normal(size=(train_rows, 3)) * [1, 2, 3]).astype("float32"),
        test=(5 + rng.normal(size=(test_rows, 3)) * [1, 2, 3]).astype("float32"),
        labels=labels,
        columns=("x", "y", "z"),
        **fields,
    )


def test_the_last_rows_are_held_out_and_judged_windows_follow_the_stride():
    cut = cut_servers([server()], window=10, stride=5, validation=0.2)
    assert cut.x_train.shape == (15, 10, 3)  # of 80 rows
    assert cut.x_valid[0].shape == (11, 10, 3)  # every window of 20 rows
    assert cut.x_test[0].shape == (7, 10, 3)
    # Windows from rows 0, 5, 10, ... hold 0, 5, 6, 1, 0, ... anomalous rows; above 30 % counts.
    assert cut.y.tolist() == [0, 1, 1, 0, 0, 0, 0]
    assert cut.stride == 5


def test_points_are_judged_one_by_one():
    cut = cut_servers([server()], window=10, stride=5, level="points")
    assert cut.x_test[0].shape == (31, 10, 3)
    np.testing.assert_array_equal(cut.y, server().labels)


def test_scaling_knows_the_rows_to_learn_from_alone():
    one = server()
    changed = dataclasses.replace(one, test=one.test * 100)
    for scaling in ("standard", "global"):
        a = cut_servers([one], 10, 5, scaling=scaling)
        b = cut_servers([changed], 10, 5, scaling=scaling)
        np.testing.assert_array_equal(a.x_train, b.x_train)
    rows = a.scaled(one.train[:90])
    assert rows.mean() == pytest.approx(0, abs=1e-5) and rows.std() == pytest.approx(1, abs=1e-5)
    standard = cut_servers([one], 10, 5).scaled(one.train[:90])
    np.testing.assert_allclose(standard.std(axis=0), 1, atol=1e-4)


def test_several_servers_share_one_training_set():
    cut = cut_servers([server("a"), server("b", test_rows=60)], window=10, stride=5)
    assert cut.x_train.shape[0] == 2 * 17
    assert [len(x) for x in cut.x_test] == [7, 11]
    assert len(cut.y) == 18 and cut.names == ["a", "b"]


def test_labelled_anomalies_among_the_training_rows_are_dropped_or_refused():
    found = np.zeros(100, int)
    found[3] = 1
    contaminated = server(train_labels=found)
    cut = cut_servers([contaminated], window=10, stride=10)
    assert len(cut.x_train) == 8 and cut.anomalies_in_training == 1
    with pytest.raises(ValueError, match="the training rows of a holds 1 anomalies"):
        cut_servers([contaminated], window=10, stride=10, contaminated="refuse")


def test_without_labels():
    cut = cut_servers([dataclasses.replace(server(), labels=None)], window=10, stride=5)
    assert not cut.labelled


def test_refuses_a_window_longer_than_the_held_out_rows():
    with pytest.raises(ValueError, match="'the held-out rows of a' has 10 rows"):
        cut_servers([server()], window=11, stride=5)


def test_refuses_servers_that_differ_and_rows_that_never_change():
    other = dataclasses.replace(server("b"), columns=("x", "y", "w"))
    with pytest.raises(ValueError, match="'a' and 'b' have different metrics"):
        cut_servers([server(), other], 10, 5)
    still = dataclasses.replace(server(), train=np.ones((100, 3), "float32"))
    with pytest.raises(ValueError, match="never change"):
        cut_servers([still], 10, 5, scaling="global")
