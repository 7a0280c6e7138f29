"""Convolution and pooling of images, on the backend that Keras runs on.

Each backend's `convolution.py` gives `convolve(x, kernel)`, a convolution at
stride 1 that keeps height and width; `halve(x)`, the maximum of each 2×2 block; and `moments(x)`,
the mean and variance of each channel. All take `(n, height, width, channels)`.
"""

import importlib

import keras

_backend = importlib.import_module(f"zoo.engine.{keras.backend.backend()}.convolution")

convolve = _backend.convolve
halve = _backend.halve
moments = _backend.moments

__all__ = ["convolve", "halve", "moments"]
