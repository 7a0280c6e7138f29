"""Functions that return a built functional model."""

from zoo.networks.initial import draw_weights
from zoo.networks.lenet import lenet, lenet_decoder
from zoo.networks.mlp import mlp
from zoo.networks.recurrent import recurrent

__all__ = ["draw_weights", "lenet", "lenet_decoder", "mlp", "recurrent"]
