"""Every private attribute of Keras, JAX, TensorFlow or torch that zoo uses, a line each.

A new version of a library may rename one: this test then says which. zoo's source is searched, so
that none is used without a line here. Written for Keras 3.15.1, torch 2.13, JAX 0.10, TF 2.21.
"""

import importlib
import re
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).parents[2]
MODEL = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
MODEL.compile("sgd")
OPTIMIZER = MODEL.optimizer
ATTENTION = keras.layers.MultiHeadAttention(1, 2)
ATTENTION.build((None, 3, 2), (None, 3, 2))
MASKED = keras.layers.Masking()(keras.Input((3, 2)))

# library, owner, attribute, file of zoo, why
USED = [
    ("keras", MODEL, "_flatten_layers", "zoo/models/many.py", "all layers of nested networks"),
    ("keras", MODEL, "_initial_epoch", "zoo/training/epochs.py", "BackupAndRestore resumes there"),
    ("keras", MODEL, "_should_eval", "zoo/training/epochs.py", "validation_freq"),
    ("keras", MODEL.outputs[0], "_keras_history", "zoo/models/many.py", "the graph of a network"),
    ("keras", MODEL.layers[0], "_inbound_nodes", "zoo/models/many.py", "the graph of a network"),
    ("keras", OPTIMIZER, "_learning_rate", "zoo/models/many.py", "a schedule is only there"),
    ("keras", OPTIMIZER, "_variables", "zoo/training/optimizers.py", "own variables, not all"),
    ("keras", OPTIMIZER, "_trainable_variables", "zoo/training/optimizers.py", "whose they are"),
    ("keras", ATTENTION, "_query_dense", "zoo/nn/layers/attention.py", "projection weights"),
    ("keras", ATTENTION, "_key_dense", "zoo/nn/layers/attention.py", "projection weights"),
    ("keras", ATTENTION, "_value_dense", "zoo/nn/layers/attention.py", "projection weights"),
    ("keras", ATTENTION, "_output_dense", "zoo/nn/layers/attention.py", "projection weights"),
    ("keras", ATTENTION, "_dropout_layer", "zoo/nn/layers/attention.py", "its seed"),
    ("keras", ATTENTION, "_num_heads", "zoo/nn/layers/attention.py", "sizes"),
    ("keras", ATTENTION, "_key_dim", "zoo/nn/layers/attention.py", "sizes"),
    ("keras", ATTENTION, "_value_dim", "zoo/nn/layers/attention.py", "sizes"),
    ("keras", ATTENTION, "_dropout", "zoo/nn/layers/attention.py", "its rate"),
    ("keras", ATTENTION, "_use_gate", "zoo/nn/layers/attention.py", "gated attention is Keras'"),
    ("keras", MASKED, "_keras_mask", "zoo/nn/layers/attention.py", "masks are Keras'"),
    ("keras", keras.random.SeedGenerator(0), "_initial_seed", "zoo/nn/networks/initial.py",
     "dropout is seeded anew"),
    ("torch", "torch", "_VF", "zoo/engine/torch/recurrence.py", "torch's recurrent kernels"),
    ("torch", "torch._C", "_are_functorch_transforms_active", "zoo/engine/torch/recurrence.py",
     "exporters trace through functorch"),
]  # fmt: skip
PRIVATE = re.compile(r"\b(?:torch\._[a-zA-Z]\w*|jax\._src|tensorflow\.python|keras\.src)\b")


@pytest.mark.parametrize("line", USED, ids=lambda line: f"{line[0]}-{line[2]}")
def test_each_exists_and_is_used_where_it_says(line):
    library, owner, name, path, _ = line
    if isinstance(owner, str):
        if library != keras.backend.backend():
            pytest.skip(f"needs {library}")
        owner = importlib.import_module(owner)
    assert hasattr(owner, name)
    assert re.search(rf"\b{name}\b", (ROOT / path).read_text())


def libraries_own_attributes():
    """Names that begin with one underscore and that Keras gives its objects."""
    rnn = keras.layers.GRU(1)
    kinds = [MODEL, OPTIMIZER, ATTENTION, rnn, rnn.cell, MODEL.outputs[0], MODEL.weights[0]]
    kinds += [MASKED, keras.layers.BatchNormalization(), keras.random.SeedGenerator(0)]
    names = {name for each in kinds for name in {*dir(each), *vars(each)}}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def test_none_is_used_without_a_line():
    known = {line[2] for line in USED}
    keras_own = libraries_own_attributes()
    for path in sorted((ROOT / "zoo").rglob("*.py")):
        text = path.read_text()
        own = set(re.findall(r"(?:def |class )(_[a-z]\w*)", text))
        own |= set(re.findall(r"self\.(_[a-z]\w*)(?:: [^=\n]+)? = ", text))
        used = set(re.findall(r"[\w\])]\.(_[a-z]\w*)|attr\([^()]*\"(_[a-z]\w*)", text))
        used = {name for pair in used for name in pair if name}
        unlisted = {name for name in used & keras_own - own if name not in known}
        assert not unlisted, f"{path}: {sorted(unlisted)} of Keras; add a line above"
        inside = {found.split(".")[1] for found in PRIVATE.findall(text)}
        assert inside <= known | {"_C"}, f"{path}: {sorted(inside - known)} is private"
