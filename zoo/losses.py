"""Distances and losses as plain functions of `keras.ops`; all computed in float32."""

from keras import ops


def squared_distance(embedding, center):
    """Squared Euclidean distance of each embedding to the center.

    Args:
        embedding: `(n, d)`.
        center: `(d,)`.

    Returns:
        `(n,)` float32.
    """
    difference = ops.cast(embedding, "float32") - ops.cast(center, "float32")
    return ops.sum(ops.square(difference), axis=-1)


def squared_error(target, output, reduction="mean"):
    """Squared error of each sample, over all axes but the first.

    Args:
        target: `(n, ...)`.
        output: `(n, ...)`, the reconstruction.
        reduction: `"mean"` over a sample's numbers, or their `"sum"`.

    Returns:
        `(n,)` float32.
    """
    reduce = {"mean": ops.mean, "sum": ops.sum}[reduction]
    difference = ops.cast(target, "float32") - ops.cast(output, "float32")
    return reduce(ops.square(difference), axis=tuple(range(1, len(difference.shape))))


def l2_penalty(variables, rate):
    """½·rate·Σw²: the gradient `rate·w` that `torch.optim.Adam(weight_decay=rate)` adds.

    Keras' own `weight_decay` is the decoupled one of AdamW, which is not the same under Adam.

    Args:
        variables: the weights to hold small.
        rate: non-negative float; 0 costs nothing.

    Returns:
        Scalar float32.
    """
    if not rate:
        return 0.0
    squares = [ops.sum(ops.square(ops.cast(v, "float32"))) for v in variables]
    return 0.5 * rate * sum(squares)


def soft_boundary(distance, radius, nu):
    """R² + 1/ν · mean(max(0, d² − R²)), the soft-boundary objective of Deep SVDD.

    Args:
        distance: `(n,)` squared distances to the center.
        radius: scalar R.
        nu: ν in (0, 1], the share of training samples that may fall outside.

    Returns:
        Scalar float32.

    References:
        Ruff et al., Deep One-Class Classification, ICML 2018, equation 3.
    """
    squared_radius = ops.square(radius)
    outside = ops.maximum(distance - squared_radius, 0.0)
    return squared_radius + ops.mean(outside) / nu
