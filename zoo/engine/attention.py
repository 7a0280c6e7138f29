"""Scaled dot-product attention, on the backend that Keras runs on.

Each of `tensorflow.py`, `jax.py` and `torch.py` gives `attend(query, key, value, keep)`: all of
`(n, time, heads, size)`, and `keep` `(n, heads, time, time)` what each weight is multiplied by
(dropout), or None. The result has the shape of `value`. Vaswani et al., Attention Is All You Need,
NeurIPS 2017.
"""

import importlib

import keras

attend = importlib.import_module(f"zoo.engine.{keras.backend.backend()}.attention").attend

__all__ = ["attend"]
