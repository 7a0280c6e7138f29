"""One backend's part of `test_parity.py`; run in a process of its own.

python tests/parity_run.py train FOLDER      trains every example, writes train.npz and NAME.keras
python tests/parity_run.py score FOLDER...   scores the NAME.keras of each FOLDER into scores.npz of
                                             the first, and explains one example of each kind
"""

import contextlib
import sys
from pathlib import Path

import keras
import numpy as np
from keras import ops

from zoo import explain
from zoo.models import contract, model_classes
from zoo.training.batches import Batches

STEPS = 50
BATCH_SIZE = 8

SUBJECTS = {
    subject.name: subject
    for cls in model_classes("zoo.models", "zoo.detectors")
    for subject in contract.subjects(cls)
}


def explained():
    """Names of the examples to explain: the first of each class and kind of data."""
    first = {}
    for name, subject in SUBJECTS.items():
        first.setdefault((subject.cls, subject.example.kind), name)
    return list(first.values())


@contextlib.contextmanager
def drawn_by_numpy():
    """Let NumPy draw what models draw by `keras.random` in a step: backends draw other numbers.

    Every draw of one shape and law is the same, at each step and on each backend.
    """
    before = keras.random.normal, keras.random.uniform

    def like(law):
        def draw(shape, *bounds, dtype="float32", seed=None):
            assert not bounds and seed is not None
            count, *rest = shape
            draws = law(np.random.default_rng(0), (64, *rest)).astype(dtype)
            return ops.convert_to_tensor(draws)[:count]

        return draw

    keras.random.normal = like(lambda rng, shape: rng.normal(size=shape))
    keras.random.uniform = like(lambda rng, shape: rng.uniform(size=shape))
    try:
        yield
    finally:
        keras.random.normal, keras.random.uniform = before


def train(folder):
    found = {}
    for name, subject in SUBJECTS.items():
        model, (x, y) = subject.example.make(), subject.data.pair("train")
        found[f"{name}_start"] = np.concatenate([w.ravel() for w in model.get_weights()])

        model.compile(keras.optimizers.Adam(subject.example.learning_rate))
        model.before_fit(x)
        batches = Batches(x, batch_size=BATCH_SIZE, seed=0, y=y)
        losses = []
        while len(losses) < STEPS:
            for i in range(len(batches)):
                model.reset_metrics()
                given = (batches[i],) if y is None else batches[i]
                losses.append(float(model.train_on_batch(*given, return_dict=True)["loss"]))
            batches.on_epoch_end()
        found[f"{name}_steps"] = np.array(losses[:STEPS])

        batches = Batches(x, batch_size=BATCH_SIZE, seed=1, y=y)
        found[f"{name}_epochs"] = np.array(model.fit(batches, epochs=2, verbose=0).history["loss"])
        found[f"{name}_scores"] = model.predict(x, verbose=0)
        model.save(folder / f"{name}.keras")
    np.savez(folder / "train.npz", **found)


def score(folders):
    found = {}
    for name, subject in SUBJECTS.items():
        for folder in folders:
            model, x = keras.saving.load_model(folder / f"{name}.keras"), subject.data.train
            found[f"{name}_{folder.name}"] = model.predict(x, verbose=0)
            # The same file on every backend.
            if name in explained() and folder.name == min(each.name for each in folders):
                found |= {f"{name}_{how}": each for how, each in explanations(model, x)}
    np.savez(folders[0] / "scores.npz", **found)


def explanations(model, x):
    """Pairs of method and map, of the first four samples."""
    few = x[:4]
    yield "gradient_times_input", explain.gradient_times_input(model, few)
    yield "integrated_gradients", explain.integrated_gradients(model, few, steps=8)
    yield "smooth_grad", explain.smooth_grad(model, few, samples=4)
    yield "occlusion", explain.occlusion(model, few)
    if model.errors_explain != "nothing":
        yield "error_map", explain.error_map(model, few)
    if model.center is not None:
        yield "embedding_direction", explain.embedding_direction(model, few)
    if explain.convolutions(model):
        yield "grad_cam", explain.grad_cam(model, few, normal=x)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["train", path]:
            with drawn_by_numpy():
                train(Path(path))
        case ["score", *paths]:
            score([Path(path) for path in paths])
