"""Initial weights that do not depend on the backend.

Keras draws them with the generator of the backend, so one seed gives another model on each. Here
NumPy draws them, with the distribution of each layer's initializer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
import numpy as np

from zoo.errors import InputError
from zoo.nn.initializers import draw

FIXED = ("Zeros", "Ones", "Constant")  # initializers that draw nothing
PARTS = ("cell", "query_dense", "key_dense", "value_dense", "output_dense")  # layers in layers

_drawing = ContextVar("drawing", default=True)


@contextmanager
def undrawn() -> Iterator[None]:
    """Make `draw_weights` do nothing in this context, for networks whose weights will be loaded.

    Example:
        >>> from zoo.nn.networks import mlp
        >>> model = mlp((4,), units=(2,))
        >>> before = np.array(model.get_weights()[0])
        >>> with undrawn():
        ...     _ = draw_weights(model, seed=0)
        >>> np.array_equal(before, model.get_weights()[0])
        True
    """
    token = _drawing.set(False)
    try:
        yield
    finally:
        _drawing.reset(token)


def draw_weights(model: keras.Model, seed: int) -> keras.Model:
    """Draw the weights of a model anew, in place, each with its layer's initializer.

    Args:
        model: built `keras.Model`.
        seed: of the draws, 0 or more.

    Returns:
        `model`.

    Raises:
        InputError: an initializer, or a kind of weight, that this function does not support.

    Example:
        >>> from zoo.nn.networks import mlp
        >>> first, second = (draw_weights(mlp((4,), units=(2,)), seed=0) for _ in range(2))
        >>> np.array_equal(first.get_weights()[0], second.get_weights()[0])
        True
    """
    if not _drawing.get():
        return model
    seen = set()
    rng = np.random.default_rng(seed)
    for layer in _leaves(model):
        for attribute in sorted(vars(layer)):
            variable = _variable(layer, attribute)
            if variable is None:
                continue
            seen.add(id(variable))
            initializer = getattr(layer, attribute)
            if type(initializer).__name__ not in FIXED:
                drawn = draw(initializer, tuple(variable.shape), rng)
                variable.assign(drawn.astype("float32"))
    missed = [v.path for v in model.trainable_variables if id(v) not in seen]
    if missed:
        raise InputError(f"draw_weights does not reach {missed[0]}; set these weights yourself.")
    return model


def seed_dropout(model: keras.Model, seed: int) -> keras.Model:
    """Give every dropout layer of a model a seed of its own, in place.

    Without it, Keras draws from the global generator of torch there, and no run repeats.

    Args:
        model: built `keras.Model`; networks inside it are included.
        seed: 0 or more.

    Returns:
        `model`.

    Example:
        >>> from zoo.nn.networks import transformer
        >>> network = transformer((20, 3), blocks=1, heads=2, width=8, feed_forward=16)
        >>> seed_dropout(network, seed=0) is network
        True
    """
    generators = {}
    for layer in model._flatten_layers():
        found = getattr(layer, "seed_generator", None)
        if found is not None:
            generators[id(found)] = found
    seeds = np.random.SeedSequence(seed).generate_state(len(generators))
    for generator, drawn in zip(generators.values(), seeds, strict=True):
        generator._initial_seed = int(drawn) >> 1
        generator.state.assign([int(drawn) >> 1, 0])
    return model


def _variable(layer: keras.layers.Layer, attribute: str) -> Any:
    """Return the variable of an initializer: `recurrent_kernel` of `recurrent_initializer`."""
    if not attribute.endswith("_initializer"):
        return None
    name = attribute.removesuffix("_initializer")
    found = [getattr(layer, each, None) for each in (name, f"{name}_kernel")]
    return next((each for each in found if isinstance(each, keras.Variable)), None)


def _leaves(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    children = list(getattr(layer, "layers", [])) or [getattr(layer, part, None) for part in PARTS]
    children = [child for child in children if child is not None]
    return [leaf for child in children for leaf in _leaves(child)] if children else [layer]
