"""A Keras 3 model zoo for deep anomaly detection on TensorFlow, JAX and PyTorch."""

from zoo.backend import prefer_installed

__version__ = "0.1.0"

prefer_installed()
