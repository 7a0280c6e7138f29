"""What every threshold owes: it survives a JSON file, and names what it cannot use."""

import json
import math

import numpy as np
import pytest

from zoo.evaluation.thresholds import (
    Gaussian,
    Mahalanobis,
    MedianMAD,
    PeaksOverThreshold,
    Percentile,
    from_dict,
)

pytestmark = pytest.mark.once


ALL = [
    Percentile(90),
    Gaussian(2.0),
    Gaussian(false_alarm=0.05),
    MedianMAD(2.0),
    PeaksOverThreshold(0.01, level=0.9),
    Mahalanobis(90),
]


@pytest.fixture
def normals():
    return np.random.default_rng(0).normal(size=(200, 3)) * [1.0, 2.0, 5.0]


@pytest.mark.parametrize("threshold", ALL, ids=str)
def test_a_json_file_keeps_scores_and_decisions(threshold, normals):
    x = normals if isinstance(threshold, Mahalanobis) else normals[:, 0]
    threshold.fit(x)
    restored = from_dict(json.loads(json.dumps(threshold.to_dict())))
    assert type(restored) is type(threshold)
    assert restored.get_params() == threshold.get_params()
    assert restored.threshold_ == threshold.threshold_
    np.testing.assert_array_equal(restored.score(x), threshold.score(x))
    np.testing.assert_array_equal(restored.alarms(x), threshold.alarms(x))
    assert 0 < restored.alarms(x).sum() < len(x) / 4


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind 'Median' is unknown"):
        from_dict({"kind": "Median"})


@pytest.mark.parametrize("threshold", ALL[:-1], ids=str)
def test_the_limit_is_the_threshold_in_the_unit_of_the_scores(threshold, normals):
    limit = threshold.fit(normals[:, 0]).limit
    assert threshold.alarms([limit - 1e-3, limit + 1e-3]).tolist() == [0, 1]


@pytest.mark.parametrize("kind", [type(threshold) for threshold in ALL])
def test_what_cannot_be_fitted_is_named(kind):
    threshold = kind()
    is_distance = kind is Mahalanobis
    bad = [[1.0, math.nan], [math.inf, 2.0]] if is_distance else [1.0, math.nan, math.inf]
    wrong_shape = [1.0, 2.0] if is_distance else [[1.0], [2.0]]
    with pytest.raises(ValueError, match="2 of . values of the .* are NaN or infinite"):
        threshold.fit(bad)
    with pytest.raises(ValueError, match="have shape .* expected"):
        threshold.fit(wrong_shape)
    with pytest.raises(ValueError, match="not empty"):
        threshold.fit([])
    with pytest.raises(ValueError, match="has learned nothing yet; call fit"):
        threshold.alarms([[1.0, 2.0]] if is_distance else [1.0])


def test_a_collapsed_model_is_named():
    with pytest.raises(ValueError, match="all 3 scores are equal.*collapsed"):
        Gaussian().fit([0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="half or more of the 3 scores are equal.*collapsed"):
        MedianMAD().fit([0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="0 of 500 scores lie above"):
        PeaksOverThreshold().fit(np.full(500, 0.1))
    with pytest.raises(ValueError, match="all 3 embeddings are equal.*collapsed"):
        Mahalanobis().fit([[0.1, 0.2]] * 3)
