"""Convolutions of few channels as one matrix product: XLA's own are slow on a CPU.

The rows of an image are taken as vectors of width · channels numbers. Then each row of the output
is the sum of a few rows of the input, each times a banded matrix that holds the kernel's row along
its diagonal. Most of that matrix is zeros, but a matrix product runs near the machine's peak, and
XLA's convolution of one channel at a twentieth of it.
"""

import jax
import jax.numpy as jnp
from jax import lax

WIDEST = 32  # pixels: the share of zeros grows with the width
MOST = 64  # channels in times channels out: with more, XLA's own is faster


def convolve(x, kernel):
    """`x` convolved with `kernel`, `(height, width, channels, filters)`."""
    x, kernel = jnp.asarray(x), jnp.asarray(kernel)
    if jax.default_backend() != "cpu" or not _suits(x, kernel):
        names = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=names)
    return _banded(x, kernel)


def halve(x):
    """Maximum of each 2×2 block; an odd last row or column is dropped."""
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def _suits(x, kernel):
    height, width, channels, filters = kernel.shape
    return height % 2 and width % 2 and x.shape[2] <= WIDEST and channels * filters <= MOST


def _banded(x, kernel):
    n, rows, columns, channels = x.shape
    height, width, _, filters = kernel.shape
    # Output column b sees input column a through the kernel's column a - b + width // 2.
    sees = jnp.stack([jnp.eye(columns, k=width // 2 - j, dtype=x.dtype) for j in range(width)])
    bands = jnp.einsum("jab,ijcf->iacbf", sees, kernel)
    bands = bands.reshape(height * columns * channels, columns * filters)

    x = jnp.pad(x, ((0, 0), (height // 2, height // 2), (0, 0), (0, 0)))
    x = x.reshape(n, rows + height - 1, columns * channels)
    x = jnp.concatenate([x[:, i : i + rows] for i in range(height)], axis=-1)
    return (x.reshape(n * rows, -1) @ bands).reshape(n, rows, columns, filters)
