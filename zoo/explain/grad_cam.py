"""Grad-CAM for anomaly scores: which parts of an image a score comes from.

Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.ndimage import zoom

from zoo import engine
from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.explain.samples import as_samples
from zoo.models.base import AnomalyModel
from zoo.training.pieces import in_pieces

CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)
ALTERNATIVES = (
    "integrated_gradients, occlusion and, for a model that reconstructs, error_map fit it"
)


def convolutions(model: keras.Model) -> list[str]:
    """Return the names of the convolutional layers of a model, those near the input first.

    Args:
        model: a `zoo.models.base.AnomalyModel`, or any Keras model; networks in it are included.
    """
    return [layer.name for layer in _layers(model) if isinstance(layer, CONVOLUTIONS)]


def grad_cam(
    model: AnomalyModel,
    images: Any,
    layer: str | None = None,
    normal: Any = None,
    pooled: bool = False,
    score: Callable[[Tensor], Tensor] | None = None,
) -> np.ndarray:
    """Return where in an image the score comes from, by the feature maps of a layer.

    The target is the **anomaly score itself**: the distance to the center, or the reconstruction
    error. A one-class network has no class logits. The largest coordinate of the embedding, which
    is sometimes used instead, is no measure of the distance to the center: it may be largest where
    the sample is perfectly normal.

    With feature maps A and score s, the map is max(0, Σₖ wₖ (Aₖ − A⁰ₖ)), resized to the image.

    - A⁰ is the mean of the feature maps of `normal` images, or 0. The score measures the distance
      from normal, so the map should, too: with A⁰ = 0 it also shows what every sample has. Give
      normal images if there are any.
    - `pooled=False`: w = ∂s/∂A at each position; exact for a network that is linear after the layer
      (HiResCAM, Draelos & Carin, arXiv:2011.08891, 2020).
    - `pooled=True`: w = the mean of ∂s/∂A over all positions, as in the original. It fits networks
      that end in global average pooling, where both are equal. After a dense layer, as in LeNet,
      the mean discards the position of the gradient.

    Args:
        model: a `zoo.models.base.AnomalyModel` on images `(n, height, width, channels)`, or on
            windows `(n, time, features)` with a convolutional network.
        images: `(n, height, width, channels)`, as the model scores them.
        layer: name of the layer; None takes the last convolution of the encoder, after the
            normalisation and activation that follow it. An earlier one gives a sharper map.
        normal: `(m, height, width, channels)`, some training images, or None.
        pooled: how the feature maps are weighted.
        score: function of a batch to `(n,)` in `keras.ops` that is explained in place of
            `model.score`, for example a Mahalanobis distance of the embeddings.

    Returns:
        `(n, height, width)` float32, 0 or more, in units of the score; not normalised, so that maps
        of different images can be compared.

    Raises:
        InputError: a network without convolution, an unknown layer, or one whose output has no
            spatial axes.
    """
    images = as_samples(model, images)
    chosen = _find(model, layer)
    size = images.shape[1:-1]
    target = score or model.score

    def activation(x: Tensor) -> Tensor:
        seen: list[Tensor] = []

        def keep(output: Tensor) -> Tensor:
            seen.append(output)
            return output

        with _intercepted(chosen, keep):
            target(x)
        if not seen or len(seen[0].shape) != len(size) + 2 or seen[0].shape[0] != x.shape[0]:
            shape = tuple(seen[0].shape) if seen else "nothing"
            raise InputError(
                f"layer {chosen.name!r} gives {shape} while {type(model).__name__} scores; "
                f"expected one map of {len(size)} axes and channels a sample: choose one of "
                f"{', '.join(convolutions(model))}"
            )
        return ops.cast(seen[0], "float32")

    def score_by_maps(maps: Tensor, x: Tensor) -> Tensor:
        with _intercepted(chosen, lambda output: ops.cast(maps, output.dtype)):
            return target(x)

    look = engine.compiled(activation, model)
    (maps,) = in_pieces(lambda x: (look(x),), images)
    usual = 0.0
    if normal is not None:
        usual = in_pieces(lambda x: (look(x),), as_samples(model, normal))[0].mean(axis=0)
    _, gradient = in_pieces(engine.compiled_gradient(score_by_maps, model), maps, images)
    if pooled:
        gradient = gradient.mean(axis=tuple(range(1, maps.ndim - 1)), keepdims=True)
    raw = np.maximum(np.sum(gradient * (maps - usual), axis=-1), 0)
    factors = [1, *(wanted / found for wanted, found in zip(size, raw.shape[1:], strict=True))]
    return zoom(raw, factors, order=1, mode="nearest", grid_mode=True).astype("float32")


def _find(model: keras.Model, name: str | None) -> keras.layers.Layer:
    names = convolutions(model)
    if not names:
        raise InputError(
            f"{type(model).__name__} has no convolutional layer, so no feature maps; {ALTERNATIVES}"
        )
    layers = list(_layers(model))
    if name is None:
        return _last_of_first_network(layers)
    found = [layer for layer in layers if layer.name == name]
    if not found:
        raise InputError(f"there is no layer {name!r}; choose one of {', '.join(names)}")
    return found[0]


def _last_of_first_network(layers: list[keras.layers.Layer]) -> keras.layers.Layer:
    """Return the last layer of the last convolutional block of the network that reads images."""
    shaped = (
        keras.layers.BatchNormalization,
        keras.layers.Activation,
        keras.layers.ReLU,
        keras.layers.LeakyReLU,
    )
    chosen = None
    for before, layer in zip([None, *layers], layers, strict=False):
        if isinstance(layer, keras.layers.InputLayer) and chosen is not None:
            break  # the next network
        follows = isinstance(layer, shaped) and before is chosen is not None
        if isinstance(layer, CONVOLUTIONS) or follows:
            chosen = layer
    return chosen


def _layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model and of the models in it, in order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


@contextlib.contextmanager
def _intercepted(layer: keras.layers.Layer, through: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Let a layer return `through(its output)` in this context."""
    call = layer.call
    object.__setattr__(layer, "call", lambda *args, **kwargs: through(call(*args, **kwargs)))
    try:
        yield
    finally:
        object.__delattr__(layer, "call")
