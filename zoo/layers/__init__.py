"""The few Keras layers that Keras lacks."""

from zoo.layers.hypersphere import Hypersphere

__all__ = ["Hypersphere"]
