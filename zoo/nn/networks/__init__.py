"""Networks: functions that return a built functional `keras.Model`."""

from zoo.nn.networks.adversarial import window_discriminator, window_generator
from zoo.nn.networks.initial import draw_weights, seed_dropout, undrawn
from zoo.nn.networks.lenet import lenet, lenet_decoder
from zoo.nn.networks.mlp import mlp
from zoo.nn.networks.recurrent import recurrent, recurrent_decoder
from zoo.nn.networks.transformer import (
    transformer,
    transformer_decoder,
    transformer_reconstructor,
)

__all__ = [
    "draw_weights",
    "lenet",
    "lenet_decoder",
    "mlp",
    "recurrent",
    "recurrent_decoder",
    "seed_dropout",
    "transformer",
    "transformer_decoder",
    "transformer_reconstructor",
    "undrawn",
    "window_discriminator",
    "window_generator",
]
