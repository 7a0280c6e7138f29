"""Explanations that a model's own terms give: reconstruction errors, and the way to the center."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo import engine
from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.explain.samples import as_samples
from zoo.models.base import AnomalyModel
from zoo.training.pieces import in_pieces


def error_map(model: AnomalyModel, x: Any) -> np.ndarray:
    """Return the squared error of every value, of a model that scores by such errors.

    Where the score has other terms too (`model.errors_explain == "part"`), the map explains the
    reconstruction term alone.

    Args:
        model: a `zoo.models.base.AnomalyModel` whose score is, or contains, the error of a
            reconstruction or a prediction.
        x: samples, `(n, ...)`.

    Returns:
        `x`'s shape, float32. A forecaster predicts the last row only: the others are 0.

    Raises:
        InputError: errors explain nothing of this model's score, or samples of another shape.
    """
    if model.errors_explain == "nothing":
        raise InputError(
            f"{type(model).__name__} does not score by the error of a reconstruction here, so no "
            f"map of errors explains its score; integrated_gradients and occlusion fit every model"
        )
    errors = engine.compiled(model.errors, model)
    return in_pieces(lambda batch: (errors(batch),), as_samples(model, x))[0]


def embedding_direction(model: AnomalyModel, x: Any) -> np.ndarray:
    """Return which way from the center each sample lies, in the embedding of Deep SVDD.

    The squares sum to the squared distance: samples that lie in one direction are anomalous in the
    same way.

    Args:
        model: a `zoo.models.DeepSVDD` or `HybridDeepSVDD`.
        x: samples, `(n, ...)`.

    Returns:
        z − c, `(n, d)` float32.

    Raises:
        InputError: a model without a center, or samples of another shape.
    """
    if model.center is None:
        raise InputError(f"{type(model).__name__} has no center; this is for Deep SVDD")

    def difference(batch: Tensor) -> Tensor:
        return model.encoder(batch, training=False) - model.center

    found = engine.compiled(difference, model)
    return in_pieces(lambda batch: (found(batch),), as_samples(model, x))[0].astype("float32")
