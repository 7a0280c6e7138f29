"""Drawn candles look like a market; injected events are where and what they say."""

import numpy as np
import pandas as pd
import pytest

from zoo.data.arrays.segments import event_labels
from zoo.data.candles.ohlcv import COLUMNS
from zoo.data.candles.synthetic import KINDS, ROWS_OF, generate_candles, inject

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def candles():
    return generate_candles(6000)


def assert_consistent(candles):
    assert np.isfinite(candles.to_numpy()).all()
    assert (candles["low"] <= candles[["open", "close"]].min(axis=1)).all()
    assert (candles["high"] >= candles[["open", "close"]].max(axis=1)).all()
    assert (candles["low"] > 0).all() and (candles["volume"] >= 0).all()


def log_returns(candles):
    return np.diff(np.log(candles["close"].to_numpy()))


def test_candles_have_the_layout_of_read_ones(candles):
    assert tuple(candles.columns) == COLUMNS and candles.index.name == "timestamp"
    assert str(candles.index.tz) == "UTC" and candles.index[0] == pd.Timestamp("2025-01-01T00:00Z")
    assert (np.diff(candles.index) == np.timedelta64(5, "m")).all()
    assert_consistent(candles)
    np.testing.assert_allclose(candles["open"][1:], candles["close"][:-1])


def test_the_seed_decides(candles):
    pd.testing.assert_frame_equal(generate_candles(6000, seed=0), candles)
    assert not np.allclose(generate_candles(6000, seed=1)["close"], candles["close"])


def test_volatility_clusters_tails_are_heavy_and_volume_has_a_day():
    candles = generate_candles(20_000, seed=3)
    returns = pd.Series(log_returns(candles))
    assert returns.std() == pytest.approx(0.0013, rel=0.15)
    assert returns.kurt() > 2
    assert returns.abs().autocorr() > 0.1 and abs(returns.autocorr()) < 0.05
    by_hour = candles["volume"].groupby(candles.index.hour).median()
    assert by_hour[14:17].mean() > 1.5 * by_hour[2:5].mean()


def test_longer_candles_are_more_volatile():
    ratio = log_returns(generate_candles(minutes=60)).std() / log_returns(generate_candles()).std()
    assert ratio == pytest.approx(np.sqrt(12), rel=0.1)


def test_outside_events_the_candles_are_the_original_ones(candles):
    before = candles.copy()
    changed, events = inject(candles)
    pd.testing.assert_frame_equal(candles, before)
    inside = event_labels(events, len(candles)) == 1
    pd.testing.assert_frame_equal(changed[~inside], candles[~inside])
    assert_consistent(changed)
    for _, start, stop in events.itertuples(index=False):
        assert (changed.iloc[start:stop] != candles.iloc[start:stop]).any(axis=None)


def test_events_keep_their_distance_and_number(candles):
    _, events = inject(candles, per_kind=4, margin=50)
    assert events["kind"].value_counts().to_dict() == dict.fromkeys(KINDS, 4)
    gaps = events["start"].to_numpy()[1:] - events["stop"].to_numpy()[:-1]
    assert gaps.min() >= 50
    assert events["start"].min() >= 50 and events["stop"].max() <= len(candles) - 50
    for kind, start, stop in events.itertuples(index=False):
        assert ROWS_OF[kind][0] <= stop - start <= ROWS_OF[kind][1]


def test_events_fit_exactly_where_they_just_fit():
    rows = 3 * 60
    changed, events = inject(generate_candles(rows), ["volume_burst"], per_kind=1, margin=84)
    assert events["start"][0] >= 84 and events["stop"][0] <= rows - 84


def test_the_seed_decides_the_events(candles):
    pd.testing.assert_frame_equal(inject(candles, seed=2)[0], inject(candles, seed=2)[0])
    assert (inject(candles, seed=2)[1]["start"] != inject(candles, seed=3)[1]["start"]).any()


@pytest.fixture(scope="module")
def change(candles):
    """Return a function that gives (changed, original) of every event of a kind."""

    def change(kind):
        changed, events = inject(candles, [kind], per_kind=6)
        return [(changed.iloc[a:b], candles.iloc[a:b]) for a, b in events[["start", "stop"]].values]

    return change


def displacement(changed, original):
    return np.log(changed["close"] / original["close"]).to_numpy()


def test_flash_crash_falls_in_one_candle_and_recovers(change, candles):
    usual = log_returns(candles).std()
    for pair in change("flash_crash"):
        shift = displacement(*pair)
        assert -30 * usual < shift[0] < -4 * usual
        assert (np.diff(shift) > 0).all() and shift[-1] == pytest.approx(0, abs=1e-12)


def test_pump_and_dump_climbs_slowly_and_drops_fast(change, candles):
    usual = log_returns(candles).std()
    for changed, original in change("pump_and_dump"):
        shift = displacement(changed, original)
        top = shift.argmax()
        assert shift[top] > 9 * usual and shift.min() > -1e-12
        assert len(shift) - 1 - top <= 4 < top
        assert (changed["volume"] > 4 * original["volume"]).all()


def test_volume_burst_leaves_prices_alone(change):
    prices = ["open", "high", "low", "close"]
    for changed, original in change("volume_burst"):
        np.testing.assert_array_equal(changed[prices], original[prices])
        assert (changed["volume"] > 19.9 * original["volume"]).all()


def test_stale_feed_freezes_at_the_price_before(change):
    for changed, original in change("stale_feed"):
        assert (changed[["open", "high", "low", "close"]] == original["open"].iloc[0]).all(
            axis=None
        )
        assert (changed["volume"] == 0).all()


def test_volatility_burst_multiplies_the_moves(change):
    bursts = change("volatility_burst")
    wild, calm = (np.concatenate([log_returns(pair[n]) for pair in bursts]) for n in (0, 1))
    assert 2.5 < wild.std() / calm.std() < 12


def test_errors_say_what_would_do(candles):
    with pytest.raises(ValueError, match=r"unknown kinds of anomaly \['rug_pull'\]; expected some"):
        inject(candles, ["rug_pull"])
    with pytest.raises(
        ValueError, match="25 anomalies .* there are 500; ask for more rows or fewer"
    ):
        inject(candles[:500])
    with pytest.raises(ValueError, match="1 rows of 5 minutes"):
        generate_candles(1)
