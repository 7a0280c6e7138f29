"""Shapley values of an anomaly score, by the optional library `shap`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.errors import InputError, MissingDependencyError


def shap_values(
    score: Callable[[np.ndarray], np.ndarray],
    x: Any,
    background: Any,
    permutations: int = 10,
    seed: int = 0,
) -> np.ndarray:
    """Return Shapley values: the mean contribution of a feature over the orders of adding features.

    The values of a row sum to its score less the mean score of the background. `occlusion` replaces
    one feature at a time, at a hundredth of the cost; the two differ where features interact.

    Args:
        score: function of rows `(m, features)` to scores `(m,)`: `detector.anomaly_score`.
        x: rows to explain, `(n, features)`, a DataFrame or array.
        background: normal rows, `(k, features)`; at most 100 are used.
        permutations: number of orders, each run forwards and backwards.
        seed: of the orders.

    Returns:
        `(n, features)` float64.

    Raises:
        MissingDependencyError: `shap` is not installed.
        InputError: `x` or the background is no table, or their columns differ.

    References:
        Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017.
    """
    try:
        import shap
    except ImportError as error:
        raise MissingDependencyError(
            "shap_values needs the library shap: pip install 'keras-anomaly-zoo[shap]'; "
            "occlusion asks nearly the same and needs nothing"
        ) from error

    columns = getattr(x, "columns", None)
    if columns is not None and list(columns) != list(getattr(background, "columns", columns)):
        raise InputError(f"x has the columns {list(columns)}, the background others; give the same")
    rows, usual = np.asarray(x, dtype=float), np.asarray(background, dtype=float)
    if rows.ndim != 2 or usual.ndim != 2 or rows.shape[1] != usual.shape[1]:
        raise InputError(
            f"x has shape {rows.shape} and the background {usual.shape}; expected tables "
            f"(n, features) of the same features"
        )

    def scored(values: np.ndarray) -> np.ndarray:
        if columns is None:
            return np.asarray(score(values))
        return np.asarray(score(type(x)(values, columns=columns)))

    masker = shap.maskers.Independent(usual, max_samples=100)
    explainer = shap.explainers.Permutation(scored, masker, seed=seed)
    evaluations = 2 * rows.shape[1] * permutations + 1
    return np.asarray(explainer(rows, max_evals=evaluations, silent=True).values)
