"""Convolution and normalised max-pooling of LeNet, by kernels of the backend."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.engine import convolution, fast


@keras.saving.register_keras_serializable(package="zoo")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` by a faster kernel of the backend (`zoo.engine.convolution`).

    Weights, configuration and results are those of Keras. The kernel serves channels last, "same"
    padding and no stride; everything else takes Keras' own implementation.

    Example:
        >>> layer = Conv2D(4, 5, padding="same", use_bias=False)
        >>> layer(ops.zeros((2, 28, 28, 1))).shape
        (2, 28, 28, 4)
    """

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        plain = (
            fast()
            and self.padding == "same"
            and self.data_format == "channels_last"
            and self.strides == self.dilation_rate == (1, 1)
            and self.groups == 1
            and inputs.dtype == kernel.dtype
        )
        if not plain:
            return super().convolution_op(inputs, kernel)
        return convolution.convolve(inputs, kernel)


@keras.saving.register_keras_serializable(package="zoo")
class NormalizedMaxPooling2D(keras.layers.BatchNormalization):
    """Batch normalisation without affine terms, followed by 2×2 max-pooling.

    Normalisation keeps the order of values, so the maximum is taken first: mean and variance are
    those of the whole feature map, but only a quarter of it has to be normalised.

    Args:
        epsilon: added to the variance.
        momentum: of the moving mean and variance.
        **kwargs: as in `keras.layers.BatchNormalization`.

    Example:
        >>> layer = NormalizedMaxPooling2D()
        >>> layer(ops.ones((2, 28, 28, 4))).shape
        (2, 14, 14, 4)
    """

    def __init__(self, epsilon: float = 1e-3, momentum: float = 0.99, **kwargs: Any) -> None:
        super().__init__(
            epsilon=epsilon, momentum=momentum, **kwargs | {"center": False, "scale": False}
        )

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if not fast():
            normalized = super().call(inputs, training=training)
            return ops.max_pool(normalized, (2, 2), (2, 2), data_format="channels_last")
        inputs = ops.cast(inputs, "float32")
        if training and self.trainable:
            mean, variance = convolution.moments(inputs)
            for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + now * (1 - self.momentum))
        else:
            mean, variance = self.moving_mean, self.moving_variance
        pooled = convolution.halve(inputs)
        normalized = ops.batch_normalization(pooled, mean, variance, -1, epsilon=self.epsilon)
        return ops.cast(normalized, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        n, height, width, channels = input_shape
        return n, height // 2, width // 2, channels
