"""Z-scores: standard deviations from the mean, of all training rows or of the rows just before."""

from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from zoo.errors import InputError
from zoo.evaluation.baselines.base import as_rows, require_variation


class ZScore:
    """Score by the mean over features of |x - mean| / deviation, both of normal data.

    A feature that never changed in training keeps its own unit.

    Example:
        >>> ZScore().fit([[0.0, 10.0], [2.0, 30.0]]).score([[4.0, 20.0]]).tolist()  # 3 and 0
        [1.5]
    """

    def fit(self, x: ArrayLike) -> Self:
        """Learn mean and standard deviation of each feature.

        Raises:
            ValueError: Fewer than two samples, or samples that are all equal or not finite.
        """
        from sklearn.preprocessing import StandardScaler

        rows = as_rows(x)
        require_variation(rows)
        self.scaler_ = StandardScaler().fit(rows)
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the mean |z| of each sample, `(n,)` float32."""
        return np.abs(self.scaler_.transform(as_rows(x))).mean(axis=1)


class RollingZScore:
    """Score each row of a series by its mean |z| against the `length` rows before it.

    It follows drift and forgets; no row is judged by itself or by later ones. A feature that did
    not change in those rows keeps its own unit. At the start of a series the rows so far have to
    do, and the first two rows, of which nothing can be said yet, score 0. Where training rows go
    before, `fit` remembers their end, and there is no such start.

    Args:
        length: Rows to look back on, 2 or more.

    Example:
        >>> series = [[1.0], [3.0], [2.0], [1.0], [9.0]]
        >>> RollingZScore(length=2).score(series).tolist()  # before 9: mean 1.5, deviation 0.5
        [0.0, 0.0, 0.0, 3.0, 15.0]
    """

    def __init__(self, length: int):
        self.length = length

    def fit(self, x: ArrayLike) -> Self:
        """Remember the last rows of the series `(time, features)` that goes before.

        Raises:
            ValueError: Rows that are not finite, or a length below 2.
        """
        self._check_length()
        self.before_ = as_rows(x)[-self.length :]
        return self

    def score(self, x: ArrayLike) -> np.ndarray:
        """Return the mean |z| of each row of a series `(time, features)`, `(time,)` float32.

        Raises:
            ValueError: Rows that are not finite, other features than those fitted, or a length
                below 2.
        """
        self._check_length()
        rows = as_rows(x)
        before = getattr(self, "before_", rows[:0])
        if before.shape[1] != rows.shape[1]:
            raise InputError(
                f"the series has {rows.shape[1]} features, expected the {before.shape[1]} fitted"
            )
        known = pd.DataFrame(np.concatenate([before, rows]).astype(np.float64))
        earlier = known.rolling(self.length, min_periods=2)
        mean, deviation = earlier.mean().shift(), earlier.std(ddof=0).shift()
        # The running deviation keeps a rest of rows that have left; the extremes do not.
        flat = (earlier.max() == earlier.min()).shift(fill_value=True)
        z = (known - mean) / deviation.mask(flat, 1.0)
        return z.abs().mean(axis=1).fillna(0.0).to_numpy(np.float32)[len(before) :]

    def _check_length(self) -> None:
        if self.length < 2:
            raise InputError(f"length is {self.length}, expected 2 rows or more to tell a spread")
