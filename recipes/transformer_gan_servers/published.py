"""The protocol as published, which chooses on the test windows, and what cures drift in them."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd

from recipes.transformer_gan_servers.honest import fixed_threshold, scores_of
from zoo.data.arrays.windows import sliding_windows, window_labels
from zoo.data.servers.synthetic import CONTINUATIONS, generate_servers
from zoo.evaluation import metrics
from zoo.evaluation.thresholds import MedianMAD


class BestOnTest(keras.callbacks.Callback):
    """Keeps the scores of the epoch with the best F1 on the test windows, as the source does.

    They were chosen with test labels, and go into the rows *as published* alone.
    """

    def __init__(self, score: Callable[[], np.ndarray], labels: np.ndarray):
        super().__init__()
        self.score = score
        self.labels = labels
        self.f1 = -1.0
        self.scores = None

    def on_epoch_end(self, epoch, logs=None):
        scores = self.score()
        if np.isfinite(scores).all() and (f1 := metrics.best_f1(self.labels, scores)[0]) > self.f1:
            self.f1, self.scores = f1, scores


def as_published(judged, best, labels):
    """Return rows whose epoch and threshold were chosen on the test labels, as the source does."""
    rows = []
    for name, each in judged.items():
        chosen = best.get(name)
        scores = each.scores if chosen is None or chosen.scores is None else chosen.scores
        numbers = metrics.summarize(labels, scores, metrics.best_f1(labels, scores)[1])
        same = {key: each.row[key] for key in ("kind", "parameters", "fit_seconds")}
        rows.append({"variant": name, "protocol": "as published", **same, **numbers})
    return rows


def cures_table(config, task, contestants):
    """Return F1 of some detectors by continuation, pooling and threshold: what cures drift."""
    names = [n for n in (config.variants[0], "reversible", "pca") if n in contestants]
    held_out = {name: [contestants[name].score(x) for x in task.x_valid] for name in names}
    columns = {}
    for continuation in CONTINUATIONS:
        server = generate_servers(config.data_seed, continuation)
        y = window_labels(server.labels, config.window, config.stride, config.anomalous_share)
        x = sliding_windows(task.scaled(server.test), config.window, config.stride)
        for name in dict.fromkeys(names):
            test = [contestants[name].score(x)]
            column = {}
            for pooling in ("mean", "quantile"):
                normal = scores_of(held_out[name], config, pooling)
                scores = scores_of(test, config, pooling)
                limits = {
                    f"{config.percentile:g}th percentile": "percentile",
                    "Gaussian of logs": "gaussian",
                    "peaks over threshold": "pot",
                }
                for said, kind in limits.items():
                    flags = scores > fixed_threshold(kind, normal, config)
                    column[f"{pooling}, {said}"] = metrics.at_threshold(y, flags)["f1"]
                flags = MedianMAD(config.mad).fit(scores).alarms(scores)
                column[f"{pooling}, adaptive"] = metrics.at_threshold(y, flags)["f1"]
            columns[f"{name}, {continuation}"] = column
    return pd.DataFrame(columns)
