"""Server metrics whose anomalies are known: a seeded generator of the shape of SMD."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from zoo.data.arrays.segments import draw_segments, event_labels
from zoo.data.servers.metrics import Servers
from zoo.errors import InputError

KINDS = ("spike", "drop", "level_shift", "variance_change")
CONTINUATIONS = ("same", "fresh")
SEGMENT_ROWS = (60, 140)
MARGIN = 50  # fewest normal rows between two segments
TOUCHED = (0.4, 0.6)  # share of the features that a segment changes
SIZES = (3.0, 4.0)  # of a change, in standard deviations of the feature in training

DAY, WEEK = 1440, 10_080  # rows of a minute each, as in SMD
GROUP = 6  # features that share a random walk
WALK_MEMORY = 4000  # rows in which a random walk forgets two thirds of where it was
OWN_WALK = 0.05  # what a feature wanders apart from its group
BURST_MEMORY, BURST = 500, 0.5  # noise is loud and quiet by turns of hours, by a factor of about e


def generate_servers(
    seed: int = 0,
    continuation: str = "same",
    train_rows: int = 30_000,
    test_rows: int = 5_000,
    features: int = 38,
    anomaly_share: float = 0.1,
) -> Servers:
    """Draw the metrics of one server: a normal past to train on, and a test part with anomalies.

    A metric is a level, a daily and a weekly cycle, a random walk shared by its group of about six
    metrics, and noise that is loud and quiet by turns. The walks are drawn back to their mean
    slowly, so that the test part of a continued process stays within what training has seen: a
    model that is fitted to the training rows has a chance there, and no certainty.

    The level, the sizes of the cycles and the groups belong to the server. The phases of the
    cycles and the walks belong to a run of it: with `continuation="fresh"` the test part is
    another run, as a published generator draws it, so that even its normal rows come from a
    process that training has never seen. The training rows and the segments are the same in both.

    An anomaly lasts 60 to 140 rows and touches 40 to 60 % of the metrics, in units of each one's
    standard deviation σ in training: `spike` (jagged peaks of 2 to 5 σ), `drop` (3 to 4 σ lower),
    `level_shift` (3 to 4 σ up or down), `variance_change` (noise of 3 to 4 σ on top).

    Args:
        seed: Equal seeds give equal data.
        continuation: `"same"`: the test rows continue the training process; `"fresh"`: they are
            drawn with new phases and random walks.
        train_rows: Rows to train on, all normal.
        test_rows: Rows to test on.
        features: Metrics.
        anomaly_share: Fraction of the test rows that is anomalous.

    Returns:
        The server, with the segments of its test part; no value is below 0.

    Raises:
        InputError: An unknown continuation, sizes below 1, a share outside [0, 1), or test rows
            too few to hold the anomalies.

    Example:
        >>> server = generate_servers(train_rows=2000, test_rows=1000)
        >>> server.test.shape, int(server.labels.sum())
        ((1000, 38), 100)
    """
    _require_known(continuation, anomaly_share, train_rows, test_rows, features)
    draw_server, draw_run, draw_other_run, draw_anomalies = np.random.default_rng(seed).spawn(4)
    server = _draw_server(features, draw_server)
    whole = _run(server, train_rows + test_rows, draw_run)
    train, test = whole[:train_rows], whole[train_rows:].copy()
    if continuation == "fresh":
        test = _run(server, test_rows, draw_other_run)

    anomalous = round(anomaly_share * test_rows)
    segments = draw_segments(test_rows, anomalous, SEGMENT_ROWS, KINDS, MARGIN, draw_anomalies)
    spread = train.std(axis=0)
    for kind, start, stop in segments.itertuples(index=False):
        count = max(1, round(draw_anomalies.uniform(*TOUCHED) * features))
        touched = draw_anomalies.choice(features, count, replace=False)
        change = CHANGES[kind]((stop - start, count), draw_anomalies)
        test[start:stop, touched] += change * spread[touched]
    return Servers(
        name=f"synthetic-{continuation}-{seed}",
        train=np.maximum(train, 0).astype(np.float32),
        test=np.maximum(test, 0).astype(np.float32),
        labels=event_labels(segments, test_rows),
        columns=tuple(f"metric_{number:02d}" for number in range(1, features + 1)),
        segments=segments,
    )


@dataclass(frozen=True)
class _Server:
    """Answers of each feature of one server to the cycles and to its group's walk."""

    level: np.ndarray
    daily: np.ndarray
    weekly: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray


def _draw_server(features: int, rng: np.random.Generator) -> _Server:
    groups = max(1, round(features / GROUP))
    member = np.eye(groups)[rng.permutation(np.arange(features) % groups)]
    return _Server(
        level=rng.uniform(8, 14, features),
        daily=rng.uniform(0.5, 1.5, features),
        weekly=rng.uniform(0.2, 0.6, features),
        loadings=member.T * rng.uniform(0.5, 1.0, features),
        noise=rng.uniform(0.1, 0.3, features),
    )


def _run(server: _Server, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return one history of a server, whose first rows are the same however many are asked for."""
    groups, features = server.loadings.shape
    phases, walks, own_walks, bursts, noises = rng.spawn(5)
    minutes = np.arange(rows)[:, np.newaxis]
    daily_phase, weekly_phase = phases.uniform(0, 2 * np.pi, (2, features))
    daily = server.daily * np.sin(2 * np.pi * minutes / DAY + daily_phase)
    weekly = server.weekly * np.sin(2 * np.pi * minutes / WEEK + weekly_phase)
    walk = _walk(rows, groups, WALK_MEMORY, walks) @ server.loadings
    walk += OWN_WALK * _walk(rows, features, WALK_MEMORY, own_walks)
    loudness = np.exp(BURST * _walk(rows, 1, BURST_MEMORY, bursts))
    noise = server.noise * loudness * noises.normal(size=(rows, features))
    return server.level + daily + weekly + walk + noise


def _walk(rows: int, count: int, memory: int, rng: np.random.Generator) -> np.ndarray:
    """Return random walks `(rows, count)` of deviation 1, drawn back to 0 over `memory` rows."""
    keep = np.exp(-1 / memory)
    steps = rng.normal(size=(rows, count))
    steps[1:] *= np.sqrt(1 - keep**2)
    return lfilter([1.0], [1.0, -keep], steps, axis=0)


def _spike(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(2, 5, shape)


def _drop(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return np.broadcast_to(-rng.uniform(*SIZES, shape[1]), shape)


def _level_shift(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return np.broadcast_to(rng.uniform(*SIZES, shape[1]) * rng.choice([-1, 1], shape[1]), shape)


def _variance_change(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(*SIZES, shape[1]) * rng.normal(size=shape)


CHANGES = {
    "spike": _spike,
    "drop": _drop,
    "level_shift": _level_shift,
    "variance_change": _variance_change,
}
"""Kind to the function that returns what it adds to the features it touches, `(rows, features)`,
in standard deviations."""


def _require_known(
    continuation: str, anomaly_share: float, train_rows: int, test_rows: int, features: int
) -> None:
    if continuation not in CONTINUATIONS:
        raise InputError(
            f"unknown continuation '{continuation}'; give continuation as one of same, fresh"
        )
    if not 0 <= anomaly_share < 1:
        raise InputError(f"the anomaly share is {anomaly_share}; expected a fraction in [0, 1)")
    if min(train_rows, test_rows, features) < 1:
        raise InputError(
            f"{train_rows} training rows, {test_rows} test rows and {features} features asked "
            "for; expected 1 or more of each"
        )
