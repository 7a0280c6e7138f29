"""Long tails: what each treatment does to the bulk and to what training has not seen."""

import numpy as np
import pytest

from zoo.data.tables.tails import tail_transform

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def long_tailed():
    return np.random.default_rng(0).lognormal(0, 2, (500, 2)).astype(np.float32)


@pytest.mark.parametrize("tails", ["none", "log1p", "quantile"])
def test_training_values_fill_the_range_in_their_order(tails, long_tailed):
    scaled = tail_transform(tails, rows=500).fit_transform(long_tailed)
    np.testing.assert_allclose([scaled.min(), scaled.max()], [0, 1], atol=1e-6)
    order = np.argsort(long_tailed, axis=0)
    assert (np.diff(np.take_along_axis(scaled, order, 0), axis=0) >= 0).all()


def test_the_treatment_decides_how_much_room_the_bulk_has(long_tailed):
    middle = {
        tails: np.median(tail_transform(tails, rows=500).fit_transform(long_tailed))
        for tails in ("none", "log1p", "quantile")
    }
    assert middle["none"] < 0.02 < 0.1 < middle["log1p"] < 0.3
    assert middle["quantile"] == pytest.approx(0.5, abs=0.02)


def test_log1p_keeps_unseen_extremes_apart_and_negative_values_finite():
    scaler = tail_transform("log1p").fit(np.array([[0.0], [np.e - 1]]))
    unseen = scaler.transform(np.array([[np.e**2 - 1], [np.e**3 - 1], [1 - np.e]]))
    np.testing.assert_allclose(unseen[:, 0], [2, 3, -1])


def test_quantile_ends_at_the_range_of_training(long_tailed):
    scaler = tail_transform("quantile", rows=500).fit(long_tailed)
    assert scaler.transform(np.array([[1e9, -1e9]])).tolist() == [[1, 0]]


def test_an_unknown_treatment():
    with pytest.raises(ValueError, match=r"'sqrt' of long tails; give tails as one of none, log1p"):
        tail_transform("sqrt")
