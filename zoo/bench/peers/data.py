"""Data on which the zoo and other libraries are compared."""

from __future__ import annotations

import os

import numpy as np

from zoo.data.tables.cards import generate_cards, load_cards

ROWS, FEATURES = 20_000, 8  # of the table that training is timed on
STEPS = 4000  # of the series
TRAIN_ROWS, TEST_ROWS = 20_000, 20_000  # of the card transactions


def table() -> np.ndarray:
    """Return `(20000, 8)` float32, standard normal but correlated, from a fixed seed."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(ROWS, 3)) @ rng.normal(size=(3, FEATURES))
    return (values + 0.3 * rng.normal(size=(ROWS, FEATURES))).astype("float32")


def series() -> np.ndarray:
    """Return `(4000, 8)` float32, waves and noise, from a fixed seed."""
    rng = np.random.default_rng(0)
    waves = np.sin(np.arange(STEPS)[:, None] / rng.uniform(3, 30, FEATURES))
    return (waves + 0.2 * rng.normal(size=(STEPS, FEATURES))).astype("float32")


def cards(rows: int = TRAIN_ROWS, test_rows: int = TEST_ROWS) -> tuple[np.ndarray, ...]:
    """Return card transactions for training and testing, standardized by the former.

    Args:
        rows: normal transactions to train on.
        test_rows: other transactions to test on, frauds among them.

    Returns:
        `(x, x_test, labels)`, from `card_transdata.csv` if `ZOO_DATA` has it, else generated.
    """
    try:
        found = load_cards(os.environ.get("ZOO_DATA"))
    except FileNotFoundError:
        found = generate_cards(rows=2 * (rows + test_rows))
    shuffled = np.random.default_rng(0).permutation(len(found.values))
    values, labels = found.values[shuffled], found.labels[shuffled]
    normal = np.flatnonzero(labels == 0)[:rows]
    rest = np.setdiff1d(np.arange(len(labels)), normal)[:test_rows]
    mean, spread = values[normal].mean(axis=0), values[normal].std(axis=0)
    scaled = ((values - mean) / spread).astype("float32")
    return scaled[normal], scaled[rest], labels[rest]
