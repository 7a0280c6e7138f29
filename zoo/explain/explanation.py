"""Contributions to anomaly scores, with the names and units of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zoo.errors import InputError


@dataclass(frozen=True)
class Explanation:
    """Contributions to the scores of a few samples.

    Attributes:
        rows: (k,) positions of the samples in the data; of a series the last row of each window.
        index: (k,) labels of those rows in the data.
        scores: (k,) anomaly scores.
        names: (features,) of the features.
        values: the samples as given, in the unit of the data: (k, features) of a table,
            (k, window, features) of a series, (k, height, width, channels) of images.
        usual: (features,) means of the training data.
        contributions: `values`' shape: what each value adds to the score. With the method
            `"error"` the squared error of each scaled value; the score is its mean (for a
            forecaster over the last row, the only one that is predicted) or, where the score has
            further terms, contains it.
        method: `"error"`, `"integrated_gradients"` or `"occlusion"`.
    """

    rows: np.ndarray
    index: pd.Index
    scores: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray
    usual: np.ndarray
    contributions: np.ndarray
    method: str

    @property
    def by_feature(self) -> np.ndarray:
        """(k, features): contributions, summed over time or over the pixels of images."""
        axes = tuple(range(1, self.contributions.ndim - 1))
        return self.contributions.sum(axis=axes)

    @property
    def by_step(self) -> np.ndarray:
        """(k, window): contributions to windows, summed over the features.

        Raises:
            InputError: the samples are no windows.
        """
        if self.contributions.ndim != 3:
            raise InputError("these samples are no windows of a series, so they have no steps")
        return self.contributions.sum(axis=-1)

    def table(self, top: int = 3) -> pd.DataFrame:
        """Return the features that contribute most to each score, largest first.

        Args:
            top: features per sample.

        Returns:
            Columns `row` (its label in the data), `score`, `rank` (from 1), `feature`, `value`,
            `usual` (the training mean), `contribution` and `share` (of the sum of positive
            contributions, 0 to 1). For a series also `step`: the row of the window where the
            feature contributes most, 0 = the last row, -1 = the one before; `value` is from there.

        Raises:
            InputError: the samples are images, whose pixels have no names: draw `contributions`.
        """
        if self.contributions.ndim > 3:
            raise InputError("the pixels of images have no names; draw contributions as a picture")
        records = []
        shares = _shares(self.by_feature)
        for sample, totals in enumerate(self.by_feature):
            for rank, feature in enumerate(np.argsort(-totals, kind="stable")[:top], 1):
                values, place = self.values[sample], {}
                if values.ndim == 2:
                    strongest = int(self.contributions[sample, :, feature].argmax())
                    values, place = values[strongest], {"step": strongest - len(values) + 1}
                records.append(
                    {
                        "row": self.index[sample],
                        "score": float(self.scores[sample]),
                        "rank": rank,
                        "feature": self.names[feature],
                        **place,
                        "value": float(values[feature]),
                        "usual": float(self.usual[feature]),
                        "contribution": float(totals[feature]),
                        "share": float(shares[sample, feature]),
                    }
                )
        return pd.DataFrame(records)


def reasons(contributions: np.ndarray, names: Sequence[str], top: int = 2) -> list[str]:
    """Return, as text per sample, the features that contribute most and their shares.

    Args:
        contributions: (n, features) or (n, window, features), as in an `Explanation`.
        names: (features,).
        top: most features per sample.

    Returns:
        (n,) strings such as `"load 62 %, heat 20 %"`; features below 5 % are left out.

    Example:
        >>> reasons(np.array([[6.0, -1.0, 3.0, 1.0]]), ["load", "cost", "heat", "rain"])
        ['load 60 %, heat 30 %']
    """
    shares = _shares(np.reshape(contributions, (len(contributions), -1, len(names))).sum(axis=1))
    return [
        ", ".join(f"{names[i]} {row[i]:.0%}".replace("%", " %") for i in order if row[i] >= 0.05)
        for row, order in zip(shares, np.argsort(-shares, axis=1)[:, :top], strict=True)
    ]


def _shares(by_feature: np.ndarray) -> np.ndarray:
    """Return the share of each feature in the positive contributions, (n, features), 0 to 1."""
    raising = np.maximum(by_feature, 0)
    return raising / np.maximum(raising.sum(axis=1, keepdims=True), np.finfo(float).tiny)
