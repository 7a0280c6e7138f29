"""Baselines of the server recipe, and what networks and baselines see of a window."""

import numpy as np

from recipes.common import Contestant
from zoo.evaluation.baselines import IsolationForestBaseline, PCAReconstruction, ZScore


def as_they_are(x):
    """Return windows as they are; a Transformer centers them itself."""
    return x


def centered(x):
    """Return windows without their means."""
    return x - x.mean(axis=1, keepdims=True)


def baselines(config, task):
    """Return fitted baselines; PCA also on what the networks see, where that is centered."""
    x = task.x_train
    z, forest = ZScore().fit(x.reshape(-1, x.shape[-1])), IsolationForestBaseline(config.seed)
    forest.fit(x)
    found = {
        "pca": pca_errors(x, as_they_are),
        "mean_z": lambda x: z.score(x.reshape(-1, x.shape[-1])).reshape(x.shape[:2]),
        "isolation_forest": lambda x: np.repeat(forest.score(x)[:, None], x.shape[1], axis=1),
    }
    if config.normalize == "center":
        found["pca_centered"] = pca_errors(x, centered)
    return {
        name: Contestant("baseline", with_no_second_term(rows), 0.0) for name, rows in found.items()
    }


def pca_errors(x_train, view):
    """Return the function from windows to their row errors after a PCA of `view(x_train)`."""
    components = min(20, len(x_train), x_train[0].size)
    pca = PCAReconstruction(components=components).fit(view(x_train))
    return lambda x: pca.errors(view(x)).mean(axis=-1)


def with_no_second_term(rows):
    """Return `Contestant.score` of a detector that has row errors alone."""
    return lambda x: (rows(x), np.zeros(len(x), "float32"))
