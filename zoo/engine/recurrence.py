"""Recurrent layers as one kernel each, on the backend that Keras runs on.

Each of `tensorflow.py`, `jax.py` and `torch.py` gives `simple_rnn`, `lstm` and `gru`. They take
a whole series `(n, time, features)`, the initial states `(n, units)`, and the weights in Keras'
layout, all of them tensors of one float type, and whether all outputs are wanted (`sequences`) and
whether this is training; they return the outputs `(n, time, units)`, or None, and the list of final
states, the last output first. Gradients by everything that goes in are theirs; second derivatives
are not.

A kernel that does not suit the moment (a device with a better one of Keras' own, an export to a
format of fewer operations) raises `NotImplementedError`, as Keras' own kernels do.
"""

import importlib

import keras

_backend = importlib.import_module(f"zoo.engine.{keras.backend.backend()}.recurrence")

simple_rnn = _backend.simple_rnn
lstm = _backend.lstm
gru = _backend.gru

__all__ = ["gru", "lstm", "simple_rnn"]
