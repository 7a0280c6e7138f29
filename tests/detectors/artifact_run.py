"""Under one backend: fit and save every method, or score what another backend saved.

Run by `test_artifact.py` in a process of its own:

    python artifact_run.py save FOLDER
    python artifact_run.py load FOLDER OUT.npz
"""

import sys
from pathlib import Path

import numpy as np

import zoo
from zoo.detectors import registry

LATENT = np.random.default_rng(0).normal(size=(200, 1)).repeat(3, axis=1)
X = LATENT * [1, -2, 3] + 0.1 * np.random.default_rng(1).normal(size=(200, 3))
SIZES = {
    "transformer-gan": {"width": 8, "blocks": 1, "coupling": "joint", "window": 4},
    "sequence-autoencoder": {"units": (8, 4), "window": 4},
    "forecaster": {"units": (8,), "window": 4},
}


def save(folder):
    for method, kind in registry.classes().items():
        settings = SIZES.get(method, {"units": (8, 4)})
        detector = kind(epochs=2, learning_rate=1e-2, random_state=0, **settings).fit(X)
        detector.save(folder / f"{method}.zoo")
        np.savez(folder / f"{method}.npz", score=detector.anomaly_score(X), out=detector.predict(X))


def load(folder, out):
    found = {}
    for file in sorted(folder.glob("*/*.zoo")):
        detector = zoo.load(file)
        name = f"{file.parent.name}_{file.stem}"
        found[f"{name}_score"] = detector.anomaly_score(X)
        found[f"{name}_out"] = detector.predict(X)
    np.savez(out, **found)


if __name__ == "__main__":
    if sys.argv[1] == "save":
        save(Path(sys.argv[2]))
    else:
        load(Path(sys.argv[2]), sys.argv[3])
