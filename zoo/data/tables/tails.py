"""Features with long tails brought to [0, 1], so that a few extremes do not hide the rest."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, QuantileTransformer

from zoo.errors import InputError

TAILS = ("none", "log1p", "quantile")
QUANTILES = 1000


def tail_transform(tails: str = "none", rows: int = QUANTILES) -> Pipeline:
    """Make a scaler to [0, 1] that treats long tails first. Fit it to training normals.

    Args:
        tails: `"none"`: only the range is mapped, so that one extreme value squeezes all others;
            `"log1p"`: sign(x) · log(1 + |x|) first, which keeps extremes apart from the rest;
            `"quantile"`: each feature's empirical distribution function first, after which
            training values are spread evenly and everything beyond their range ends at 0 or 1.
        rows: How many rows it will be fitted to; the distribution function keeps at most so many
            points, and 1000 at most.

    Returns:
        scikit-learn pipeline with `fit`, `transform` and `fit_transform` on `(n, features)`.

    Raises:
        InputError: An unknown treatment.

    Example:
        >>> x = np.array([[0.0], [9.0], [99.0]])
        >>> tail_transform("none").fit_transform(x).ravel().round(2).tolist()
        [0.0, 0.09, 1.0]
        >>> tail_transform("log1p").fit_transform(x).ravel().round(2).tolist()
        [0.0, 0.5, 1.0]
        >>> tail_transform("quantile", rows=3).fit_transform(x).ravel().round(2).tolist()
        [0.0, 0.5, 1.0]
    """
    if tails not in TAILS:
        raise InputError(
            f"unknown treatment '{tails}' of long tails; give tails as one of {', '.join(TAILS)}"
        )
    steps = {
        "none": [],
        "log1p": [("tails", FunctionTransformer(_signed_log))],
        "quantile": [("tails", QuantileTransformer(n_quantiles=min(rows, QUANTILES)))],
    }
    return Pipeline([*steps[tails], ("range", MinMaxScaler())])


def _signed_log(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.log1p(np.abs(x))
