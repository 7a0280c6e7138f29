"""Scaled dot-product attention, on the backend that Keras runs on.

Each backend's `attention.py` gives `attend(query, key, value, keep)`: all of
`(n, time, heads, size)`, and `keep` `(n, heads, time, time)` the factor of each attention
weight (dropout), or None. The result has the shape of `value`. Vaswani et al., Attention Is All
You Need, NeurIPS 2017.
"""

import importlib

import keras

attend = importlib.import_module(f"zoo.engine.{keras.backend.backend()}.attention").attend

__all__ = ["attend"]
