"""Balancing keeps every anomaly, chooses normals by the seed alone, and counts both."""

import numpy as np
import pytest

from zoo.data.arrays.imbalance import balancing_weight, downsample

pytestmark = pytest.mark.once


@pytest.fixture
def labels():
    labels = np.zeros(100, int)
    labels[[3, 50, 51, 99]] = 1
    return labels


def test_every_anomaly_stays_and_as_many_normals(labels):
    chosen = downsample(labels)
    assert {3, 50, 51, 99} <= set(chosen)
    assert len(chosen) == 8 == len(set(chosen))
    assert np.all(np.diff(chosen) > 0)


@pytest.mark.parametrize(("ratio", "normals"), [(0.1, 1), (2.5, 10), (24.0, 96), (1000.0, 96)])
def test_the_ratio_counts_normals_for_each_anomaly(labels, ratio, normals):
    chosen = downsample(labels, ratio)
    assert np.sum(labels[chosen] == 0) == normals
    assert np.sum(labels[chosen]) == 4


def test_the_seed_chooses(labels):
    first, again, other = (downsample(labels, seed=seed) for seed in (0, 0, 1))
    assert first.tolist() == again.tolist() != other.tolist()


def test_normals_come_from_everywhere(labels):
    met = {n for seed in range(200) for n in downsample(labels, seed=seed)}
    assert met == set(range(100))


def test_the_weight_makes_the_classes_equal(labels):
    weights = np.where(labels == 1, balancing_weight(labels), 1.0)
    assert weights[labels == 1].sum() == weights[labels == 0].sum()


@pytest.mark.parametrize("of_one_class", [np.zeros(5), np.ones(5)])
def test_one_class_cannot_be_balanced(of_one_class):
    for balance in (downsample, balancing_weight):
        with pytest.raises(ValueError, match="of 5 labels, . are anomalies and . normal"):
            balance(of_one_class)


def test_a_ratio_of_nothing_is_refused(labels):
    with pytest.raises(ValueError, match="ratio is 0"):
        downsample(labels, ratio=0)
