"""How one training step is taken, on the backend that Keras runs on.

The only package that names a backend. Each of `tensorflow.py`, `jax.py` and `torch.py` gives
the same things: `Trainer` (the step methods that Keras calls), `gradients`, `apply_gradients`,
`compiled` (what it gives has `of_batches`: many batches in one call), `compiled_gradient`, `Loop`
(many steps in one call), `seed` and `numbers_a_call`. Models that are alike share programs where
there is `Abreast` (the steps of many models in one call): on JAX. It alone spreads a batch over the
cores by itself, which `on_one_core` keeps it from.
"""

import importlib
import random
from contextlib import nullcontext

from zoo.backend import ensure_backend

ensure_backend()  # before the first import of Keras

import keras  # noqa: E402
import numpy as np  # noqa: E402

_backend = importlib.import_module(f"zoo.engine.{keras.backend.backend()}.loop")

Trainer = _backend.Trainer
gradients = _backend.gradients
apply_gradients = _backend.apply_gradients
compiled = _backend.compiled
compiled_gradient = _backend.compiled_gradient
Loop = _backend.Loop
numbers_a_call = _backend.numbers_a_call
Abreast = getattr(_backend, "Abreast", None)
on_one_core = getattr(_backend, "on_one_core", nullcontext)


def forward(network):
    """What `network` makes of an array outside training, compiled once; NumPy in and out."""
    if getattr(network, "_zoo_forward", None) is None:
        network._zoo_forward = compiled(lambda x: network(x, training=False), network)
    return network._zoo_forward


def seed_everything(seed):
    """Seed Python, NumPy and this backend.

    `keras.utils.set_random_seed` would import TensorFlow wherever it is installed, which takes
    seconds on the other backends.
    """
    random.seed(seed)
    np.random.seed(seed)
    _backend.seed(seed)


__all__ = [
    "Abreast",
    "Loop",
    "Trainer",
    "apply_gradients",
    "compiled",
    "compiled_gradient",
    "forward",
    "gradients",
    "numbers_a_call",
    "on_one_core",
    "seed_everything",
]
