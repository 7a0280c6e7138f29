"""Statistics for instance normalisation: level and scale of each window and feature.

Kim et al., Reversible Instance Normalization for Accurate Time-Series Forecasting against
Distribution Shift, ICLR 2022.
"""

from __future__ import annotations

from keras import ops

from zoo.backend import Tensor


def instance_statistics(x: Tensor, floor: float = 1e-2) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over time of each window and feature.

    Args:
        x: `(n, time, features)`.
        floor: smallest standard deviation, in the unit of x, so that the noise of a feature that is
            constant in its window is not amplified.

    Returns:
        Two `(n, 1, features)` float32, without gradients.
    """
    x = ops.stop_gradient(ops.cast(x, "float32"))
    mean = ops.mean(x, axis=1, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=1, keepdims=True)
    return mean, ops.sqrt(variance + floor**2)
