"""How one training step is taken, on the backend that Keras runs on.

The only package that names a backend. Each of the folders `jax`, `tensorflow` and `torch` has a
page `reference.py` of public API alone: the step methods that Keras calls (`Trainer`),
`gradients`, `apply_gradients`, `compute` and `input_gradient`. The other files make it fast:
`loop.py` (`Loop`: many steps per call; `Program`: many batches per call) and a kernel each for
recurrence, convolution and attention.

`use` switches between the two ways at run time; so does the environment variable `ZOO_ENGINE`.

Models that are alike share programs where there is a `VectorizedLoop` (the steps of many models in
one call): on JAX. JAX alone shards a batch over the cores by itself; `on_one_core` prevents it.
"""

import importlib
import os
import random
from contextlib import nullcontext
from typing import Any

from zoo.backend import ensure_backend

ensure_backend()  # before the first import of Keras

import keras  # noqa: E402
import numpy as np  # noqa: E402

from zoo.engine.functions import (  # noqa: E402
    Function,
    compiled,
    compiled_gradient,
    forward,
    share_forward,
)
from zoo.engine.switch import ENGINES, fast, in_use, step_aside, use  # noqa: E402

_backend = importlib.import_module(f"zoo.engine.{keras.backend.backend()}.loop")
_reference = importlib.import_module(f"zoo.engine.{keras.backend.backend()}.reference")

Trainer = _reference.Trainer
gradients = _reference.gradients
apply_gradients = _reference.apply_gradients
Loop = _backend.Loop
numbers_per_call = _backend.numbers_per_call
VectorizedLoop: Any = getattr(_backend, "VectorizedLoop", None)
on_one_core = getattr(_backend, "on_one_core", nullcontext)

use(os.environ.get("ZOO_ENGINE") or "fast")


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and this backend.

    `keras.utils.set_random_seed` would import TensorFlow wherever it is installed, which takes
    seconds on the other backends.
    """
    random.seed(seed)
    np.random.seed(seed)
    _backend.seed(seed)


__all__ = [
    "ENGINES",
    "Function",
    "Loop",
    "Trainer",
    "VectorizedLoop",
    "apply_gradients",
    "compiled",
    "compiled_gradient",
    "fast",
    "forward",
    "gradients",
    "in_use",
    "numbers_per_call",
    "on_one_core",
    "seed_everything",
    "share_forward",
    "step_aside",
    "use",
]
