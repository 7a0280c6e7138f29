"""The few Keras layers that Keras lacks, and those that run faster here."""

from zoo.layers.attention import MultiHeadAttention
from zoo.layers.convolution import Conv2D, NormalizedMaxPooling2D
from zoo.layers.dense import Dense
from zoo.layers.hypersphere import Hypersphere
from zoo.layers.instance_norm import instance_statistics
from zoo.layers.positions import SinusoidalPositions, sinusoids
from zoo.layers.recurrent import GRU, LSTM, SimpleRNN

__all__ = [
    "GRU",
    "LSTM",
    "Conv2D",
    "Dense",
    "Hypersphere",
    "MultiHeadAttention",
    "NormalizedMaxPooling2D",
    "SimpleRNN",
    "SinusoidalPositions",
    "instance_statistics",
    "sinusoids",
]
