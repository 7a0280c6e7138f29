"""Convolution and pooling on PyTorch.

Keras copies each image to transpose its channels before pooling. Here only the axes are relabelled,
and the memory layout stays as torch's convolution leaves it.
"""

import torch
from keras import ops
from torch.nn import functional


def convolve(x, kernel):
    """Return `x` convolved with `kernel`, `(height, width, channels, filters)`."""
    return ops.conv(x, kernel, padding="same", data_format="channels_last")


def halve(x):
    """Return the maximum of each 2×2 block; an odd last row or column is dropped."""
    return functional.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)


def moments(x):
    """Return mean and variance of each channel over samples and pixels, each `(channels,)`."""
    variance, mean = torch.var_mean(x, dim=(0, 1, 2), correction=0)
    return mean, variance
