"""Explanations by the gradient of the anomaly score: which values of a sample raise it."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo import engine
from zoo.errors import InputError
from zoo.explain.samples import as_baseline, as_samples
from zoo.models.base import AnomalyModel
from zoo.training.pieces import in_pieces


def score_gradients(model: AnomalyModel, x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of samples and the gradient of each with respect to its sample.

    Args:
        model: a `zoo.models.base.AnomalyModel`.
        x: samples, `(n, ...)`.

    Returns:
        `(n,)` and `(n, ...)`, float32.

    Raises:
        InputError: samples of another shape, or NaN or infinity in them.
    """
    x = as_samples(model, x)
    compiled = vars(model).get("_score_gradients")  # compiled once; weights are read at each call
    if compiled is None:
        compiled = model._score_gradients = engine.compiled_gradient(model.score, model)
    scores, gradients = in_pieces(compiled, x)
    return scores, gradients


def gradient_times_input(model: AnomalyModel, x: Any, baseline: Any = None) -> np.ndarray:
    """Return ∇s(x) · (x − x₀): the contribution of each value if the score were linear.

    Args:
        model: a `zoo.models.base.AnomalyModel`.
        x: samples, `(n, ...)`.
        baseline: x₀, a normal sample, of the shape of a sample or of `x`; None is zeros.

    Returns:
        `x`'s shape, float32; negative where a value lowers the score.

    Raises:
        InputError: samples or a baseline of another shape.

    References:
        Shrikumar et al., Not Just a Black Box, arXiv:1605.01713, 2016.
    """
    x = as_samples(model, x)
    return score_gradients(model, x)[1] * (x - as_baseline(baseline, x))


def integrated_gradients(
    model: AnomalyModel, x: Any, baseline: Any = None, steps: int = 32
) -> np.ndarray:
    """Return (x − x₀) · ∫₀¹ ∇s(x₀ + α (x − x₀)) dα: contributions along the way from x₀ to x.

    The values of a sample sum to s(x) − s(x₀), up to the error of the numerical integration.

    Args:
        model: a `zoo.models.base.AnomalyModel`.
        x: samples, `(n, ...)`.
        baseline: x₀, a normal sample, of the shape of a sample or of `x`; None is zeros, the mean
            of data that were scaled to mean 0.
        steps: number of midpoints at which the gradient is evaluated.

    Returns:
        `x`'s shape, float32; negative where a value lowers the score.

    Raises:
        InputError: samples or a baseline of another shape, or no step.

    References:
        Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017.
    """
    x = as_samples(model, x)
    if steps < 1:
        raise InputError(f"steps is {steps}; give 1 or more")
    start = as_baseline(baseline, x)
    total = np.zeros(x.shape, "float64")
    for step in range(steps):
        total += score_gradients(model, start + (step + 0.5) / steps * (x - start))[1]
    return ((x - start) * total / steps).astype("float32")


def smooth_grad(
    model: AnomalyModel, x: Any, noise: float = 0.1, samples: int = 32, seed: int = 0
) -> np.ndarray:
    """Return the mean gradient of the score over noisy copies of each sample.

    The gradient at a single point varies strongly between near samples; the mean does not.

    Args:
        model: a `zoo.models.base.AnomalyModel`.
        x: samples, `(n, ...)`.
        noise: standard deviation of the noise, as a share of each sample's range.
        samples: number of noisy copies.
        seed: of the noise, which is the same on every backend.

    Returns:
        `x`'s shape, float32: the slope of the score in each value.

    Raises:
        InputError: samples of another shape, negative noise, or no copy.

    References:
        Smilkov et al., SmoothGrad: removing noise by adding noise, arXiv:1706.03825, 2017.
    """
    x = as_samples(model, x)
    if samples < 1 or noise < 0:
        raise InputError(f"samples is {samples} and noise {noise}; give 1 or more, and 0 or more")
    axes = tuple(range(1, x.ndim))
    width = noise * (x.max(axis=axes, keepdims=True) - x.min(axis=axes, keepdims=True))
    rng, total = np.random.default_rng(seed), np.zeros(x.shape, "float64")
    for _ in range(samples):
        drawn = rng.standard_normal(x.shape, dtype="float32")
        total += score_gradients(model, x + width * drawn)[1]
    return (total / samples).astype("float32")
