"""Attention weights of the Transformer that reads the samples of a model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.explain.samples import as_samples
from zoo.models.base import AnomalyModel


def attention(model: AnomalyModel, x: Any) -> np.ndarray:
    """Return the attention of every head of the Transformer that reads the windows.

    Attention says where a step looked, not what made the score: Jain & Wallace, Attention is not
    Explanation, NAACL 2019. Read it beside `integrated_gradients`.

    Args:
        model: a `zoo.models.base.AnomalyModel` with a Transformer that reads windows.
        x: a few windows, `(n, window, features)`.

    Returns:
        `(n, blocks, heads, window, window)` float32; row = the step that looks, column = the step
        it looks at; each row sums to 1.

    Raises:
        InputError: no network of the model that reads samples has attention, or samples of another
            shape.
    """
    x = as_samples(model, x)
    readers = [network for network in model.layers if _reads_samples(model, network)]
    attentive = [network for network in readers if _attention_layers(network)]
    if not attentive:
        raise InputError(
            f"{type(model).__name__} has no attention; integrated_gradients and occlusion fit "
            f"every model"
        )
    return attention_weights(attentive[0], model.network_input(x)).astype("float32")


def attention_weights(network: keras.Model, x: Any) -> np.ndarray:
    """Return what each step of a window attends to in a Transformer.

    Args:
        network: any functional model of `zoo.nn.networks.transformer`.
        x: what it takes, a few windows `(n, window, features)` or, for a decoder, codes.

    Returns:
        `(n, blocks, heads, window, window)` float32; the last axis, over the steps that are
        attended to, sums to 1.

    Raises:
        InputError: the network has no attention.

    Example:
        >>> from zoo.nn.networks import transformer
        >>> network = transformer((20, 3), blocks=1, heads=2, width=8, feed_forward=16)
        >>> attention_weights(network, np.zeros((4, 20, 3))).shape
        (4, 1, 2, 20, 20)
    """
    found = _attention_layers(network)
    if not found:
        raise InputError(f"network {network.name!r} has no attention layer to look at")
    before = keras.Model(network.input, [layer.input[0] for layer in found])
    states = keras.tree.flatten(before(ops.convert_to_tensor(x), training=False))
    weights = [_weights(layer, each) for layer, each in zip(found, states, strict=True)]
    return ops.convert_to_numpy(ops.stack(weights, axis=1))


def _reads_samples(model: AnomalyModel, layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.Model) and layer.input_shape[1:] == model.sample_shape


def _attention_layers(network: keras.Model) -> list[keras.layers.Layer]:
    return [each for each in network.layers if isinstance(each, keras.layers.MultiHeadAttention)]


def _weights(layer: keras.layers.Layer, states: Tensor) -> Tensor:
    """Return softmax(QKᵀ/√d) of one attention layer, `(n, heads, time, time)`."""
    query, key = layer.query_dense(states), layer.key_dense(states)
    products = ops.einsum("nqhd,nkhd->nhqk", query, key)
    return ops.softmax(ops.cast(products, "float32") / query.shape[-1] ** 0.5)
