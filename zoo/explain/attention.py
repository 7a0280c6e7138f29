"""What the Transformers of a detector attend to."""

from __future__ import annotations

import keras
import numpy as np

from zoo.errors import InputError
from zoo.explain.samples import as_samples
from zoo.nn.networks.transformer import attention_weights


def attention(model, x) -> np.ndarray:
    """Attention of every head of the network that reads a window.

    Attention says where a step looked, not what made the score: Jain & Wallace, Attention is not
    Explanation, NAACL 2019. Read it beside `integrated_gradients`.

    Args:
        model: a `zoo.models.base.AnomalyModel` whose Transformer reads windows.
        x: a few windows, `(n, window, features)`.

    Returns:
        `(n, blocks, heads, window, window)` float32; row = the step that looks, column = the step
        it looks at; each row sums to 1.

    Raises:
        ValueError: no attention in the model, or samples of another shape.
    """
    x = as_samples(model, x)
    network = getattr(model, "transformer", None) or getattr(model, "encoder", None)
    found = [] if network is None else network.layers
    if not any(isinstance(layer, keras.layers.MultiHeadAttention) for layer in found):
        raise InputError(
            f"{type(model).__name__} has no attention; integrated_gradients and occlusion fit "
            f"every model"
        )
    view, _ = model.view(x) if hasattr(model, "view") else (x, 1.0)
    return attention_weights(network, view).astype("float32")
