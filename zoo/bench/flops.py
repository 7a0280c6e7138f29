"""Operations of a network's matrix products, counted from its layers: 2 per multiply and add.

Other operations (activations, normalization, sums) are left out, because the machine's peak is also
measured with matrix products.
"""

from __future__ import annotations

from math import prod

import keras
from keras import layers

from zoo.errors import InputError

CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)


def flops_per_sample(*networks: keras.Model) -> int:
    """Return the operations of one forward pass of a sample through models, one after the other.

    Args:
        *networks: built `keras.Model`s of Dense, convolutional, recurrent and attention layers.

    Returns:
        Operations of their matrix products.

    Raises:
        InputError: a layer whose operations this function cannot count.

    Example:
        >>> from zoo.nn.networks import mlp
        >>> flops_per_sample(mlp((8,), units=(64, 8)))
        2048
    """
    return sum(_of(layer) for network in networks for layer in network.layers)


def _of(layer: layers.Layer) -> int:
    if isinstance(layer, keras.Model):
        return flops_per_sample(layer)
    if isinstance(layer, layers.Dense):
        return 2 * prod(layer.kernel.shape) * prod(layer.output.shape[1:-1])
    if isinstance(layer, CONVOLUTIONS):
        channels_last = layer.data_format == "channels_last"
        places = layer.output.shape[1:-1] if channels_last else layer.output.shape[2:]
        return 2 * prod(layer.kernel.shape) * prod(places)
    if isinstance(layer, layers.RNN):
        cells = getattr(layer.cell, "cells", [layer.cell])
        kernels = [k for cell in cells for k in (cell.kernel, cell.recurrent_kernel)]
        return 2 * layer.input.shape[1] * sum(prod(kernel.shape) for kernel in kernels)
    if isinstance(layer, layers.MultiHeadAttention):
        return _of_attention(layer)
    matrices = [weight.path for weight in layer.weights if len(weight.shape) > 1]
    if matrices:
        raise InputError(
            f"layer {layer.name!r} ({type(layer).__name__}) multiplies by {matrices[0]}; say in "
            f"zoo.bench.flops how its operations are counted"
        )
    return 0


def _of_attention(layer: layers.MultiHeadAttention) -> int:
    """Return the operations of the projections and of both products of attention."""
    inputs = keras.tree.flatten(layer.input)
    queries, keys = inputs[0].shape[1], inputs[-1].shape[1]
    per_query = [layer.query_dense, layer.output_dense]
    per_key = [layer.key_dense, layer.value_dense]
    projections = sum(queries * prod(dense.kernel.shape) for dense in per_query)
    projections += sum(keys * prod(dense.kernel.shape) for dense in per_key)
    heads, key_size = layer.query_dense.kernel.shape[1:]
    value_size = layer.value_dense.kernel.shape[-1]
    return 2 * (projections + queries * keys * heads * (key_size + value_size))
