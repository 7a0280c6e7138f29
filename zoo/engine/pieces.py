"""Arrays of any length through a compiled function, in pieces of few different sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def in_pieces(call: Callable, *arrays: np.ndarray, most: int = 256) -> tuple[np.ndarray, ...]:
    """What `call(*arrays)` gives, computed a piece at a time.

    The last piece is filled up to a power of two, for JAX compiles anew for each new size.

    Args:
        call: function of arrays `(m, ...)`; returns a tuple of arrays `(m, ...)`.
        *arrays: each `(n, ...)`, n >= 1; a strided view is copied piece by piece.
        most: samples a piece.

    Returns:
        A tuple of arrays `(n, ...)`.

    Example:
        >>> in_pieces(lambda x: (2 * x,), np.arange(5), most=4)[0].tolist()
        [0, 2, 4, 6, 8]
    """
    found = []
    for start in range(0, len(arrays[0]), most):
        piece = [np.ascontiguousarray(each[start : start + most]) for each in arrays]
        size = len(piece[0])
        missing = (1 << (size - 1).bit_length()) - size
        if missing:
            piece = [np.concatenate([each, np.repeat(each[-1:], missing, 0)]) for each in piece]
        found.append([part[:size] for part in call(*piece)])
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))
