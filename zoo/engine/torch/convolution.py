"""Convolution and pooling on PyTorch, the channels first in memory from one layer to the next.

Keras copies each image to put its channels last for a convolution, and first for pooling. Here only
the axes change places, and memory stays as torch's kernels leave it.
"""

import torch
from torch.nn import functional


def convolve(x, kernel):
    """`x` convolved with `kernel`, `(height, width, channels, filters)`."""
    x, kernel = _channels_first(x), kernel.permute(3, 2, 0, 1)
    rows, columns = (size - 1 for size in kernel.shape[2:])
    if rows % 2 or columns % 2:
        x = functional.pad(x, (columns // 2, -(-columns // 2), rows // 2, -(-rows // 2)))
        rows = columns = 0
    return functional.conv2d(x, kernel, padding=(rows // 2, columns // 2)).permute(0, 2, 3, 1)


def halve(x):
    """Maximum of each 2×2 block; an odd last row or column is dropped."""
    return functional.max_pool2d(_channels_first(x), 2).permute(0, 2, 3, 1)


def moments(x):
    """Mean and variance of each channel over samples and places: two of `(channels,)`."""
    variance, mean = torch.var_mean(x, dim=(0, 1, 2), correction=0)
    return mean, variance


def _channels_first(x):
    return x.permute(0, 3, 1, 2)
