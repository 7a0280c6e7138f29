"""Rules that draw a threshold from the scores of held-out normals."""

from typing import Literal

import numpy as np
from scipy.stats import norm

from zoo.evaluation.thresholds import Gaussian, MedianMAD, PeaksOverThreshold, Percentile

Rule = Literal["percentile", "gaussian", "median_mad", "pot"]
RULES = ("percentile", "gaussian", "median_mad", "pot")


def limit(rule: Rule, rate: float, scores: np.ndarray, is_logarithm: bool = False) -> float:
    """Return the threshold that a rule draws from the scores of held-out normals.

    Errors are far from Gaussian, their logarithms less so; a log likelihood is a logarithm already.

    Args:
        rule: How the threshold is found.
        rate: Share of normals to flag.
        scores: `(n,)`.
        is_logarithm: Take the scores as they are where the rule would take their logarithms.

    Raises:
        InputError: Too few scores for the rule.
    """
    if rule == "percentile":
        return Percentile(100 * (1 - rate)).fit(scores).limit
    if rule == "pot":
        # The tail must hold the rate, and some scores to be fitted to.
        tail = max(0.02, 4 * rate, 30 / len(scores))
        return PeaksOverThreshold(rate, 1 - tail).fit(scores).limit
    found = Gaussian(false_alarm=rate) if rule == "gaussian" else MedianMAD(norm.isf(rate))
    if is_logarithm:
        return found.fit(scores).limit
    return float(np.exp(found.fit(np.log(scores)).limit))


def gives_likelihoods(model) -> bool:
    """Tell whether the scores of a model, or None, are logarithms of a likelihood."""
    return getattr(model, "score_by", "reconstruction_error") != "reconstruction_error"
