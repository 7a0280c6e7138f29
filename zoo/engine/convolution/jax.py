"""Convolution and pooling on a CPU, where XLA's own are slow: over blocks of 2×2 pixels.

A block of four pixels is taken as one pixel of four times the channels. A 5×5 kernel then is a
3×3 kernel of sixteen times the numbers, a third of them zeros; but what it meets lies together in
memory, and a product of it with 4 channels runs at several times the speed of one with a single
channel. The maximum of a block, and sums over the map, need no move of numbers then: XLA sees that
the way out of the blocks and back into them comes to nothing.

The gradient of a kernel is one matrix product of what the kernel saw. XLA's own is ten to a hundred
times slower.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax

FEW = 128  # channels in times channels out, up to which blocks are faster forwards
SEEN = 2**24  # numbers that kernels saw and that are in memory at a time


def convolve(x, kernel):
    """`x` convolved with `kernel`, `(height, width, channels, filters)`, both of odd size."""
    x, kernel = jnp.asarray(x), jnp.asarray(kernel)
    odd = kernel.shape[0] % 2 == kernel.shape[1] % 2 == 1
    return (_convolve if odd and jax.default_backend() == "cpu" else _xla)(x, kernel)


def _xla(x, kernel):
    names = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=names)


@jax.custom_vjp
def _convolve(x, kernel):
    if not _can_be_blocks(x, kernel) or math.prod(kernel.shape[2:]) > FEW:
        return _xla(x, kernel)
    return _from_blocks(_xla(_blocks(x), _block_kernel(kernel)))


def _forward(x, kernel):
    return _convolve(x, kernel), (x, kernel)


def _backward(saved, gradient):
    x, kernel = saved
    by_x = _convolve(gradient, kernel[::-1, ::-1].swapaxes(2, 3))
    if not _can_be_blocks(x, kernel):
        return by_x, _by_kernel(x, gradient, kernel.shape[:2])
    by_block_kernel = _by_kernel(_blocks(x), _blocks(gradient), (3, 3))
    (by_kernel,) = jax.linear_transpose(_block_kernel, kernel)(by_block_kernel)
    return by_x, by_kernel


_convolve.defvjp(_forward, _backward)


def _by_kernel(x, gradient, size):
    """Gradient by a kernel: a product, over samples and places, of what it saw and `gradient`."""
    n, height, width, channels = x.shape
    (rows, columns), filters = size, gradient.shape[3]
    if filters < channels:  # from the other side: what each pixel gave to which places
        return _by_kernel(gradient, x, size)[::-1, ::-1].swapaxes(2, 3)
    shifts = [(row, column) for row in range(rows) for column in range(columns)]

    def product(x, gradient):
        x = jnp.pad(x, ((0, 0), (rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0)))
        seen = [x[:, r : r + height, c : c + width] for r, c in shifts]
        seen = jnp.concatenate(seen, axis=-1).reshape(-1, rows * columns * channels)
        return seen.T @ gradient.reshape(-1, filters)

    parts = _parts(n, height * width * rows * columns * channels)
    if parts == 1:
        found = product(x, gradient)
    else:
        along = [each.reshape(parts, n // parts, *each.shape[1:]) for each in (x, gradient)]
        start = jnp.zeros((rows * columns * channels, filters), x.dtype)
        found, _ = lax.scan(lambda sum_, each: (sum_ + product(*each), None), start, along)
    return found.reshape(rows, columns, channels, filters)


def _parts(samples, numbers):
    """The fewest equal parts of the samples, each of at most `SEEN` numbers if that can be."""
    fitting = (p for p in range(1, samples) if not samples % p and samples // p * numbers <= SEEN)
    return next(fitting, samples)


def halve(x):
    """Maximum of each 2×2 block; an odd last row or column is dropped."""
    return _highest(_blocks(x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]))


@jax.custom_vjp
def moments(x):
    """Mean and variance of each channel over samples and places: two of `(channels,)`."""
    if x.shape[1] % 2 or x.shape[2] % 2:
        sums = [each.sum((0, 1, 2)) for each in (x, x * x)]
    else:
        blocks = _blocks(x)
        sums = [each.sum((0, 1, 2)).reshape(4, -1).sum(0) for each in (blocks, blocks * blocks)]
    mean, squares = (each / (x.size // x.shape[3]) for each in sums)
    return mean, squares - mean**2


def _moments_forward(x):
    mean, variance = moments(x)
    return (mean, variance), (x, mean)


def _moments_backward(saved, gradients):
    x, mean = saved
    by_mean, by_variance = (each / (x.size // x.shape[3]) for each in gradients)
    return (2 * by_variance * (x - mean) + by_mean,)


moments.defvjp(_moments_forward, _moments_backward)


@jax.custom_vjp
def _highest(blocks):
    """The highest of the four pixels of each block and channel."""
    return _pixels(blocks).max(axis=3)


def _highest_forward(blocks):
    highest = _highest(blocks)
    return highest, (blocks, highest)


def _highest_backward(saved, gradient):
    """All of it goes to the first pixel that is as high; JAX' own rule is slow to divide it."""
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
    """`(n, height, width, channels)` to `(n, height / 2, width / 2, 4 channels)`."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height // 2, 2, width // 2, 2, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, height // 2, width // 2, 4 * channels)


def _from_blocks(x):
    """The reverse of `_blocks`."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height, width, 2, 2, channels // 4)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * height, 2 * width, channels // 4)


def _block_kernel(kernel):
    """`(5, 5, channels, filters)` to `(3, 3, 4 channels, 4 filters)`.

    Three blocks in a row are six pixels; each of a block's two output pixels sees five of them.
    """
    *_, channels, filters = kernel.shape
    places = [(row, column) for row in (0, 1) for column in (0, 1)]
    seen = [jnp.pad(kernel, ((r, 1 - r), (c, 1 - c), (0, 0), (0, 0))) for r, c in places]
    seen = jnp.stack(seen, axis=3).reshape(3, 2, 3, 2, channels, 4 * filters)
    return seen.transpose(0, 2, 1, 3, 4, 5).reshape(3, 3, 4 * channels, 4 * filters)
