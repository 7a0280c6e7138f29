"""Convolution and pooling on a CPU, where XLA's own are slow: over blocks of 2×2 pixels.

A block of four pixels becomes one pixel of four times the channels. A 5×5 kernel then becomes a
3×3 kernel of sixteen times the elements, a third of them zeros. But its inputs are contiguous in
memory, and a product over 4 channels runs several times faster than one over a single channel. The
maximum of a block needs no copy then: XLA cancels the reshapes out of blocks and back into them.

The gradient by a kernel is a convolution too, of the input with the gradient of the output, with
samples and channels transposed. Written so, it takes XLA's fast path; XLA's own rule, which
relabels the axes and copies nothing, is ten to a hundred times slower.

Where a map is no larger than the kernel, the convolution is one dense matrix product.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from keras import ops

FEW = 128  # input times output channels up to which blocks are faster in the forward pass
MATRIX = 2**22  # elements, at most, of the matrix from all pixels to all pixels


def convolve(x, kernel):
    """Return `x` convolved with `kernel`, `(height, width, channels, filters)`."""
    x, kernel = jnp.asarray(x), jnp.asarray(kernel)
    odd = kernel.shape[0] % 2 == kernel.shape[1] % 2 == 1
    if not odd or jax.default_backend() != "cpu":
        return _xla(x, kernel)
    small = x.shape[1] <= kernel.shape[0] and x.shape[2] <= kernel.shape[1]
    if small and math.prod((*x.shape[1:], *x.shape[1:3], kernel.shape[3])) <= MATRIX:
        return _dense(x, kernel)
    return _convolve(x, kernel)


def _xla(x, kernel, padding="SAME"):
    names = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=names)


@jax.custom_vjp
def _convolve(x, kernel):
    if not _can_be_blocks(x, kernel) or math.prod(kernel.shape[2:]) > FEW:
        return _xla(x, kernel)
    return _from_blocks(_xla(_blocks(x), _block_kernel(kernel)))


def _forward(x, kernel):
    return _convolve(x, kernel), (x, kernel)


def _backward(saved, gradient):
    x, kernel = saved
    return _convolve(gradient, _turned(kernel)), _by_kernel(x, gradient, kernel.shape[:2])


_convolve.defvjp(_forward, _backward)


def _by_kernel(x, gradient, size):
    """Return the gradient by a kernel of `size`: the correlation of `x` and `gradient`."""
    if x.shape[3] > gradient.shape[3]:  # shift the array of fewer channels
        return _turned(_by_kernel(gradient, x, size))
    padding = [(length // 2, length // 2) for length in size]
    found = _xla(x.transpose(3, 1, 2, 0), gradient.transpose(1, 2, 0, 3), padding)
    return found.transpose(1, 2, 0, 3)


def _turned(kernel):
    """Return the kernel of the backward pass: filters to channels, opposite shifts."""
    return kernel[::-1, ::-1].swapaxes(2, 3)


def _dense(x, kernel):
    """Return the same by one matrix from all pixels and channels to all pixels and filters."""
    n, height, width, channels = x.shape
    rows, columns, _, filters = kernel.shape
    spare = [(max(0, m - 1 - k // 2),) * 2 for m, k in ((height, rows), (width, columns))]
    kernel = jnp.pad(kernel, (*spare, (0, 0), (0, 0)))
    top, left = kernel.shape[0] // 2, kernel.shape[1] // 2
    seen = [  # the input pixels of each output pixel
        kernel[top - row : top - row + height, left - column : left - column + width]
        for row in range(height)
        for column in range(width)
    ]
    matrix = jnp.stack(seen, axis=3).reshape(height * width * channels, -1)
    return (x.reshape(n, -1) @ matrix).reshape(n, height, width, filters)


def halve(x):
    """Return the maximum of each 2×2 block; an odd last row or column is dropped."""
    return _highest(_blocks(x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]))


def moments(x):
    """Return mean and variance of each channel over samples and pixels, each `(channels,)`."""
    return ops.moments(x, axes=(0, 1, 2))


@jax.custom_vjp
def _highest(blocks):
    """Return the maximum of the four pixels of each block and channel."""
    return _pixels(blocks).max(axis=3)


def _highest_forward(blocks):
    highest = _highest(blocks)
    return highest, (blocks, highest)


def _highest_backward(saved, gradient):
    """Pass the gradient to the first maximal pixel; JAX' own rule divides it, slowly."""
    blocks, highest = saved
    number = lax.broadcasted_iota(jnp.int32, _pixels(blocks).shape, 3)
    is_highest = _pixels(blocks) == highest[..., None, :]
    first = jnp.where(is_highest, number, 4).min(axis=3, keepdims=True)
    by_pixel = jnp.where(number == first, gradient[..., None, :], 0)
    return (by_pixel.reshape(blocks.shape),)


_highest.defvjp(_highest_forward, _highest_backward)


def _pixels(blocks):
    return blocks.reshape(*blocks.shape[:3], 4, -1)


def _can_be_blocks(x, kernel):
    even = x.shape[1] % 2 == x.shape[2] % 2 == 0
    return even and min(x.shape[1:3]) >= 8 and kernel.shape[:2] == (5, 5)


def _blocks(x):
    """Return `(n, height, width, channels)` as `(n, height / 2, width / 2, 4 channels)`."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height // 2, 2, width // 2, 2, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, height // 2, width // 2, 4 * channels)


def _from_blocks(x):
    """Invert `_blocks`."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height, width, 2, 2, channels // 4)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * height, 2 * width, channels // 4)


def _block_kernel(kernel):
    """Return a kernel `(5, 5, channels, filters)` as `(3, 3, 4 channels, 4 filters)`.

    Three blocks in a row are six pixels; each of a block's two output pixels depends on five.
    """
    *_, channels, filters = kernel.shape
    places = [(row, column) for row in (0, 1) for column in (0, 1)]
    seen = [jnp.pad(kernel, ((r, 1 - r), (c, 1 - c), (0, 0), (0, 0))) for r, c in places]
    seen = jnp.stack(seen, axis=3).reshape(3, 2, 3, 2, channels, 4 * filters)
    return seen.transpose(0, 2, 1, 3, 4, 5).reshape(3, 3, 4 * channels, 4 * filters)
