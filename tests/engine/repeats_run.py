"""Fit every method twice with equal seeds; print, as JSON, whose numbers differ in any bit.

    python tests/engine/repeats_run.py

A process of its own, so that the backend has its threads. Two larger models stand beside the
methods' small examples: their products are large enough for several threads of torch.
"""

import json
import warnings

import keras
import numpy as np
from sklearn.base import clone

from zoo.detectors import registry
from zoo.models import Autoencoder, DeepSVDD
from zoo.nn.networks import draw_weights, lenet, mlp
from zoo.training.batches import Batches

warnings.simplefilter("ignore")


def fitted(example):
    detector = clone(example.detector).fit(example.data.train)
    return [np.asarray(detector.anomaly_score(example.data.test)), detector.history_["loss"]]


def trained(make, shape):
    x = np.random.default_rng(0).normal(size=(1024, *shape)).astype("float32")
    model = make()
    model.compile(keras.optimizers.Adam(1e-3))
    history = model.fit(Batches(x, 64, seed=0), epochs=2, verbose=0).history
    return [model.predict(x), history["loss"], *model.get_weights()]


def larger():
    def wide():
        encoder, decoder = mlp((64,), (512, 512, 8)), mlp((8,), (512, 64))
        return Autoencoder(draw_weights(encoder, 0), draw_weights(decoder, 1), noise=0.0)

    yield (
        "LeNet",
        lambda: trained(lambda: DeepSVDD(draw_weights(lenet((28, 28, 1)), 0)), (28, 28, 1)),
    )
    yield "wide MLP", lambda: trained(wide, (64,))


def every():
    yield from larger()
    for name in registry.names():
        for example in registry.get(name).examples():
            yield f"{name} {example.name}", lambda example=example: fitted(example)


def main():
    differing, names = [], []
    for name, run in every():
        names.append(name)
        once, again = run(), run()
        if not all(np.array_equal(a, b) for a, b in zip(once, again, strict=True)):
            differing.append(name)
    threads = 0
    if keras.backend.backend() == "torch":
        import torch

        threads = torch.get_num_threads()
    print(json.dumps({"names": names, "differing": differing, "threads": threads}))


main()
