"""Thresholds learn from normals, flag the share they promise and survive a JSON file."""

import json
import math

import numpy as np
import pytest

from zoo.thresholds import Gaussian, Mahalanobis, Percentile, from_dict


@pytest.fixture
def normals():
    return np.random.default_rng(0).normal(size=(200, 3)) * [1.0, 2.0, 5.0]


def fitted_ones(normals):
    return [Percentile(90), Gaussian(2.0), Gaussian(false_alarm=0.05), Mahalanobis(90)]


@pytest.mark.parametrize("q", [50, 90, 95, 99, 100])
def test_percentile_flags_exactly_its_share(q):
    scores = np.random.default_rng(q).permutation(100) / 7
    assert Percentile(q).fit(scores).predict(scores).sum() == 100 - q


def test_percentile_passes_scores_through():
    assert Percentile().fit([1.0, 2.0]).score([3.0]).tolist() == [3.0]


def test_the_highest_training_score_is_normal_at_100_percent(normals):
    assert not Percentile(100).fit(normals[:, 0]).predict(normals[:, 0]).any()
    assert not Mahalanobis(100).fit(normals).predict(normals).any()


def test_gaussian_scores_are_z_values():
    gaussian = Gaussian(sigmas=3).fit([1.0, 3.0])  # mean 2, standard deviation 1
    assert gaussian.score([2.0, 5.0, 0.0]).tolist() == [0.0, 3.0, -2.0]
    assert gaussian.predict([5.0, 5.1, -9.0]).tolist() == [0, 1, 0]


def test_gaussian_false_alarm_is_the_share_of_gaussian_scores_flagged():
    scores = np.random.default_rng(0).normal(7, 3, size=100_000)
    gaussian = Gaussian(false_alarm=0.05).fit(scores)
    assert gaussian.threshold_ == pytest.approx(1.6449, abs=1e-4)
    assert gaussian.predict(scores).mean() == pytest.approx(0.05, abs=0.003)


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


def test_a_json_file_keeps_scores_and_decisions(normals):
    for threshold in fitted_ones(normals):
        x = normals if isinstance(threshold, Mahalanobis) else normals[:, 0]
        threshold.fit(x)
        restored = from_dict(json.loads(json.dumps(threshold.to_dict())))
        assert type(restored) is type(threshold)
        assert restored.threshold_ == threshold.threshold_
        np.testing.assert_array_equal(restored.score(x), threshold.score(x))
        np.testing.assert_array_equal(restored.predict(x), threshold.predict(x))


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind 'Median' is unknown"):
        from_dict({"kind": "Median"})


@pytest.mark.parametrize("threshold", [Percentile(), Gaussian(), Mahalanobis()])
def test_what_cannot_be_fitted_is_named(threshold):
    is_distance = isinstance(threshold, Mahalanobis)
    bad = [[1.0, math.nan], [math.inf, 2.0]] if is_distance else [1.0, math.nan, math.inf]
    wrong_shape = [1.0, 2.0] if is_distance else [[1.0], [2.0]]
    with pytest.raises(ValueError, match="2 of . values of the .* are NaN or infinite"):
        threshold.fit(bad)
    with pytest.raises(ValueError, match="have shape .* expected"):
        threshold.fit(wrong_shape)
    with pytest.raises(ValueError, match="not empty"):
        threshold.fit([])
    with pytest.raises(ValueError, match="has learned nothing yet; call fit"):
        threshold.predict([[1.0, 2.0]] if is_distance else [1.0])


def test_parameters_out_of_range_are_named():
    with pytest.raises(ValueError, match="q is 0, expected"):
        Percentile(0).fit([1.0])
    with pytest.raises(ValueError, match="false_alarm is 1.5, expected between 0 and 1"):
        Gaussian(false_alarm=1.5).fit([1.0, 2.0])


def test_a_collapsed_model_is_named():
    with pytest.raises(ValueError, match="all 3 scores are equal.*collapsed"):
        Gaussian().fit([0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="all 3 embeddings are equal.*collapsed"):
        Mahalanobis().fit([[0.1, 0.2]] * 3)


def test_embeddings_of_another_size_are_named(normals):
    with pytest.raises(ValueError, match="2 dimensions, expected the 3 that were fitted"):
        Mahalanobis().fit(normals).score(normals[:, :2])
