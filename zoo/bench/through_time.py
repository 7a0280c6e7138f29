"""Gradients through time: how much of a window's past reaches the output of a network.

Bengio, Simard & Frasconi, Learning Long-Term Dependencies with Gradient Descent is Difficult, 1994;
Pascanu, Mikolov & Bengio, On the Difficulty of Training Recurrent Neural Networks, ICML 2013.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.errors import InputError


def gradient_through_time(
    network: keras.Model, windows: np.ndarray, draws: int = 8, seed: int = 0
) -> np.ndarray:
    """Return how far a change at each step of a window moves the output of a network.

    The distance is the norm of the derivative of the output by the input at that step, ‖∂z/∂x_t‖,
    as root mean square over windows and outputs. It is estimated: for a random vector v of signs,
    the mean of ‖vᵀ ∂z/∂x_t‖² is the squared norm. Training follows the same derivatives backwards:
    where they vanish, nothing is learned.

    Args:
        network: Windows `(n, window, features)` to vectors `(n, d)`, such as an encoder.
        windows: `(n, window, features)`; some dozens are enough.
        draws: Random vectors v per window.
        seed: Of the random vectors.

    Returns:
        `(window,)` float64, in order of time.

    Raises:
        InputError: Windows without three axes, an output without two, or no draw.

    Example:
        >>> from zoo.nn.networks import recurrent
        >>> gru = recurrent((12, 3), "gru", (8,))
        >>> gradient_through_time(gru, np.zeros((4, 12, 3))).shape
        (12,)
    """
    windows = np.asarray(windows, dtype="float32")
    if windows.ndim != 3 or len(network.output_shape) != 2 or draws < 1:
        raise InputError(
            f"windows of shape {windows.shape}, output of shape {network.output_shape}, {draws} "
            f"draws; expected (n, window, features), (n, d) and 1 or more"
        )
    rng = np.random.default_rng(seed)
    seen = keras.Variable(np.repeat(windows, draws, axis=0))
    signs = rng.choice([-1.0, 1.0], size=(seen.shape[0], network.output_shape[-1]))
    signs = ops.convert_to_tensor(signs.astype("float32"))

    def loss() -> tuple[Any, Any, dict[str, Any]]:
        output = network(ops.convert_to_tensor(seen), training=False)
        total = ops.sum(ops.cast(output, "float32") * signs)
        return total, total, {}

    _, (gradient,), _ = engine.gradients(loss, [seen], network.variables)
    squares = np.square(ops.convert_to_numpy(gradient), dtype=np.float64)
    return np.sqrt(squares.sum(axis=2).mean(axis=0) / network.output_shape[-1])
