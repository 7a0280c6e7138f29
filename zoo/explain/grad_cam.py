"""Grad-CAM for detectors: which parts of an image its score comes from.

Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops
from scipy.ndimage import zoom

from zoo import engine
from zoo.errors import InputError
from zoo.explain.samples import as_samples
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
ELSEWHERE = "integrated_gradients, occlusion and, where it redraws its input, error_map fit it"


def convolutions(model) -> list[str]:
    """Names of the convolutional layers of a model and of the networks in it, input side first.

    Args:
        model: a `zoo.models.base.AnomalyModel`, or any Keras model.
    """
    return [layer.name for layer in _layers(model) if isinstance(layer, CONVOLUTIONS)]


def grad_cam(
    model,
    images,
    layer: str | None = None,
    normal=None,
    pooled: bool = False,
    score: Callable | None = None,
) -> np.ndarray:
    """Where in an image the score comes from, by the feature maps of a layer.

    The target is the **anomaly score itself**: the distance to the center, or the reconstruction
    error. A one-class network has no class logits. Taking the largest coordinate of the embedding
    for one, as is sometimes done, asks what made that coordinate large, which says nothing of the
    distance: a coordinate may be the largest where the sample is perfectly normal.

    With feature maps A and score s, the map is max(0, Σₖ wₖ (Aₖ − A⁰ₖ)), enlarged to the image.

    - A⁰ is the mean of the feature maps of `normal` images, or 0. The score says how far a sample
      is from normal, and so should its map: with A⁰ = 0 half of it shows the strokes that every
      sample has. Give normal images where there are any.
    - `pooled=False`: w = ∂s/∂A at each place. What the score gains is credited to where it gains
      it; for a network that is linear after the layer this is exact (HiResCAM, Draelos & Carin,
      arXiv:2011.08891, 2020).
    - `pooled=True`: w = the mean of ∂s/∂A over all places, as in the original. It fits networks
      that end in global average pooling, where both are the same. After a dense layer, as in LeNet,
      the mean loses where the gradient was.

    Args:
        model: a `zoo.models.base.AnomalyModel` on images `(n, height, width, channels)`, or on
        windows
            `(n, time, features)` with a network that convolves them.
        images: `(n, height, width, channels)`, as the model scores them.
        layer: name of the layer; None: where the last convolution of the encoder ends up, after
            the normalisation and activation that follow it. An earlier one is sharper.
        normal: `(m, height, width, channels)`, some training images, or None.
        pooled: how the feature maps are weighed.
        score: function of a batch to `(n,)` in `keras.ops`, to be explained in place of the model's
            own: a Mahalanobis distance of its embeddings, for one.

    Returns:
        `(n, height, width)` float32, 0 or more, in units of the score; not scaled, so that maps of
        different images compare.

    Raises:
        ValueError: a network without convolution, an unknown layer, or one whose output has no
            places.
    """
    images = as_samples(model, images)
    chosen = _find(model, layer)
    size = images.shape[1:-1]
    target = score or model.score

    def activation(x):
        seen = []
        with _intercepted(chosen, lambda output: seen.append(output) or output):
            target(x)
        if not seen or len(seen[0].shape) != len(size) + 2 or seen[0].shape[0] != x.shape[0]:
            shape = tuple(seen[0].shape) if seen else "nothing"
            raise InputError(
                f"layer {chosen.name!r} gives {shape} while {type(model).__name__} scores; "
                f"expected one map of {len(size)} axes and channels a sample: choose one of "
                f"{', '.join(convolutions(model))}"
            )
        return ops.cast(seen[0], "float32")

    def score_by_maps(maps, x):
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


def _find(model, name: str | None) -> keras.layers.Layer:
    names = convolutions(model)
    if not names:
        raise InputError(
            f"{type(model).__name__} has no convolutional layer, so no maps to look at; {ELSEWHERE}"
        )
    layers = list(_layers(model))
    if name is None:
        return _last_of_first_network(layers)
    found = [layer for layer in layers if layer.name == name]
    if not found:
        raise InputError(f"there is no layer {name!r}; choose one of {', '.join(names)}")
    return found[0]


def _last_of_first_network(layers) -> keras.layers.Layer:
    """The last layer of the last convolution's module in the network that reads the image."""
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


def _layers(model) -> Iterator[keras.layers.Layer]:
    """Layers of a model and of the models in it, in order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


@contextlib.contextmanager
def _intercepted(layer, through) -> Iterator[None]:
    """Let a layer give `through(its output)`, for as long as the block runs."""
    call = layer.call
    object.__setattr__(layer, "call", lambda *args, **kwargs: through(call(*args, **kwargs)))
    try:
        yield
    finally:
        object.__delattr__(layer, "call")
