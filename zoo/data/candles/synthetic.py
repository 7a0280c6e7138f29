"""Candles whose anomalies are known: a seeded generator, and events injected into any candles."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from zoo.data.arrays.segments import place_segments
from zoo.data.candles.ohlcv import COLUMNS
from zoo.errors import InputError

KINDS = ("flash_crash", "pump_and_dump", "volume_burst", "stale_feed", "volatility_burst")
ROWS_OF = {
    "flash_crash": (4, 7),
    "pump_and_dump": (12, 24),
    "volume_burst": (5, 12),
    "stale_feed": (15, 40),
    "volatility_burst": (12, 24),
}
"""Fewest and most rows that an event of a kind lasts."""
SURROUNDINGS = 144  # rows on either side from which local volatility and volume are taken
SMALLEST_VOLATILITY = 1e-5  # of a log return, where the market stands still

FIRST_PRICE = 60_000.0
USUAL_VOLUME = 200.0  # coins a candle
FIVE_MINUTE_VOLATILITY = 0.0013  # standard deviation of a log return, as Bitcoin's in 2025
SHOCK, PERSISTENCE = 0.08, 0.89  # GARCH(1,1): weight of the last squared return and variance
TAIL = 5  # degrees of freedom of Student's t
PATH_STEPS = 16  # trades simulated within a candle


def generate_candles(
    rows: int = 5000, seed: int = 0, start: str = "2025-01-01", minutes: int = 5
) -> pd.DataFrame:
    """Draw candles that move like a liquid coin's: GARCH(1,1), heavy tails, a daily cycle.

    Variance follows σ²' = ω + 0.08 r² + 0.89 σ² (Bollerslev 1986), returns are Student's t with 5
    degrees of freedom, high and low are those of a random walk inside the candle, and volume is
    persistent, grows with the move and is largest at 15:00 UTC.

    Args:
        rows: How many candles.
        seed: Equal seeds give equal candles.
        start: Time of the first candle, UTC.
        minutes: Length of a candle; volatility grows with its square root.

    Returns:
        Candles as `zoo.data.candles.ohlcv.read_candles` gives them.

    Raises:
        InputError: Fewer than 2 rows, or minutes below 1.
    """
    if rows < 2 or minutes < 1:
        raise InputError(f"{rows} rows of {minutes} minutes asked for; expected 2 of 1 or more")
    rng = np.random.default_rng(seed)
    step = pd.Timedelta(minutes=minutes)
    times = pd.date_range(start, periods=rows, freq=step, tz="UTC", name="timestamp").as_unit("us")
    hours = times.hour.to_numpy() + times.minute.to_numpy() / 60
    busy = np.cos(2 * np.pi * (hours - 15) / 24)

    # A scale drawn for each candle makes its return Student's t, and its range match its return.
    scale = np.sqrt((TAIL - 2) / rng.chisquare(TAIL, rows))
    walks = rng.normal(size=(rows, PATH_STEPS)) / np.sqrt(PATH_STEPS) * scale[:, np.newaxis]
    clusters = _clustered_volatility(walks.sum(axis=1))
    usual = FIVE_MINUTE_VOLATILITY * np.sqrt(minutes / 5)
    volatility = usual * clusters * np.exp(0.25 * busy)
    paths = np.cumsum(walks * volatility[:, np.newaxis], axis=1)
    closes = np.cumsum(paths[:, -1])
    opens = np.concatenate([[0.0], closes[:-1]])
    prices = np.column_stack(
        [
            opens,
            opens + np.maximum(paths.max(axis=1), 0),
            opens + np.minimum(paths.min(axis=1), 0),
            closes,
        ]
    )
    activity = _persistent_noise(rng.normal(size=rows)) + 0.4 * busy + np.log(clusters * scale)
    volume = USUAL_VOLUME * minutes / 5 * np.exp(activity)
    values = np.column_stack([FIRST_PRICE * np.exp(prices), volume])
    return pd.DataFrame(values, index=times, columns=list(COLUMNS))


def inject(
    candles: pd.DataFrame,
    kinds: Sequence[str] = KINDS,
    per_kind: int = 5,
    seed: int = 0,
    margin: int = 60,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Inject anomalies of known kind, sized by the volatility σ and volume around them.

    flash_crash falls 8 to 15 σ in one candle and recovers in a few; pump_and_dump climbs 20 to 40 σ
    and drops back within a few candles; volume_burst is 20 to 50 times the volume at unchanged
    prices; stale_feed is a frozen price without volume; volatility_burst has returns of 4 to 7 σ.
    Before and after an event the candles are exactly the original ones, and prices within it stay
    consistent (low <= open, close <= high).

    Args:
        candles: As `zoo.data.candles.ohlcv.read_candles` gives them; not changed.
        kinds: Which of `KINDS` to inject.
        per_kind: Events of each kind.
        seed: Draws order, places and sizes.
        margin: Fewest untouched rows before, between and after the events.

    Returns:
        The changed copy, and the events in order of time: `kind`, `start`, `stop` as row
        positions, stop exclusive.

    Raises:
        InputError: An unknown kind, or candles too few to hold the events.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise InputError(f"unknown kinds of anomaly {unknown}; expected some of {list(KINDS)}")
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.repeat(np.array(kinds, dtype=object), per_kind))
    lengths = np.array([rng.integers(*ROWS_OF[kind], endpoint=True) for kind in order], dtype=int)
    starts = place_segments(lengths, len(candles), margin, rng)
    original = candles[list(COLUMNS)].to_numpy(np.float64)
    values = original.copy()
    for kind, start, length in zip(order, starts, lengths, strict=True):
        around = original[max(0, start - SURROUNDINGS) : start + length + SURROUNDINGS]
        returns = np.diff(np.log(around[:, 3]))
        volatility = max(float(np.std(returns)), SMALLEST_VOLATILITY)
        change = CHANGES[kind]
        change(values[start : start + length], volatility, np.median(around[:, 4]), rng)
    changed = candles.copy()
    changed[list(COLUMNS)] = values
    events = pd.DataFrame({"kind": order, "start": starts, "stop": starts + lengths})
    return changed, events


def _clustered_volatility(noise: np.ndarray) -> np.ndarray:
    """Return GARCH(1,1) volatility of mean square 1, driven by noise of variance 1."""
    variance = np.ones(len(noise))
    for row in range(1, len(noise)):
        carried = PERSISTENCE + SHOCK * noise[row - 1] ** 2
        variance[row] = (1 - SHOCK - PERSISTENCE) + carried * variance[row - 1]
    return np.sqrt(variance)


def _persistent_noise(noise: np.ndarray, memory: float = 0.9, size: float = 0.6) -> np.ndarray:
    level = np.zeros(len(noise))
    for row in range(1, len(noise)):
        level[row] = memory * level[row - 1] + size * np.sqrt(1 - memory**2) * noise[row]
    return level


def _displace(event: np.ndarray, shift: np.ndarray, wick: np.ndarray | float = 0.0) -> None:
    """Move closes by `shift` in log price, opens by the shift before; lengthen the wicks."""
    before = np.concatenate([[0.0], shift[:-1]])
    event[:, 0] *= np.exp(before)
    event[:, 1] *= np.exp(np.maximum(before, shift) + wick)
    event[:, 2] *= np.exp(np.minimum(before, shift) - wick)
    event[:, 3] *= np.exp(shift)


def _raise_volume(event: np.ndarray, usual: float, factor: np.ndarray | float) -> None:
    event[:, 4] = np.maximum(event[:, 4], usual) * factor


def _flash_crash(
    event: np.ndarray, volatility: float, usual_volume: float, rng: np.random.Generator
) -> None:
    shape = np.linspace(1, 0, len(event)) ** 1.5
    _displace(event, -rng.uniform(8, 15) * volatility * shape)
    _raise_volume(event, usual_volume, 1 + rng.uniform(4, 9) * shape)


def _pump_and_dump(
    event: np.ndarray, volatility: float, usual_volume: float, rng: np.random.Generator
) -> None:
    dump = rng.integers(2, 4, endpoint=True)
    climb = np.linspace(0, 1, len(event) - dump + 1)[1:] ** 2
    shape = np.concatenate([climb, np.linspace(1, 0, dump + 1)[1:]])
    _displace(event, rng.uniform(20, 40) * volatility * shape)
    _raise_volume(event, usual_volume, rng.uniform(4, 8) + rng.uniform(6, 16) * shape)


def _volume_burst(
    event: np.ndarray, volatility: float, usual_volume: float, rng: np.random.Generator
) -> None:
    _raise_volume(event, usual_volume, rng.uniform(20, 50))


def _stale_feed(
    event: np.ndarray, volatility: float, usual_volume: float, rng: np.random.Generator
) -> None:
    event[:, :4] = event[0, 0]
    event[:, 4] = 0.0


def _volatility_burst(
    event: np.ndarray, volatility: float, usual_volume: float, rng: np.random.Generator
) -> None:
    size = rng.uniform(4, 7) * volatility
    walk = np.cumsum(rng.normal(0, size, len(event)))
    bridge = walk - walk[-1] * np.arange(1, len(event) + 1) / len(event)
    bridge[-1] = 0.0
    _displace(event, bridge, wick=rng.exponential(0.3 * size, len(event)))
    _raise_volume(event, usual_volume, rng.uniform(1.5, 3))


CHANGES = {
    "flash_crash": _flash_crash,
    "pump_and_dump": _pump_and_dump,
    "volume_burst": _volume_burst,
    "stale_feed": _stale_feed,
    "volatility_burst": _volatility_burst,
}
"""Kind to the function that changes the values `(rows, 5)` of its event, in place."""
