"""Scaling and filling are fitted once, stay finite, and travel as JSON."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from zoo.detectors.preparation import SCALINGS, Preparation

pytestmark = pytest.mark.once


X = np.random.default_rng(0).normal(3, 2, size=(50, 3))


@pytest.mark.parametrize(
    ("scaling", "kind"),
    [("standard", StandardScaler), ("minmax", MinMaxScaler), ("robust", RobustScaler)],
)
def test_scales_as_scikit_learn_does(scaling, kind):
    found = Preparation(scaling).fit(X).transform(X)
    np.testing.assert_allclose(found, kind().fit_transform(X), rtol=1e-6, atol=1e-6)


def test_a_shared_scale_is_one_for_all():
    found = Preparation("minmax", shared=True).fit(X).transform(X)
    assert (found.min(), found.max()) == (0, 1)
    assert np.count_nonzero(found.min(axis=0) == 0) == 1


def test_a_constant_feature_keeps_its_unit():
    prepared = Preparation("standard").fit(np.full((5, 1), 7.0))
    assert prepared.transform(np.array([[9.0]])).tolist() == [[2.0]]


def test_missing_values_take_the_training_mean():
    prepared = Preparation("none", "mean").fit(np.array([[1.0], [3.0], [np.nan]]))
    assert prepared.transform(np.array([[np.nan]])).tolist() == [[2.0]]


def test_missing_values_take_the_row_before():
    prepared = Preparation("none", "forward").fit(np.array([[1.0], [3.0]]))
    rows = np.array([[np.nan], [5.0], [np.nan], [np.nan], [6.0]])
    assert prepared.transform(rows).ravel().tolist() == [2, 5, 5, 5, 6]


def test_a_feature_without_a_value_is_named():
    with pytest.raises(ValueError, match="feature 1 has no value"):
        Preparation(missing="mean").fit(np.array([[1.0, np.nan], [2.0, np.nan]]))


@pytest.mark.parametrize("settings", [{"scaling": "maxmin"}, {"missing": "drop"}])
def test_unknown_settings_list_the_known(settings):
    with pytest.raises(ValueError, match="choose one of"):
        Preparation(**settings)


@settings(max_examples=500, deadline=None)
@given(
    hnp.arrays(np.float64, (6, 2), elements=st.floats(-1e100, 1e100)),
    hnp.arrays(np.float64, (3, 2), elements=st.floats(-1e100, 1e100)),
    st.sampled_from(SCALINGS),
)
def test_stays_finite_and_survives_json(train, test, scaling):
    prepared = Preparation(scaling).fit(train)
    found = prepared.transform(test)
    assert np.isfinite(found).all() and np.abs(found).max() <= 1e6
    again = Preparation.from_dict(json.loads(json.dumps(prepared.to_dict())))
    np.testing.assert_array_equal(again.transform(test), found)


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("missing", ["error", "mean", "forward"])
def test_pieces_give_what_the_whole_gives(scaling, missing, monkeypatch):
    rows = np.random.default_rng(1).normal(5, 3, size=(40, 3))
    if missing != "error":
        rows[[0, 1, 8, 9, 10, 11, 39], [0, 0, 1, 1, 1, 1, 2]] = np.nan
    whole = Preparation(scaling, missing).fit(rows)
    expected = whole.transform(rows)
    monkeypatch.setattr("zoo.detectors.preparation.PIECE", 12)  # four rows
    pieces = Preparation(scaling, missing).fit(rows)
    np.testing.assert_allclose(pieces.mean_, whole.mean_, rtol=1e-14)
    np.testing.assert_allclose(pieces.factor_, whole.factor_, rtol=1e-14)
    np.testing.assert_allclose(pieces.transform(rows), expected, rtol=1e-6)


def test_float32_is_scaled_in_float64():
    rows = 1e6 + np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    exact = Preparation().fit(rows.astype(np.float64))
    found = Preparation().fit(rows)
    np.testing.assert_array_equal(found.offset_, exact.offset_)
    np.testing.assert_array_equal(found.transform(rows), exact.transform(rows.astype(np.float64)))
