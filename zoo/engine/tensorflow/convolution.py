"""Convolution and pooling on TensorFlow, which has fast ones of its own."""

from keras import ops


def convolve(x, kernel):
    """Return `x` convolved with `kernel`, `(height, width, channels, filters)`."""
    return ops.conv(x, kernel, padding="same", data_format="channels_last")


def halve(x):
    """Return the maximum of each 2×2 block; an odd last row or column is dropped."""
    return ops.max_pool(x, 2, data_format="channels_last")


def moments(x):
    """Return mean and variance of each channel over samples and pixels, each `(channels,)`."""
    return ops.moments(x, axes=(0, 1, 2))
