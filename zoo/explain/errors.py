"""Explanations that a model's own terms give: what it could not redraw, where an embedding lies."""

from __future__ import annotations

import numpy as np

from zoo import engine
from zoo.errors import InputError
from zoo.explain.samples import as_samples
from zoo.training.pieces import in_pieces


def error_map(model, x) -> np.ndarray:
    """Squared error of every number of a sample, of a model that redraws or predicts it.

    Args:
        model: a `zoo.models.base.AnomalyModel` with `errors`, as all that reconstruct have.
        x: samples, `(n, ...)`.

    Returns:
        `x`'s shape, float32. A forecaster predicts the last row only: the others are 0.

    Raises:
        ValueError: the model redraws nothing, or samples of another shape.
    """
    if not hasattr(model, "errors"):
        raise InputError(
            f"{type(model).__name__} redraws nothing, so it has no error to map; "
            f"integrated_gradients and occlusion fit every model"
        )
    errors = engine.compiled(model.errors, model)
    return in_pieces(lambda batch: (errors(batch),), as_samples(model, x))[0]


def embedding_direction(model, x) -> np.ndarray:
    """Which way from the center each sample lies, in the embedding of Deep SVDD.

    Its squares sum to the squared distance: what lies in one direction is strange in one way.

    Args:
        model: a `zoo.models.DeepSVDD` or `HybridDeepSVDD`.
        x: samples, `(n, ...)`.

    Returns:
        z − c, `(n, d)` float32.

    Raises:
        ValueError: a model without a center, or samples of another shape.
    """
    if not hasattr(model, "sphere"):
        raise InputError(f"{type(model).__name__} has no center; this is for Deep SVDD")

    def difference(batch):
        return model.encoder(batch, training=False) - model.sphere.center

    found = engine.compiled(difference, model)
    return in_pieces(lambda batch: (found(batch),), as_samples(model, x))[0].astype("float32")
