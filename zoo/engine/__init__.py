"""How one training step is taken, on the backend that Keras runs on.

The only package that names a backend. Each of `tensorflow.py`, `jax.py` and `torch.py` gives
the same three things: `Trainer` (the step methods that Keras calls), `gradients` and
`apply_gradients`.
"""

import importlib

import keras

_backend = importlib.import_module(f"{__name__}.{keras.backend.backend()}")

Trainer = _backend.Trainer
gradients = _backend.gradients
apply_gradients = _backend.apply_gradients

__all__ = ["Trainer", "apply_gradients", "gradients"]
