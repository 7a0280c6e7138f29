"""Networks by the shape of a sample: dense for tables, recurrent for windows, LeNet for images."""

from __future__ import annotations

import math
from typing import Literal, get_args

import keras

from zoo.errors import InputError
from zoo.nn.networks import draw_weights, lenet, lenet_decoder, mlp, recurrent, recurrent_decoder

Network = Literal["auto", "mlp", "rnn", "lstm", "gru", "lenet"]
Cell = Literal["lstm", "gru", "rnn"]


def choose(network: str, shape: tuple[int, ...]) -> str:
    """Return the network that `"auto"` means for a shape, or the one that was asked for.

    Raises:
        ValueError: an unknown network, or one that does not fit samples of this shape.
    """
    if network not in get_args(Network):
        raise InputError(f"network is {network!r}; choose one of {', '.join(get_args(Network))}")
    if network == "auto":
        network = {1: "mlp", 2: "gru", 3: "lenet"}[len(shape)]
    if network in ("rnn", "lstm", "gru") and len(shape) != 2:
        raise InputError(f"a {network} reads windows, but samples have shape {shape}; set window")
    if network == "lenet" and (len(shape) != 3 or shape[0] != shape[1] or shape[0] not in (28, 32)):
        raise InputError(
            f"LeNet reads images of 28×28 or 32×32 pixels, but samples have shape {shape}; resize "
            f"them, or give network='mlp'"
        )
    return network


def encoder(
    network: str, shape: tuple[int, ...], units: tuple[int, ...], seed: int, bias: bool = True
) -> keras.Model:
    """Return a network from samples of `shape` to `(n, units[-1])`, weights drawn by `seed`."""
    network = choose(network, shape)
    if network == "mlp":
        made = mlp(shape, units, bias=bias, name="encoder")
    elif network == "lenet":
        made = lenet(shape, embedding=units[-1])
    else:
        made = recurrent(shape, network, units[:-1] or units, embedding=units[-1], bias=bias)
    return draw_weights(made, seed)


def decoder(network: str, shape: tuple[int, ...], units: tuple[int, ...], seed: int) -> keras.Model:
    """Return the mirror of `encoder`: from `(n, units[-1])` back to samples of `shape`."""
    network = choose(network, shape)
    if network == "mlp":
        whole = shape if len(shape) > 1 else None
        made = mlp(
            (units[-1],), (*units[-2::-1], math.prod(shape)), output_shape=whole, name="decoder"
        )
    elif network == "lenet":
        made = lenet_decoder(shape, embedding=units[-1])
    else:
        made = recurrent_decoder(shape, network, units[:-1] or units, embedding=units[-1])
    return draw_weights(made, seed)
