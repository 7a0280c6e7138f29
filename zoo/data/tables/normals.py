"""Rows that a one-class model trains on: normal ones."""

import numpy as np

from zoo.data.tables.table import Table
from zoo.errors import InputError

CONTAMINATED = ("drop", "keep", "refuse")


def training_rows(
    values: np.ndarray,
    labels: np.ndarray | None,
    contaminated: str = "drop",
    name: str = "the training part",
) -> tuple[np.ndarray, int]:
    """Count the known anomalies among training samples, and drop, keep or refuse them.

    Args:
        values: `(n, ...)` training rows or windows.
        labels: `(n,)`, nonzero = anomaly; None where nothing is known.
        contaminated: `"drop"` leaves anomalies out, `"keep"` trains on them, as where nobody has
            labels, `"refuse"` raises.
        name: What errors call the samples.

    Returns:
        The samples to train on, and how many anomalies were found among the given ones.

    Raises:
        InputError: Anomalies were found and are refused, or nothing else would be left; labels of
            another length; an unknown choice.

    Example:
        >>> training_rows(np.array([[1.0], [9.0], [2.0]]), [0, 1, 0])
        (array([[1.], [2.]]), 1)
    """
    if contaminated not in CONTAMINATED:
        raise InputError(
            f"unknown treatment '{contaminated}' of anomalies in training; give {_options()}"
        )
    if labels is None:
        return values, 0
    anomalous = np.asarray(labels) != 0
    if anomalous.shape != (len(values),):
        raise InputError(
            f"{name} has {len(values)} samples and labels of shape {anomalous.shape}; "
            f"expected ({len(values)},)"
        )
    found = int(anomalous.sum())
    if found == 0 or contaminated == "keep":
        return values, found
    if contaminated == "refuse":
        raise InputError(
            f"{name} holds {found} anomalies among {len(values)} samples, and they are refused; "
            f"remove them or give {_options()}"
        )
    if found == len(values):
        raise InputError(
            f"all {found} samples of {name} are labelled as anomalies; nothing is left to train "
            "on; check that 1 means anomaly"
        )
    return values[~anomalous], found


def split_normals(
    table: Table, train: float = 0.8, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Train on a share of the normals; test on the other normals and all anomalies.

    Args:
        table: Rows without order.
        train: Fraction of the normals to train on.
        seed: Draws which.

    Returns:
        `x_train (n, features)`, `x_test (m, features)`, `y_test (m,)` int, in the table's order.

    Raises:
        InputError: A fraction outside (0, 1), or too few normals to have some in both.
    """
    if not 0 < train < 1:
        raise InputError(f"the share of normals to train on is {train}; expected one in (0, 1)")
    normals = np.flatnonzero(table.labels == 0)
    count = round(train * len(normals))
    if not 0 < count < len(normals):
        raise InputError(
            f"table '{table.name}' has {len(normals)} normal rows, too few to train on {train:.0%} "
            "of them and test on the others; check that 0 means normal"
        )
    chosen = np.zeros(len(table.labels), dtype=bool)
    chosen[np.random.default_rng(seed).choice(normals, count, replace=False)] = True
    return table.values[chosen], table.values[~chosen], table.labels[~chosen]


def _options() -> str:
    return f"contaminated as one of {', '.join(CONTAMINATED)}"
