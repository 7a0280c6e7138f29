"""Mahalanobis distance: units, correlation, and what must not change it."""

import numpy as np
import pytest

from zoo.evaluation.thresholds import Mahalanobis

pytestmark = pytest.mark.once


@pytest.fixture
def normals():
    return np.random.default_rng(0).normal(size=(200, 3)) * [1.0, 2.0, 5.0]


def test_mahalanobis_measures_in_standard_deviations():
    # Corners of a square: mean 0, covariance the identity, which shrinking leaves as it is.
    square = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    assert Mahalanobis().fit(square).score([[3, 4], [0, 0]]) == pytest.approx([5.0, 0.0])


def test_mahalanobis_finds_what_breaks_a_correlation():
    along = np.random.default_rng(0).normal(size=(500, 1))
    embeddings = along * [1.0, 1.0] + np.random.default_rng(1).normal(size=(500, 2)) * 0.1
    distance = Mahalanobis().fit(embeddings)
    with_it, against_it = distance.score([[2.0, 2.0], [2.0, -2.0]])
    assert against_it > 5 * with_it


def test_mahalanobis_does_not_mind_rotation_shift_and_scale(normals):
    rotation, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    moved = 4 * normals @ rotation + [1.0, -2.0, 3.0]
    expected = Mahalanobis().fit(normals).score(normals)
    np.testing.assert_allclose(Mahalanobis().fit(moved).score(moved), expected, rtol=1e-5)


def test_mahalanobis_needs_fewer_samples_than_dimensions():
    embeddings = np.random.default_rng(0).normal(size=(10, 64))
    assert np.isfinite(Mahalanobis().fit(embeddings).score(embeddings)).all()


def test_the_farthest_training_embedding_is_normal_at_100_percent(normals):
    assert not Mahalanobis(100).fit(normals).alarms(normals).any()


def test_embeddings_of_another_size_are_named(normals):
    with pytest.raises(ValueError, match="2 dimensions, expected the 3 that were fitted"):
        Mahalanobis().fit(normals).score(normals[:, :2])
