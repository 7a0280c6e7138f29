"""Candles: files of every accepted layout, features that know no price level and no future."""

import numpy as np
import pandas as pd
import pytest

from zoo.data.candles.ohlcv import COLUMNS, FEATURES, candle_features, describe_move, read_candles
from zoo.data.candles.synthetic import generate_candles, inject

pytestmark = pytest.mark.once


HEADER = "timestamp,open,high,low,close,volume"
ROWS = ["2025-01-01 00:00,10,12,9,11,5", "2025-01-01 00:05,11,13,10,12,6"]
NEXT = "2025-01-01 00:10,"


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "btc.csv"
        path.write_text("\n".join(lines))
        return path

    return write


def flat(rows, price=100.0, volume=10.0):
    """Candles that all range from 1 % above to 1 % below the same price."""
    times = pd.date_range("2025-01-01", periods=rows, freq="5min", tz="UTC", name="timestamp")
    values = [price, price * 1.01, price * 0.99, price, volume]
    return pd.DataFrame([values] * rows, index=times, columns=list(COLUMNS))


def kline(open_time):
    return f"{open_time},10,12,9,11,5,{open_time + 299_999},50,7,2,20,0"


def check_layout(candles):
    assert tuple(candles.columns) == COLUMNS and (candles.dtypes == np.float64).all()
    assert candles.index.name == "timestamp" and str(candles.index.tz) == "UTC"
    assert candles.iloc[0].tolist() == [10, 12, 9, 11, 5]


def test_own_csv(write):
    candles = read_candles(write(HEADER, *ROWS))
    check_layout(candles)
    assert candles.index[1] == pd.Timestamp("2025-01-01T00:05Z")


def test_names_in_any_case_and_order_among_other_columns(write):
    path = write(
        "Volume,Close,Low,High,Open,Symbol,Date",
        "5,11,9,12,10,BTC,2025-01-01",
        "6,12,10,13,11,BTC,2025-01-02",
    )
    check_layout(read_candles(path))


@pytest.mark.parametrize(
    "header", [[], ["Open time,Open,High,Low,Close,Volume,Close time" + ",x" * 5]]
)
def test_exchange_klines_with_and_without_header(write, header):
    candles = read_candles(write(*header, kline(1743699900000), kline(1743700200000)))
    check_layout(candles)
    assert candles.index[0] == pd.Timestamp("2025-04-03T17:05Z")


def test_drop_and_interpolate(write):
    path = write(HEADER, *ROWS, NEXT + "12,,11,13,inf", "2025-01-01 00:15,13,30,12,14,8")
    dropped = read_candles(path, missing="drop")
    assert dropped.index.minute.tolist() == [0, 5, 15]
    filled = read_candles(path, missing="interpolate")
    assert filled.iloc[2].tolist() == [12, 21.5, 11, 13, 7]


def test_an_interpolated_candle_contains_its_own_prices(write):
    path = write(HEADER, *ROWS, NEXT + "40,,39,41,5", "2025-01-01 00:15,13,15,12,14,8")
    assert read_candles(path, missing="interpolate")["high"].iloc[2] == 41


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "is empty"),
        ([HEADER], "has 0 candles; expected at least 2"),
        ([HEADER, ROWS[0]], "has 1 candles; expected at least 2"),
        (
            ["timestamp,open,high,low,volume", "1,2,3,4,5"],
            "has no column 'close'; found 'timestamp'",
        ),
        (["1743699900,1,2", "1743699900,1,2"], "no header and 3 columns"),
        ([HEADER, *ROWS, NEXT + "10,12,9,oops,5"], "'oops' in line 4"),
        (
            [HEADER, *ROWS, NEXT + "10,,9,11,"],
            "lines? 4, columns 'high', 'volume'.*missing as",
        ),
        ([HEADER, *ROWS, NEXT + "10,12,0,11,5"], "'low' that is not above 0 in line 4"),
        ([HEADER, *ROWS, NEXT + "10,12,9,11,-5"], "negative volume in line 4"),
        ([HEADER, *ROWS, NEXT + "10,8,9,11,5"], "high below the low in line 4"),
        ([HEADER, *ROWS[::-1]], "line 3 .* is earlier than the row before"),
        ([HEADER, ROWS[0], ROWS[0]], "line 3 .* repeats the row before"),
        ([HEADER, *ROWS, "yesterday,10,12,9,11,5"], "'yesterday' in line 4"),
        ([HEADER, *ROWS, NEXT + "1,2,3,4,5,6,7,8"], "cannot be read as CSV.*line 4"),
    ],
)
def test_bad_files_are_refused_with_the_place(write, lines, message):
    with pytest.raises(ValueError, match=r"btc\.csv' .*" + message):
        read_candles(write(*lines))


def test_other_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone.csv' do not exist"):
        read_candles(tmp_path / "gone.csv")
    (tmp_path / "image.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="image.csv' cannot be read as CSV"):
        read_candles(tmp_path / "image.csv")


def test_features_by_hand():
    candles = flat(20)
    candles.iloc[15] = [101.0, 104.0, 100.0, 103.0, 20.0]
    plain = candle_features(candles, relative_volatility=False)
    expected = np.log([103 / 100, 104 / 103, 100 / 103, 101 / 100, (2 + 0.01) / 1.01])
    np.testing.assert_allclose(plain[15], expected, rtol=1e-5)
    relative = candle_features(candles)
    usual_range = np.log(1.01 / 0.99)  # of the fifteen candles before
    np.testing.assert_allclose(relative[15, :4], expected[:4] / usual_range, rtol=1e-5)
    assert relative.shape == (20, len(FEATURES)) and relative.dtype == np.float32


def test_features_do_not_know_the_price_or_the_size_of_a_coin():
    coin = generate_candles(400)
    other = coin * [0.001, 0.001, 0.001, 0.001, 5000]
    np.testing.assert_allclose(candle_features(other), candle_features(coin), atol=1e-4)


def test_relative_features_do_not_know_the_volatility_of_a_coin():
    coin = generate_candles(400)
    wild = coin.copy()
    wild[["open", "high", "low", "close"]] = coin[["open", "high", "low", "close"]] ** 3
    np.testing.assert_allclose(candle_features(wild), candle_features(coin), atol=1e-3)
    assert candle_features(wild, relative_volatility=False)[:, 0].std() > 0.003


@pytest.mark.parametrize("relative", [True, False])
def test_features_never_look_ahead(relative):
    candles, _ = inject(generate_candles(3000))
    whole = candle_features(candles, relative)
    for rows in (20, 1000, 2500):
        np.testing.assert_array_equal(candle_features(candles[:rows], relative), whole[:rows])


def test_what_has_nothing_before_it_is_zero():
    relative = candle_features(generate_candles(50))
    assert (relative[:12] == 0).all() and (relative[12:] != 0).any(axis=1).all()
    plain = candle_features(generate_candles(50), relative_volatility=False)
    assert (plain[0] == 0).all() and (plain[1, :3] != 0).all()


def test_a_feed_that_stands_still_is_finite_and_never_becomes_usual():
    candles = generate_candles(1000)
    candles.iloc[300:] = [100.0, 100.0, 100.0, 100.0, 0.0]
    features = candle_features(candles)
    assert np.isfinite(features).all()
    np.testing.assert_allclose(features[301:, 4], np.log(0.01 / 1.01), rtol=1e-5)
    assert (features[301:, :4] == 0).all()
    assert (candle_features(flat(50, volume=0.0))[:, 4] == 0).all()


@pytest.mark.parametrize(
    ("kind", "feature", "sign"),
    [
        ("flash_crash", "close_return", -1),
        ("pump_and_dump", "close_return", -1),
        ("volume_burst", "log_volume", 1),
        ("stale_feed", "log_volume", -1),
        ("volatility_burst", "high_reach", 1),
    ],
)
def test_every_kind_of_anomaly_shows(kind, feature, sign):
    candles = generate_candles(3000)
    column = sign * candle_features(candles)[:, FEATURES.index(feature)]
    changed, events = inject(candles, [kind], per_kind=8)
    features = sign * candle_features(changed)[:, FEATURES.index(feature)]
    for _, start, stop in events.itertuples(index=False):
        assert features[start:stop].max() > np.quantile(column, 0.98)


def test_features_refuse_what_are_not_candles():
    candles = generate_candles(50)
    with pytest.raises(ValueError, match="memory of 3 rows is too short"):
        candle_features(candles, memory=3)
    with pytest.raises(ValueError, match="'open' that is not above 0"):
        candle_features(-candles)
    with pytest.raises(ValueError, match="missing or infinite"):
        candle_features(candles.where(candles["volume"] > candles["volume"].median()))


def moved(*closes, volume=10.0):
    """Fifty flat candles, then a window that closes at these percentages of the price before."""
    candles = flat(50 + len(closes))
    opens = [100.0, *closes[:-1]]
    for row, (opened, close) in enumerate(zip(opens, closes, strict=True), start=50):
        high, low = max(opened, close), min(opened, close)
        candles.iloc[row] = [opened, high, low, close, volume]
    return candles


@pytest.mark.parametrize(
    ("candles", "text"),
    [
        (moved(99, 98, 97, 96.5, 96, 95.9, 95.8, volume=60), "fell 4.2 % in 35 min, volume 6x its"),
        (moved(100.2, 100.5), "rose 0.50 % in 10 min, volume 1x its median"),
        (moved(90, 98, 100), "fell 10.0 % and came back in 15 min"),
        (moved(105, 110, 101), "rose 10.0 % and came back in 15 min"),
        (moved(97, 103, 100), "swung from -3.0 % to +3.0 % in 15 min"),
        (moved(100, 100, volume=0), "stood still in 10 min, no volume"),
        (moved(*[101] * 30), "rose 1.0 % in 2.5 h"),
    ],
)
def test_moves_in_words(candles, text):
    assert describe_move(candles, 50, len(candles)).startswith(text)


def test_a_move_without_a_past_gives_the_volume_itself():
    assert describe_move(flat(10), 0, 2).endswith("in 10 min, mean volume 10")


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (5, 11)])
def test_a_move_outside_the_candles_is_an_error(start, stop):
    with pytest.raises(ValueError, match="does not lie within the 10 candles"):
        describe_move(flat(10), start, stop)


@pytest.mark.parametrize("coin", ["BTCUSDT", "ETHUSDT"])
def test_real_candles(real_data, coin):
    candles = read_candles(real_data(f"crypto/{coin}_5m.csv"))
    assert len(candles) == 25_920 and candles.index[0] == pd.Timestamp("2025-04-03T17:05Z")
    features = candle_features(candles)
    assert np.isfinite(features).all()
    assert 0.5 < features[:, 0].std() < 1.5  # in usual ranges, of whichever coin
