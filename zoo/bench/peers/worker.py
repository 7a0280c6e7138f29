"""One side of a peer, in a process of its own: python -m zoo.bench.peers.worker.

Keras is imported inside the functions, because the other library's side does without it.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from zoo import backend
from zoo.bench.machine import memory_mb
from zoo.bench.peers import data
from zoo.bench.peers.peer import Peer
from zoo.bench.peers.registry import PEERS
from zoo.bench.worker import serve, timer

EPOCHS = 10  # of a model that is tested
TIMED_EPOCHS = 2  # of a repetition


class Side:
    """The answers of one side.

    Args:
        task: `peer`, and `backend`: a name of `zoo.backend`, or the package for their side.
    """

    def __init__(self, task: dict[str, Any]):
        self.peer = PEERS[task["peer"]]
        self.theirs = task["backend"] == self.peer.package
        self.data = data.table() if self.peer.window is None else data.series()
        self.trained: Any = None

    def begin(self) -> dict[str, Any]:
        """Train one epoch, so that everything is compiled."""
        self.train(1)
        return {"ready": True}

    def train(self, epochs: int = TIMED_EPOCHS) -> dict[str, Any]:
        """Train some epochs, and return their seconds.

        Their `fit` also scores the training data; the difference between two fits leaves that out.
        Ours is timed inside `fit`, from the first step to the last.
        """
        if not self.theirs:
            if self.trained is None:
                self.trained = _Ours(self.peer, self.data, seed=0)
            seconds, samples = self.trained.fit(epochs)
            return {"samples": samples, "seconds": seconds}
        short, long = (self._fit_theirs(self.data, n, 0)[0] for n in (1, 1 + epochs))
        windows = len(self.data) - (self.peer.window or 1) + 1
        return {"samples": epochs * windows, "seconds": max(long - short, 1e-9)}

    def judge(self, seed: int) -> dict[str, Any]:
        """Fit a new model to card transactions; return its ROC-AUC and the seconds of the fit."""
        if self.peer.window is not None:
            return {"roc_auc": None, "fit_seconds": None}
        x, x_test, labels = data.cards()
        start = perf_counter()
        if self.theirs:
            seconds, model = self._fit_theirs(x, EPOCHS, seed)
            scores = model.decision_function(x_test)
        else:
            ours = _Ours(self.peer, x, seed)
            ours.fit(EPOCHS)
            seconds = perf_counter() - start
            scores = ours.model.predict(x_test, verbose=0)
        return {"roc_auc": float(roc_auc_score(labels, scores)), "fit_seconds": seconds}

    def memory(self) -> dict[str, Any]:
        """Return the peak memory of this process."""
        return {"peak_memory_mb": memory_mb(peak=True)}

    def _fit_theirs(self, x: np.ndarray, epochs: int, seed: int) -> tuple[float, Any]:
        np.random.seed(seed)  # one of theirs shuffles with NumPy's global generator
        start = perf_counter()
        model = self.peer.theirs(x.shape[1], epochs, seed)
        model.fit(x)
        return perf_counter() - start, model


class _Ours:
    """The zoo's side: a compiled model, its batches and a timer."""

    def __init__(self, peer: Peer, x: np.ndarray, seed: int):
        backend.tune_process()
        import keras

        from zoo.training.batches import Batches

        if peer.window is not None:
            view = np.lib.stride_tricks.sliding_window_view(x, peer.window, axis=0)
            x = view.swapaxes(1, 2)
        self.model = peer.ours(x.shape[1:], seed)
        self.model.compile(keras.optimizers.Adam(peer.learning_rate, epsilon=1e-8))
        self.batches = Batches(x, peer.batch_size, seed=seed, drop_last=True)
        self.timer = timer(self.model)

    def fit(self, epochs: int) -> tuple[float, int]:
        """Return the seconds of the steps, and the number of samples seen."""
        self.model.fit(self.batches, epochs=epochs, verbose=0, callbacks=[self.timer])
        return self.timer.seconds, epochs * len(self.batches) * self.batches.batch_size


def main() -> None:
    """Answer requests from stdin on stdout."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that output of libraries does not mix with the answers
    warnings.simplefilter("ignore")
    serve(sys.stdin, lambda found: print(json.dumps(found), file=out, flush=True), Side)


if __name__ == "__main__":
    main()
