"""The honest protocol: thresholds that saw no test label, and what they are worth."""

from dataclasses import dataclass

import numpy as np

from recipes.common import Judged, timed
from recipes.transformer_gan_servers import points, windows
from zoo.evaluation import metrics
from zoo.evaluation.thresholds import Gaussian, MedianMAD, PeaksOverThreshold, Percentile


@dataclass(frozen=True)
class JudgedServers(Judged):
    """The outcome of a contestant; with its scores of held-out normals and both thresholds."""

    held_out: np.ndarray
    fixed: float
    adaptive: float


def scores_of(errors, config, pooling=None):
    """Return the scores `(n,)` of what is judged, windows or points, of all servers.

    Args:
        errors: Row errors `(n, window)` and second terms `(n,)` of each server.
        config: The recipe's.
        pooling: How row errors become a window's score; None: as the config says.
    """
    if config.level == "points":
        found = [points.scores(rows, second, config.window) for rows, second in errors]
    else:
        pool = pooling or config.pooling, config.anomalous_share
        found = [windows.scores(rows, second, *pool) for rows, second in errors]
    return np.concatenate([scores.astype("float32") for scores in found])


def fixed_threshold(kind, held_out, config):
    """Return the threshold that the scores of held-out normals lead to."""
    if kind == "gaussian":
        return float(np.exp(Gaussian(config.sigmas).fit(np.log(held_out)).limit))
    if kind == "percentile":
        return Percentile(config.percentile).fit(held_out).limit
    return PeaksOverThreshold(config.false_alarm, level=0.9).fit(held_out).limit


def judge(name, contestant, config, task):
    """Return the outcome of a contestant and, for a GAN, of each term of its score, by name."""
    held_out = [contestant.score(x) for x in task.x_valid]
    test, seconds = timed(lambda: [contestant.score(x) for x in task.x_test])
    terms = {name: (1, 1)}
    if getattr(contestant.model, "discriminator", None) is not None:
        terms |= {f"{name}_error": (1, 0), f"{name}_discriminator": (0, 1)}
    found = {}
    for part, (error, doubt) in terms.items():
        normal, scores = (
            scores_of([(error * rows, doubt * second) for rows, second in errors], config)
            for errors in (held_out, test)
        )
        fixed = fixed_threshold(config.threshold, normal, config)
        adaptive = MedianMAD(config.mad).fit(scores).limit
        numbers = detection(config, task, scores, fixed, adaptive)
        found[part] = JudgedServers(contestant, scores, numbers, seconds, normal, fixed, adaptive)
    return found


def detection(config, task, scores, fixed, adaptive):
    """Return the numbers on detection; without labels, only what is flagged."""
    if not task.labelled:
        return {"threshold": fixed, "anomaly_rate": float(np.mean(scores > fixed))}
    at_adaptive = metrics.at_threshold(task.y, scores > adaptive)
    numbers = {
        **metrics.summarize(task.y, scores, fixed),
        **{f"{metric}_adaptive": value for metric, value in at_adaptive.items()},
        "threshold_adaptive": adaptive,
    }
    if config.level == "points":
        numbers |= points.numbers(task.labels, scores, fixed, config.buffer)
    return numbers
