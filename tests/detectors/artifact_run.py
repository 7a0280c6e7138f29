"""Under one backend: fit and save every method, or score what another backend saved.

Run by `test_artifact.py` in a process of its own:

    python artifact_run.py save FOLDER
    python artifact_run.py load FOLDER OUT.npz
"""

import sys
from pathlib import Path

import numpy as np

import zoo
from zoo.detectors import contract, registry

SUBJECTS = {
    subject.name: subject
    for cls in registry.classes().values()
    for subject in contract.subjects(cls)
}


def save(folder):
    for name, subject in SUBJECTS.items():
        detector = subject.new(epochs=2).fit(subject.data.train)
        detector.save(folder / f"{name}.zoo")
        x = subject.data.test
        np.savez(folder / f"{name}.npz", score=detector.anomaly_score(x), out=detector.predict(x))


def load(folder, out):
    found = {}
    for file in sorted(folder.glob("*/*.zoo")):
        detector, x = zoo.load(file), SUBJECTS[file.stem].data.test
        name = f"{file.parent.name}_{file.stem}"
        found[f"{name}_score"] = detector.anomaly_score(x)
        found[f"{name}_out"] = detector.predict(x)
    np.savez(out, **found)


if __name__ == "__main__":
    if sys.argv[1] == "save":
        save(Path(sys.argv[2]))
    else:
        load(Path(sys.argv[2]), sys.argv[3])
