"""Distances and losses as plain functions of `keras.ops`, all computed in float32."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from keras import ops

from zoo.backend import Tensor


def squared_distance(embedding: Tensor, center: Tensor) -> Tensor:
    """Return the squared Euclidean distance of each embedding to the center.

    Args:
        embedding: `(n, d)`.
        center: `(d,)`.

    Returns:
        `(n,)` float32.
    """
    difference = ops.cast(embedding, "float32") - ops.cast(center, "float32")
    return ops.sum(ops.square(difference), axis=-1)


def mahalanobis(embedding: Tensor, center: Tensor, precision: Tensor) -> Tensor:
    """Return the Mahalanobis distance of each embedding to the center, √((z − m)ᵀ P (z − m)).

    Args:
        embedding: `(n, d)`.
        center: m, `(d,)`.
        precision: P, the inverse of the covariance, `(d, d)`.

    Returns:
        `(n,)` float32.
    """
    difference = ops.cast(embedding, "float32") - ops.cast(center, "float32")
    squared = ops.sum(ops.matmul(difference, ops.cast(precision, "float32")) * difference, axis=-1)
    return ops.sqrt(ops.maximum(squared, 1e-12))  # the root has no gradient at zero


def squared_error(target: Tensor, output: Tensor, reduction: str = "mean") -> Tensor:
    """Return the squared error of each sample, over all axes but the first.

    Args:
        target: `(n, ...)`.
        output: `(n, ...)`, the reconstruction.
        reduction: `"mean"` or `"sum"`, over the values of a sample.

    Returns:
        `(n,)` float32.
    """
    reduce = {"mean": ops.mean, "sum": ops.sum}[reduction]
    difference = ops.cast(target, "float32") - ops.cast(output, "float32")
    return reduce(ops.square(difference), axis=tuple(range(1, len(difference.shape))))


def cross_entropy(labels: Tensor, logits: Tensor, positive_weight: float = 1.0) -> Tensor:
    """Return the binary cross-entropy of each sample, times `positive_weight` for an anomaly.

    Args:
        labels: `(n,)`, 1 = anomaly.
        logits: `(n,)`, log-odds of an anomaly.
        positive_weight: weight of an anomaly, where a normal sample has weight 1.

    Returns:
        `(n,)` float32.
    """
    return focal(labels, logits, 0.0, positive_weight)


def focal(
    labels: Tensor, logits: Tensor, gamma: float = 2.0, positive_weight: float = 1.0
) -> Tensor:
    """Return the focal loss of each sample, −w · (1 − p)^γ · log p.

    p is the probability given to the true class, w = `positive_weight` for an anomaly and 1 for a
    normal sample. Samples that are classified well have little weight, so that many easy samples
    do not outweigh the few hard ones.

    Args:
        labels: `(n,)`, 1 = anomaly.
        logits: `(n,)`, log-odds of an anomaly.
        gamma: γ; 0 gives the cross-entropy.
        positive_weight: w; the α of the reference is w / (1 + w), up to a factor.

    Returns:
        `(n,)` float32.

    References:
        Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, equation 5.
    """
    labels, logits = ops.cast(labels, "float32"), ops.cast(logits, "float32")
    true_logits = (2 * labels - 1) * logits
    modulation = ops.exp(-gamma * ops.softplus(true_logits))  # (1 − p)^γ without cancellation
    weight = 1 + (positive_weight - 1) * labels
    return weight * modulation * ops.softplus(-true_logits)


def l2_penalty(variables: Iterable[Any], rate: float) -> Tensor:
    """Return ½ · rate · Σw², whose gradient rate · w is that of `torch.optim.Adam(weight_decay=)`.

    The `weight_decay` of Keras' optimizers is decoupled, as in AdamW; under Adam that differs.

    Args:
        variables: the penalised weights.
        rate: 0 or more.

    Returns:
        Scalar float32; the float 0.0 without any computation if `rate` is 0.
    """
    if not rate:
        return 0.0
    squares = [ops.sum(ops.square(ops.cast(v, "float32"))) for v in variables]
    return 0.5 * rate * sum(squares)


def soft_boundary(
    distance: Tensor, radius: Tensor, nu: float, sample_weight: Tensor | None = None
) -> Tensor:
    """Return R² + 1/ν · mean(max(0, d² − R²)), the soft-boundary objective of Deep SVDD.

    Args:
        distance: `(n,)` squared distances to the center.
        radius: scalar R.
        nu: ν in (0, 1], the share of training samples that may fall outside.
        sample_weight: `(n,)` weights of the samples in the mean, or None.

    Returns:
        Scalar float32.

    References:
        Ruff et al., Deep One-Class Classification, ICML 2018, equation 3.
    """
    squared_radius = ops.square(radius)
    outside = ops.maximum(distance - squared_radius, 0.0)
    return squared_radius + weighted_mean(outside, sample_weight) / nu


def nt_xent(a: Tensor, b: Tensor, temperature: float = 0.07) -> Tensor:
    """Return NT-Xent, the normalised temperature-scaled cross-entropy of two views of a batch.

    For each embedding z_i with positive partner p_i, and all other 2n − 1 embeddings z_k of the
    batch: −log(exp(cos(z_i, p_i) / τ) / Σ_k exp(cos(z_i, z_k) / τ)), the mean over all 2n.

    Args:
        a: `(n, d)` embeddings of one view.
        b: `(n, d)` embeddings of the other view of the same samples.
        temperature: τ > 0.

    Returns:
        Scalar float32.

    References:
        Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML
        2020.
    """
    both = ops.cast(ops.concatenate([a, b]), "float32")
    length = ops.sqrt(ops.sum(ops.square(both), axis=-1, keepdims=True) + 1e-12)
    both = both / length  # the gradient of ops.normalize at zero is NaN on JAX and torch
    similarity = ops.matmul(both, ops.transpose(both)) / temperature
    own = ops.arange(ops.shape(both)[0])
    others = ops.where(own[:, None] == own, -1e9, similarity)
    first, second = ops.split(both, 2)
    pairs = ops.sum(first * second, axis=-1) / temperature
    return ops.mean(ops.logsumexp(others, axis=-1)) - ops.mean(pairs)


def gaussian_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ (σ² + μ² − 1 − log σ²) of each sample, in nats.

    Args:
        mean: μ, `(n, d)`.
        log_variance: log σ², `(n, d)`.

    Returns:
        `(n,)` float32.

    References:
        Kingma & Welling, Auto-Encoding Variational Bayes, ICLR 2014, appendix B.
    """
    mean, log_variance = ops.cast(mean, "float32"), ops.cast(log_variance, "float32")
    terms = ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance
    return 0.5 * ops.sum(terms, axis=-1)


def gaussian_negative_log_likelihood(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return −log N(x; μ, diag σ²) of each sample, in nats, over all axes but the first.

    Args:
        x: `(n, ...)`.
        mean: μ, `(n, ...)`.
        log_variance: log σ², `(n, ...)` or a scalar.

    Returns:
        `(n,)` float32.
    """
    log_variance = ops.cast(log_variance, "float32")
    squares = ops.square(ops.cast(x, "float32") - ops.cast(mean, "float32"))
    terms = squares * ops.exp(-log_variance) + log_variance
    constant = math.prod(terms.shape[1:]) * math.log(2 * math.pi)
    return 0.5 * (ops.sum(terms, axis=tuple(range(1, len(terms.shape)))) + constant)


def weighted_mean(values: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean over samples of weight · value: `sum_over_batch_size` of Keras' losses.

    Args:
        values: `(n,)`, a loss for each sample.
        weights: `(n,)`, or None for weights of 1. The sum is divided by n, not by the sum of the
            weights, so weights of 2 double the loss.

    Returns:
        Scalar float32.
    """
    values = ops.cast(values, "float32")
    if weights is not None:
        values = values * ops.reshape(ops.cast(weights, "float32"), (-1,))
    return ops.mean(values)
