"""A dense layer that maps all time steps of all windows in one matrix product."""

from __future__ import annotations

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.engine import fast


def affine(x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return `x @ kernel + bias` over the last axis, as one product of two matrices.

    The CPU compiler of XLA turns the gradient of a product of higher rank into a slow loop.

    Args:
        x: `(n, ..., features)`, all sizes known except n.
        kernel: `(features, units)`.
        bias: `(units,)`, or None.

    Returns:
        `(n, ..., units)`.
    """
    found = ops.matmul(ops.reshape(x, (-1, x.shape[-1])), kernel)
    if bias is not None:
        found = ops.add(found, bias)
    return ops.reshape(found, (-1, *x.shape[1:-1], kernel.shape[-1]))


@keras.saving.register_keras_serializable(package="zoo")
class Dense(keras.layers.Dense):
    """`keras.layers.Dense` by `affine`; weights, configuration and results are those of Keras.

    Example:
        >>> Dense(4)(ops.zeros((2, 10, 3))).shape
        (2, 10, 4)
    """

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        plain = fast() and len(inputs.shape) > 2 and None not in inputs.shape[1:]
        if not plain or self.quantization_mode is not None:
            return super().call(inputs, training=training)
        found = affine(inputs, self.kernel, self.bias)
        return found if self.activation is None else self.activation(found)
