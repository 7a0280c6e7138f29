"""Convolution and pooling of images, on the backend that Keras runs on.

`convolve(x, kernel)` is a convolution at stride 1 that keeps height and width; `halve(x)` takes
the maximum of each 2×2 block; `moments(x)` the mean and variance of each channel. All take
`(n, height, width, channels)`. TensorFlow and torch have fast ones of their own.
"""

import keras
from keras import ops

if keras.backend.backend() == "jax":
    from zoo.engine.convolution.jax import convolve, halve, moments
else:

    def convolve(x, kernel):
        """`x` convolved with `kernel`, `(height, width, channels, filters)`."""
        return ops.conv(x, kernel, padding="same", data_format="channels_last")

    def halve(x):
        """Maximum of each 2×2 block; an odd last row or column is dropped."""
        return ops.max_pool(x, 2, data_format="channels_last")

    def moments(x):
        """Mean and variance of each channel over samples and places: two of `(channels,)`."""
        return ops.moments(x, axes=(0, 1, 2))


__all__ = ["convolve", "halve", "moments"]
