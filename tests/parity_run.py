"""One backend's part of `test_parity.py`; run in a process of its own.

python tests/parity_run.py train FOLDER    trains every model, writes train.npz and NAME.keras
python tests/parity_run.py score FOLDER... scores the NAME.keras of each FOLDER into scores.npz
                                           of the first
"""

import sys
from pathlib import Path

import keras
import numpy as np

from zoo.engine.batches import Batches
from zoo.models import DeepSVDD, HybridDeepSVDD
from zoo.networks import draw_weights, lenet, lenet_decoder, recurrent

STEPS = 50


def images():
    """Smooth shapes of many sizes and places, with noise, in [0, 1]."""
    rng = np.random.default_rng(0)
    axis = np.linspace(-1, 1, 28)
    y, x = rng.normal(size=(2, 96, 1, 1)) * 0.3
    width = rng.uniform(0.1, 0.5, size=(96, 1, 1))
    blobs = np.exp(-((axis[:, None] - y) ** 2 + (axis - x) ** 2) / width)
    blobs += rng.uniform(size=blobs.shape) * 0.1
    return (blobs / blobs.max())[..., None].astype("float32")


def windows():
    """Random walks of 12 steps in 5 channels."""
    steps = np.random.default_rng(1).normal(size=(96, 12, 5)) * 0.5
    return np.cumsum(steps, axis=1).astype("float32")


def models():
    """Name to model, with weights that NumPy drew, and the data it trains on."""
    yield (
        "svdd",
        DeepSVDD(draw_weights(lenet((28, 28, 1)), 0), center_rate=0.01, weight_decay=1e-4),
        images(),
    )
    yield (
        "hybrid",
        HybridDeepSVDD(
            draw_weights(lenet((28, 28, 1)), 0),
            draw_weights(lenet_decoder((28, 28, 1)), 1),
            weight_decay=1e-4,
        ),
        images(),
    )
    yield (
        "gru",
        DeepSVDD(draw_weights(recurrent((12, 5), "gru", (16, 16)), 0), center_rate=0.001),
        windows(),
    )


def train(folder):
    found = {}
    for name, model, x in models():
        model.compile(keras.optimizers.Adam(1e-3))
        found[f"{name}_start"] = np.concatenate([w.ravel() for w in model.get_weights()])

        model.before_fit(x)
        batches = Batches(x, batch_size=24, seed=0)
        losses = []
        while len(losses) < STEPS:
            for i in range(len(batches)):
                model.reset_metrics()
                losses.append(float(model.train_on_batch(batches[i], return_dict=True)["loss"]))
            batches.on_epoch_end()
        found[f"{name}_steps"] = np.array(losses[:STEPS])

        history = model.fit(Batches(x, batch_size=24, seed=1), epochs=3, verbose=0).history
        found[f"{name}_epochs"] = np.array(history["loss"])
        found[f"{name}_scores"] = model.predict(x, verbose=0)
        model.save(folder / f"{name}.keras")
    np.savez(folder / "train.npz", **found)


def score(folders):
    found = {}
    for folder in folders:
        for name, _, x in models():
            model = keras.saving.load_model(folder / f"{name}.keras")
            found[f"{name}_{folder.name}"] = model.predict(x, verbose=0)
    np.savez(folders[0] / "scores.npz", **found)


if __name__ == "__main__":
    verb, *paths = sys.argv[1:]
    if verb == "train":
        train(Path(paths[0]))
    else:
        score([Path(path) for path in paths])
