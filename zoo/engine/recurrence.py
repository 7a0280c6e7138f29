"""Recurrent layers as one kernel each, on the backend that Keras runs on.

Each backend's `recurrence.py` gives `simple_rnn`, `lstm` and `gru`. Their arguments are the series
`(n, time, features)`, the initial states `(n, units)`, the weights in Keras' layout, all tensors of
one float type, whether to return all outputs (`sequences`), and whether this is training. They
return the outputs `(n, time, units)`, or None, and the list of final states, the last output first.
They define gradients by all tensor arguments, but no second derivatives.

A kernel that cannot serve (the device has a better one of Keras' own, an exporter knows fewer
operations) raises `NotImplementedError`, as Keras' own kernels do.
"""

import importlib

import keras

_backend = importlib.import_module(f"zoo.engine.{keras.backend.backend()}.recurrence")

simple_rnn = _backend.simple_rnn
lstm = _backend.lstm
gru = _backend.gru

__all__ = ["gru", "lstm", "simple_rnn"]
