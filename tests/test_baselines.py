"""Baselines: the promises of all, then a law of each."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from zoo.baselines import IsolationForestBaseline, NearestNeighbors, PCAReconstruction
from zoo.baselines import all_baselines as all_of
from zoo.metrics import roc_auc

NAMES = list(all_of())


@pytest.fixture(scope="module")
def digits():
    images, classes = load_digits(return_X_y=True)
    return images.reshape(-1, 8, 8, 1) / 16, classes


@pytest.mark.parametrize("name", NAMES)
def test_each_finds_other_digits(name, digits):
    images, classes = digits
    zeros = images[classes == 0]
    baseline = all_of()[name].fit(zeros[::2])
    scores = baseline.score(np.concatenate([zeros[1::2], images[classes != 0]]))
    labels = np.arange(len(scores)) >= len(zeros[1::2])
    assert scores.dtype == np.float32
    assert roc_auc(labels, scores) > 0.98


@pytest.mark.parametrize("name", NAMES)
def test_each_gives_the_same_scores_again(name, digits):
    images, _ = digits
    first, again = (all_of(seed=3)[name].fit(images[:200]).score(images[:9]) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_content_with_two_samples(name):
    scores = all_of()[name].fit([[0.0, 1.0, 2.0], [1.0, 0.0, 2.0]]).score([[5.0, 5.0, 5.0]])
    assert scores.shape == (1,)
    assert np.isfinite(scores).all()


def test_pca_scores_the_mean_squared_distance_from_the_normal_line():
    line = np.outer(np.arange(5.0), [1.0, 0.0])
    assert PCAReconstruction().fit(line).score([[9.0, 0.0], [2.0, 4.0]]) == pytest.approx([0, 8])


def test_pca_refuses_normals_without_variation():
    with pytest.raises(ValueError, match="3 samples do not vary"):
        PCAReconstruction().fit(np.ones((3, 4)))


def test_neighbors_score_the_mean_of_the_k_smallest_distances():
    neighbors = NearestNeighbors(k=2).fit([[0.0, 0.0], [3.0, 4.0], [100.0, 0.0]])
    assert neighbors.score([[0.0, 0.0]]) == pytest.approx([2.5])  # itself at 0, the next at 5


def test_the_seed_draws_the_forest(digits):
    images, _ = digits
    one, other = (IsolationForestBaseline(s).fit(images[:200]).score(images[:9]) for s in (0, 1))
    assert not np.array_equal(one, other)


def test_pca_on_mnist_is_as_good_as_published(data_dir):
    with np.load(data_dir / "mnist.npz") as mnist:
        normals = mnist["x_train"][mnist["y_train"] == 0] / 255
        scores = PCAReconstruction().fit(normals).score(mnist["x_test"] / 255)
        assert roc_auc(mnist["y_test"] != 0, scores) == pytest.approx(0.9906, abs=0.001)
