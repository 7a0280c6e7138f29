"""Random network distillation: learn to imitate a random network; the score is what remains.

Burda et al., Exploration by Random Network Distillation, ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from zoo.backend import Tensor
from zoo.detectors import networks
from zoo.detectors.base import Detector
from zoo.detectors.networks import Network
from zoo.detectors.settings import Units
from zoo.errors import InputError
from zoo.models.base import AnomalyModel
from zoo.models.examples import Example, row_encoder, window_encoder
from zoo.nn import losses


@keras.saving.register_keras_serializable(package="zoo")
class RandomNetworkDistillationModel(AnomalyModel):
    """A predictor f imitates a random network g that never trains: min mean ‖f(x) − g(x)‖².

    The score is the squared error of the imitation. Far from the data that f was trained on,
    nothing tells it what g gives.

    Args:
        target: built functional model g, `(n, ...)` to `(n, d)`; its weights stay as they are.
        predictor: built functional model f, with the same input and output.

    Raises:
        InputError: outputs of different shapes.
    """

    def __init__(self, target: keras.Model, predictor: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if target.output_shape != predictor.output_shape:
            raise InputError(
                f"target gives {target.output_shape} and predictor {predictor.output_shape}; "
                f"build both with the same output"
            )
        self.target = target
        self.predictor = predictor
        self.target.trainable = False
        self.build(target.input_shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield Example("rows", lambda: cls(row_encoder(), row_encoder(seed=1)), "table")
        yield Example("windows", lambda: cls(window_encoder(), window_encoder(seed=1)), "windows")

    def learn(
        self, x: Tensor, training: bool = True, sample_weight: Tensor | None = None
    ) -> dict[str, Tensor]:
        wanted = self.target(x, training=False)

        def loss() -> Tensor:
            errors = losses.squared_error(wanted, self.predictor(x, training=training))
            return losses.weighted_mean(errors, sample_weight)

        return {"loss": self.minimize(loss, "predictor")}

    def score(self, x: Tensor) -> Tensor:
        wanted = self.target(x, training=False)
        return losses.squared_error(wanted, self.predictor(x, training=False))


@dataclass(kw_only=True, eq=False, repr=False)
class RandomNetworkDistillation(Detector):
    """Random network distillation; the score is the error of imitating a random network.

    See `RandomNetworkDistillationModel`, and `Detector` for the arguments that are not listed here.

    Args:
        network: `"mlp"`, `"rnn"`, `"lstm"`, `"gru"`, `"lenet"`; `"auto"`: mlp for tables, gru for
            windows, lenet for images.
        units: of the layers of both networks, the last is their output.

    Example:
        >>> detector = RandomNetworkDistillation(units=(16, 8))  # fitted as an Autoencoder is
        >>> model = detector.make((5,), seed=0)
        >>> model.target.trainable, model.predictor.output_shape
        (False, (None, 8))
    """

    network: Network = "auto"
    units: Units = (64, 32)

    def make(self, shape: tuple[int, ...], seed: int) -> RandomNetworkDistillationModel:
        return RandomNetworkDistillationModel(
            networks.encoder(self.network, shape, self.units, seed),
            networks.encoder(self.network, shape, self.units, seed + 1),
        )
