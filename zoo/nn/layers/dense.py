"""A dense layer that takes the steps of all windows as rows of one matrix."""

import keras
from keras import ops

from zoo.engine import fast


def affine(x, kernel, bias=None):
    """`x @ kernel + bias` over the last axis, as one product of two matrices.

    XLA's CPU compiler takes the gradient of anything else to a slow loop.

    Args:
        x: `(n, ..., features)`, all known but n.
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
    """Keras' dense layer, by `affine`; weights, configuration and results are Keras'.

    Example:
        >>> Dense(4)(ops.zeros((2, 10, 3))).shape
        (2, 10, 4)
    """

    def call(self, inputs, training=None):
        plain = fast() and len(inputs.shape) > 2 and None not in inputs.shape[1:]
        if not plain or self.quantization_mode is not None:
            return super().call(inputs, training=training)
        found = affine(inputs, self.kernel, self.bias)
        return found if self.activation is None else self.activation(found)
