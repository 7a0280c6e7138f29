"""What a one-class model trains on: normals, and anomalies only where asked for."""

import numpy as np
import pytest

from zoo.data.tables.normals import split_normals, training_rows
from zoo.data.tables.table import Table

pytestmark = pytest.mark.once


VALUES = np.arange(8.0).reshape(4, 2)


def test_known_anomalies_are_counted_and_dropped_kept_or_refused():
    labels = [0, 1, 0, 1]
    kept, found = training_rows(VALUES, labels)
    np.testing.assert_array_equal(kept, VALUES[[0, 2]])
    assert found == 2
    kept, found = training_rows(VALUES, labels, "keep")
    assert kept is VALUES and found == 2
    with pytest.raises(ValueError, match=r"training part holds 2 anomalies .*give contaminat"):
        training_rows(VALUES, labels, "refuse")


@pytest.mark.parametrize("contaminated", ["drop", "keep", "refuse"])
@pytest.mark.parametrize("labels", [None, [0, 0, 0, 0]])
def test_nothing_changes_where_no_anomaly_is_known(contaminated, labels):
    kept, found = training_rows(VALUES, labels, contaminated)
    np.testing.assert_array_equal(kept, VALUES)
    assert found == 0


def test_nothing_left_to_train_on_and_other_errors():
    with pytest.raises(ValueError, match="all 4 samples of cpu are labelled as anomalies"):
        training_rows(VALUES, [1, 1, 1, 1], name="cpu")
    with pytest.raises(ValueError, match=r"has 4 samples and labels of shape \(2,\)"):
        training_rows(VALUES, [0, 1])
    with pytest.raises(ValueError, match=r"'ignore' .*contaminated as one of drop, keep, refuse"):
        training_rows(VALUES, None, "ignore")


def table(labels):
    labels = np.array(labels)
    return Table("own", np.arange(len(labels), dtype=np.float32)[:, None], labels, ("row",))


def test_normals_are_split_and_every_anomaly_is_tested():
    labels = np.zeros(100, dtype=int)
    labels[::10] = 1
    x_train, x_test, y_test = split_normals(table(labels), train=0.8, seed=1)
    assert x_train.shape == (72, 1) and x_test.shape == (28, 1) and y_test.sum() == 10
    rows = np.concatenate([x_train, x_test])[:, 0].astype(int)
    assert sorted(rows) == list(range(100))  # each row once
    np.testing.assert_array_equal(labels[x_test[:, 0].astype(int)], y_test)
    assert (labels[x_train[:, 0].astype(int)] == 0).all()


def test_the_seed_decides_the_split():
    def draw(seed):
        return split_normals(table([0] * 50), seed=seed)[0].ravel().tolist()

    assert draw(0) == draw(0) != draw(1)


def test_too_few_normals():
    with pytest.raises(ValueError, match="table 'own' has 1 normal rows, too few to train on 80%"):
        split_normals(table([0, 1, 1]))
    with pytest.raises(ValueError, match=r"is 1\.0; expected one in \(0, 1\)"):
        split_normals(table([0, 0]), train=1.0)
