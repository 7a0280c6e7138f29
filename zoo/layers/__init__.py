"""The few Keras layers that Keras lacks."""

from zoo.layers.hypersphere import Hypersphere
from zoo.layers.instance_norm import instance_statistics
from zoo.layers.positions import SinusoidalPositions, sinusoids

__all__ = ["Hypersphere", "SinusoidalPositions", "instance_statistics", "sinusoids"]
