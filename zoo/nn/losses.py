"""Distances and losses as plain functions of `keras.ops`; all computed in float32."""

import math

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


def mahalanobis(embedding, center, precision):
    """Mahalanobis distance of each embedding to the center, √((z − m)ᵀ P (z − m)).

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


def cross_entropy(labels, logits, positive_weight=1.0):
    """Binary cross-entropy of each sample; an anomaly's counts `positive_weight` times.

    Args:
        labels: `(n,)`, 1 = anomaly.
        logits: `(n,)`, logarithms of the odds.
        positive_weight: how many normal samples an anomaly weighs as much as.

    Returns:
        `(n,)` float32.
    """
    return focal(labels, logits, 0.0, positive_weight)


def focal(labels, logits, gamma=2.0, positive_weight=1.0):
    """(1 − p)^γ · −log p, where p is the probability given to the true class.

    Samples that are classified well weigh little, so that the many easy ones do not drown the few
    hard ones.

    Args:
        labels: `(n,)`, 1 = anomaly.
        logits: `(n,)`, logarithms of the odds.
        gamma: γ; 0 is the cross-entropy.
        positive_weight: how many normal samples an anomaly weighs as much as; the α of the
            reference is w / (1 + w), but for a factor.

    Returns:
        `(n,)` float32.

    References:
        Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, equation 5.
    """
    labels, logits = ops.cast(labels, "float32"), ops.cast(logits, "float32")
    towards_truth = (2 * labels - 1) * logits
    missed = ops.exp(-gamma * ops.softplus(towards_truth))  # (1 − p)^γ without a difference
    weight = 1 + (positive_weight - 1) * labels
    return weight * missed * ops.softplus(-towards_truth)


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


def soft_boundary(distance, radius, nu, sample_weight=None):
    """R² + 1/ν · mean(max(0, d² − R²)), the soft-boundary objective of Deep SVDD.

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


def nt_xent(a, b, temperature=0.07):
    """Normalised temperature-scaled cross entropy: the two views of a sample find each other.

    −log of the share that exp(cos(a_i, b_i)/τ) has among all other embeddings of the batch, mean
    over both directions. Chen et al., A Simple Framework for Contrastive Learning, ICML 2020.

    Args:
        a: `(n, d)` embeddings.
        b: `(n, d)` embeddings of the same samples, seen otherwise.
        temperature: τ > 0.

    Returns:
        Scalar float32.
    """
    both = ops.cast(ops.concatenate([a, b]), "float32")
    length = ops.sqrt(ops.sum(ops.square(both), axis=-1, keepdims=True) + 1e-12)
    both = both / length  # ops.normalize has no gradient at zero
    similarity = ops.matmul(both, ops.transpose(both)) / temperature
    own = ops.arange(ops.shape(both)[0])
    others = ops.where(own[:, None] == own, -1e9, similarity)
    first, second = ops.split(both, 2)
    pairs = ops.sum(first * second, axis=-1) / temperature
    return ops.mean(ops.logsumexp(others, axis=-1)) - ops.mean(pairs)


def gaussian_divergence(mean, log_variance):
    """KL(N(μ, diag σ²) ‖ N(0, I)) of each sample, in nats.

    ½ Σ (σ² + μ² − 1 − log σ²). Kingma & Welling, ICLR 2014, appendix B.

    Args:
        mean: μ, `(n, d)`.
        log_variance: log σ², `(n, d)`.

    Returns:
        `(n,)` float32.
    """
    mean, log_variance = ops.cast(mean, "float32"), ops.cast(log_variance, "float32")
    terms = ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance
    return 0.5 * ops.sum(terms, axis=-1)


def gaussian_surprise(x, mean, log_variance):
    """−log N(x; μ, diag σ²) of each sample, in nats, over all axes but the first.

    Args:
        x: `(n, ...)`.
        mean: μ, `(n, ...)`.
        log_variance: log σ², `(n, ...)` or one for all.

    Returns:
        `(n,)` float32.
    """
    log_variance = ops.cast(log_variance, "float32")
    squares = ops.square(ops.cast(x, "float32") - ops.cast(mean, "float32"))
    terms = squares * ops.exp(-log_variance) + log_variance
    constant = math.prod(terms.shape[1:]) * math.log(2 * math.pi)
    return 0.5 * (ops.sum(terms, axis=tuple(range(1, len(terms.shape)))) + constant)


def weighted_mean(values, weights=None):
    """Mean over samples of weight · value, as Keras reduces a loss (`sum_over_batch_size`).

    Args:
        values: `(n,)`, a loss for each sample.
        weights: `(n,)`; None counts every sample once. Weights are not normalised: the sum is
            divided by n, so that weights of 2 double the loss.

    Returns:
        Scalar float32.
    """
    values = ops.cast(values, "float32")
    if weights is not None:
        values = values * ops.reshape(ops.cast(weights, "float32"), (-1,))
    return ops.mean(values)
