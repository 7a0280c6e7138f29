"""Candles (open, high, low, close, volume): read them, make features, tell their moves."""

from pathlib import Path

import numpy as np
import pandas as pd

from zoo.data.arrays.checks import name_rows, require_columns, require_numeric, resolve_missing
from zoo.data.series.timestamps import TIME_NAMES, parse_timestamps, require_forward
from zoo.errors import InputError

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
KLINES = (
    "open_time",
    *COLUMNS,
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)

FEATURES = ("close_return", "high_reach", "low_reach", "open_gap", "log_volume")
MEMORY = 288  # rows that "usual" is taken over: a day of five-minute candles
WARM_UP = 12  # rows needed before anything counts as usual
NO_VOLUME = 0.01  # of the usual volume: what a candle without trades counts as


def read_candles(path: str | Path, missing: str = "error") -> pd.DataFrame:
    """Read candles from a CSV file: one's own, or an exchange's.

    With a header, columns are found by name in any order and case, the time as one of `timestamp`,
    `open_time`, `datetime`, `date`, `time`; further columns are ignored. Without one, they are
    taken in the order of Binance's klines: open time, open, high, low, close, volume, and up to
    six more. For times see `zoo.data.series.timestamps`.

    Args:
        path: CSV file, possibly compressed.
        missing: What to do about NaN and infinity: `"error"`, `"drop"` or `"interpolate"`; see
            `zoo.data.arrays.checks.resolve_missing`.

    Returns:
        float64 columns open, high, low, close, volume; a UTC index `timestamp` in rising order.

    Raises:
        FileNotFoundError: No such file.
        InputError: Not candles; names the file, its lines and columns, and says what to do.
    """
    name = str(path)
    table = _read_text(Path(path).expanduser(), name)
    time_column = next((column for column in TIME_NAMES if column in table.columns), TIME_NAMES[0])
    require_columns(table, (time_column, *COLUMNS), name)
    if len(table) < 2:
        raise InputError(f"'{name}' has {len(table)} candles; expected at least 2")
    times = parse_timestamps(table[time_column], name)
    require_forward(times, table.index, name)
    numbers = require_numeric(table[list(COLUMNS)], COLUMNS, name)
    candles = resolve_missing(numbers, missing, name)
    if missing == "interpolate" and candles is not numbers:
        candles = _contain_prices(candles, rows=~np.isfinite(numbers).all(axis=1))
    _require_plausible(candles, name)
    if len(candles) < 2:
        raise InputError(f"'{name}' has {len(candles)} complete candles; expected at least 2")
    candles.index = times[table.index.isin(candles.index)]
    return candles


def candle_features(
    candles: pd.DataFrame, relative_volatility: bool = True, memory: int = MEMORY
) -> np.ndarray:
    """Describe each candle free of the coin's price, so that one coin's model can score another.

    With o, h, l, c as log prices and c' the log close before: close_return = c - c',
    high_reach = h - c, low_reach = l - c, open_gap = o - c', and log_volume = the log of volume
    over the usual volume, where no volume counts as a hundredth of it. "Usual" is the median over
    the `memory` rows *before* a candle: nothing looks ahead, and an anomaly, being rare, hardly
    moves it. Candles without volume or range do not count, lest a stalled feed become usual.

    Args:
        candles: As `read_candles` gives them.
        relative_volatility: Divide the first four by the usual true range, max(h, c') -
            min(l, c') (Wilder 1978), so that coins of unequal volatility compare: 1 is then a
            usual candle's range. Otherwise they are plain log returns.
        memory: Rows that "usual" is taken over.

    Returns:
        `(time, 5)` float32 in the order of `FEATURES`, always finite. What has nothing before it
        to compare with is 0: the first row, and what is relative in the first 12.

    Raises:
        InputError: `memory` is below the 12 rows needed to call anything usual, or the candles
            hold NaN, infinity, prices not above 0, negative volume or a high below the low.
    """
    if memory < WARM_UP:
        raise InputError(f"the memory of {memory} rows is too short; give {WARM_UP} or more")
    _require_plausible(resolve_missing(candles[list(COLUMNS)], "error", "candles"), "candles")
    opened, high, low, close = np.log(candles[list(PRICES)].to_numpy(np.float64)).T
    before = np.concatenate([opened[:1], close[:-1]])
    moves = np.column_stack([close - before, high - close, low - close, opened - before])
    if relative_volatility:
        true_range = np.maximum(high, before) - np.minimum(low, before)
        moves /= _usual(true_range, memory)[:, np.newaxis]
    volume = candles["volume"].to_numpy(np.float64)
    activity = np.log((volume / _usual(volume, memory) + NO_VOLUME) / (1 + NO_VOLUME))
    features = np.column_stack([moves, activity])
    features[0] = 0
    return np.where(np.isnan(features), 0, features).astype(np.float32)


def describe_move(candles: pd.DataFrame, start: int, stop: int) -> str:
    """Say in a few words what happened in a window of candles.

    Args:
        candles: As `read_candles` gives them.
        start: Position of the window's first row.
        stop: Position after its last row.

    Returns:
        Text such as `"fell 4.2 % in 35 min, volume 6x its median"`. The move is measured from the
        window's first open, the volume's mean against the median of up to 288 rows before it.

    Raises:
        InputError: The window is empty or leaves the candles.
    """
    if not 0 <= start < stop <= len(candles):
        raise InputError(
            f"window {start}..{stop} does not lie within the {len(candles)} candles; "
            f"expected 0 <= start < stop <= {len(candles)}"
        )
    window = candles.iloc[start:stop]
    duration = _words_for(_duration(candles.index, start, stop))
    volume = window["volume"].mean()
    past = candles["volume"].iloc[max(0, start - MEMORY) : start]
    usual = past[past > 0].median()
    if volume == 0:
        activity = "no volume"
    elif np.isnan(usual):
        activity = f"mean volume {volume:.3g}"
    else:
        activity = f"volume {volume / usual:.2g}x its median"
    return f"{_price_move(window)} in {duration}, {activity}"


def _read_text(path: Path, name: str) -> pd.DataFrame:
    """Read all cells as text; the index `line` holds line numbers of the file."""
    if not path.is_file():
        raise FileNotFoundError(f"candles '{name}' do not exist; expected a CSV file at this path")
    try:
        table = pd.read_csv(
            path,
            header=None,
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
            encoding="utf-8-sig",
        )
    except pd.errors.EmptyDataError as error:
        raise InputError(f"'{name}' is empty; expected candles as CSV, one a line") from error
    except (pd.errors.ParserError, UnicodeDecodeError, OSError) as error:
        raise InputError(
            f"'{name}' cannot be read as CSV ({str(error).strip()}); repair the file"
        ) from error
    table.index = pd.RangeIndex(1, len(table) + 1, name="line")
    first = table.iloc[0]
    if pd.to_numeric(first.iloc[1:6], errors="coerce").isna().all():
        table.columns = first.astype(str).str.strip().str.lower().str.replace(" ", "_").to_list()
        table = table.iloc[1:]
    elif len(COLUMNS) < table.shape[1] <= len(KLINES):
        table.columns = list(KLINES[: table.shape[1]])
    else:
        raise InputError(
            f"'{name}' has no header and {table.shape[1]} columns; expected a header with "
            f"{', '.join((TIME_NAMES[0], *COLUMNS))}, or the 12 columns of an exchange's klines"
        )
    return table.loc[:, ~table.columns.duplicated()]


def _require_plausible(candles: pd.DataFrame, name: str) -> None:
    for column in PRICES:
        _refuse(candles, candles[column] <= 0, f"a price '{column}' that is not above 0", name)
    _refuse(candles, candles["volume"] < 0, "a negative volume", name)
    _refuse(candles, candles["high"] < candles["low"], "a high below the low", name)


def _refuse(candles: pd.DataFrame, wrong: pd.Series, what: str, name: str) -> None:
    if wrong.any():
        raise InputError(
            f"'{name}' has {what} in {name_rows(candles.index[wrong])}; correct or delete the rows"
        )


def _contain_prices(candles: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Widen interpolated candles, whose columns were drawn one by one, to hold their own prices."""
    prices = candles.loc[rows, list(PRICES)]
    candles.loc[rows, "high"] = prices.max(axis=1)
    candles.loc[rows, "low"] = prices.min(axis=1)
    return candles


def _usual(values: np.ndarray, memory: int) -> np.ndarray:
    """Return the median of the positive values among `memory` rows before; NaN for too few."""
    positive = pd.Series(values).where(values > 0)
    return positive.rolling(memory, min_periods=WARM_UP).median().shift(1).ffill().to_numpy()


def _price_move(window: pd.DataFrame) -> str:
    start = window["open"].iloc[0]
    net = window["close"].iloc[-1] / start - 1
    rise = window["high"].max() / start - 1
    fall = 1 - window["low"].min() / start
    largest = max(rise, fall)
    if window["high"].max() == window["low"].min():
        return "stood still"
    if min(rise, fall) > largest / 2:
        return f"swung from -{_percent(fall)} to +{_percent(rise)}"
    if abs(net) > largest / 2:
        return f"{'rose' if net > 0 else 'fell'} {_percent(abs(net))}"
    if rise > fall:
        return f"rose {_percent(rise)} and came back"
    return f"fell {_percent(fall)} and came back"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.{1 if fraction >= 0.01 else 2}f} %"


def _duration(times: pd.DatetimeIndex, start: int, stop: int) -> pd.Timedelta:
    """Return the time from the first candle's open to the last one's close, a usual step long."""
    return times[stop - 1] - times[start] + pd.Series(times).diff().median()


def _words_for(duration: pd.Timedelta) -> str:
    minutes = duration.total_seconds() / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.3g} h"
    return f"{minutes / (24 * 60):.3g} days"
