"""Multi-head self-attention in few matrix products."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.engine import fast
from zoo.engine.attention import attend
from zoo.nn.layers.dense import affine


@keras.saving.register_keras_serializable(package="zoo")
class MultiHeadAttention(keras.layers.MultiHeadAttention):
    """`keras.layers.MultiHeadAttention` in fewer and larger matrix products.

    Weights, configuration and results are those of Keras. Masks, cross-attention, other shapes and
    returned attention scores take Keras' own implementation.

    Example:
        >>> x = ops.zeros((2, 10, 8))
        >>> MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
        (2, 10, 8)
    """

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        training: bool | None = None,
        **kwargs: Any,
    ) -> Tensor:
        plain = (
            fast()
            and value is query
            and key in (None, query)
            and len(query.shape) == 3
            and query.shape[1] is not None
            and self._value_dim == self._key_dim
            and not any(v is not None and v is not False for v in kwargs.values())
            and not getattr(self, "_use_gate", False)
            and getattr(query, "_keras_mask", None) is None
        )
        if not plain:
            return super().call(query, value, key, training=training, **kwargs)
        dense = (self._query_dense, self._key_dense, self._value_dense)
        projected = [self._projected(query, each) for each in dense]
        keep = None
        if training and self._dropout > 0:
            query = projected[0]
            n, time, heads, _ = ops.shape(query)
            ones = ops.ones((n, heads, time, time), query.dtype)
            keep = self._dropout_layer(ones, training=True)
        found = attend(*projected, keep)
        joined = ops.reshape(found, (-1, query.shape[1], self._num_heads * self._key_dim))
        dense = self._output_dense
        kernel = ops.reshape(dense.kernel, (-1, dense.kernel.shape[-1]))
        return affine(joined, kernel, dense.bias)

    def _projected(self, x: Tensor, dense: keras.layers.Layer) -> Tensor:
        """Return the projection of `(n, time, features)` to `(n, time, heads, size)`."""
        features, heads, size = dense.kernel.shape
        kernel = ops.reshape(dense.kernel, (features, heads * size))
        bias = None if dense.bias is None else ops.reshape(dense.bias, (heads * size,))
        return ops.reshape(affine(x, kernel, bias), (-1, x.shape[1], heads, size))
