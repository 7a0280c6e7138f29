"""A window in its own units: what it looks like, apart from the level and scale it stands at.

Kim et al., Reversible Instance Normalization for Accurate Time-Series Forecasting against
Distribution Shift, ICLR 2022.
"""

from keras import ops


def instance_statistics(x, floor=1e-2):
    """Mean and standard deviation over time of each window and feature.

    Args:
        x: `(n, time, features)`.
        floor: smallest deviation, in units of x; keeps a feature that stands still in its window
            from being blown up to noise.

    Returns:
        Two `(n, 1, features)` float32; gradients do not pass.
    """
    x = ops.stop_gradient(ops.cast(x, "float32"))
    mean = ops.mean(x, axis=1, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=1, keepdims=True)
    return mean, ops.sqrt(variance + floor**2)
