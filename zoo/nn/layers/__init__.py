"""Layers that Keras lacks, and layers of Keras with a faster implementation."""

from zoo.nn.layers.attention import MultiHeadAttention
from zoo.nn.layers.convolution import Conv2D, NormalizedMaxPooling2D
from zoo.nn.layers.dense import Dense
from zoo.nn.layers.instance_norm import instance_statistics
from zoo.nn.layers.positions import SinusoidalPositions, sinusoids
from zoo.nn.layers.recurrent import GRU, LSTM, SimpleRNN

__all__ = [
    "GRU",
    "LSTM",
    "Conv2D",
    "Dense",
    "MultiHeadAttention",
    "NormalizedMaxPooling2D",
    "SimpleRNN",
    "SinusoidalPositions",
    "instance_statistics",
    "sinusoids",
]
