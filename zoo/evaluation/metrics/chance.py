"""References for a metric: a detector that guesses, and the best of several seeds."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation.metrics.checks import binary
from zoo.evaluation.metrics.detection import best_f1, pr_auc
from zoo.evaluation.metrics.point_adjusted import point_adjusted_f1


def chance(labels: ArrayLike, draws: int = 20, seed: int = 0) -> pd.DataFrame:
    """Return what uniformly random scores get on these labels, the floor under any result.

    Point-adjusted F1 of random scores grows with the length of the events and passes that of
    trained detectors (Kim et al., AAAI 2022).

    Args:
        labels: `(time,)`, 1 = anomaly, in order of time.
        draws: How often scores are drawn.
        seed: Equal seeds give equal numbers.

    Returns:
        A row a draw: `pr_auc`, `best_f1`, `point_adjusted_f1`.

    Raises:
        ValueError: Labels other than 0 and 1, or of one kind alone; fewer than one draw.

    Example:
        >>> found = chance([0] * 90 + [1] * 10)
        >>> found.shape, bool(found["point_adjusted_f1"].mean() > found["best_f1"].mean())
        ((20, 3), True)
    """
    labels = binary("labels", labels)
    if draws < 1 or labels.all() or not labels.any():
        raise InputError(
            f"{draws} draws for {labels.sum()} anomalies among {len(labels)} labels; expected 1 "
            f"draw or more, and labels of both kinds"
        )
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(draws):
        scores = rng.uniform(size=len(labels))
        rows.append(
            {
                "pr_auc": pr_auc(labels, scores),
                "best_f1": best_f1(labels, scores)[0],
                "point_adjusted_f1": point_adjusted_f1(labels, scores),
            }
        )
    return pd.DataFrame(rows)


def expected_best(values: ArrayLike, largest: int | None = None) -> np.ndarray:
    """Return what the best of 1, 2, 3, ... seeds is on average, from the results of some.

    The best of k results drawn at random with replacement has the expectation Σ v₍ᵢ₎ · ((i/n)ᵏ -
    ((i-1)/n)ᵏ) over the n sorted results. Dodge et al., Show Your Work, EMNLP 2019.

    Args:
        values: `(n,)`, the result of each seed, larger = better.
        largest: The largest number of seeds to say it of; None: n.

    Returns:
        `(largest,)`: the mean first, then the expected best of 2, of 3, ...

    Raises:
        ValueError: No values, values that are not finite, or a number below 1.

    Example:
        >>> expected_best([0.0, 1.0]).tolist()
        [0.5, 0.75]
    """
    values = np.sort(np.asarray(values, dtype=float).ravel())
    largest = len(values) if largest is None else largest
    if not len(values) or not np.isfinite(values).all() or largest < 1:
        raise InputError(
            f"values {values.tolist()} and largest {largest}; expected finite numbers and 1 or more"
        )
    seeds = np.arange(1, largest + 1)[:, np.newaxis]
    share_below = (np.arange(len(values) + 1) / len(values)) ** seeds
    return np.diff(share_below, axis=1) @ values
