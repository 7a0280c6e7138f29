"""Forecaster: predict each row of a series from the rows before it.

Malhotra et al., Long Short Term Memory Networks for Anomaly Detection in Time Series, ESANN 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector
from zoo.detectors.networks import Cell
from zoo.detectors.settings import LARGEST, Bounds, NonNegative, Units
from zoo.errors import InputError
from zoo.nn.networks import draw_weights, mlp


@dataclass(kw_only=True, eq=False, repr=False)
class Forecaster(Detector):
    """Recurrent forecaster for series; the score is the squared error of the prediction.

    See `zoo.models.Forecaster`, and `Detector` for the arguments that are not listed here.

    Args:
        window: rows per window: the last is predicted from the others.
        cell: `"lstm"`, `"gru"` or `"rnn"`.
        units: of the recurrent layers.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> detector = Forecaster(window=10, cell="gru", units=(8,))
        >>> detector.make((10, 3), seed=0).encoder.input_shape  # nine rows predict the tenth
        (None, 9, 3)
    """

    window: Annotated[int, Bounds(2, LARGEST)] = 10
    cell: Cell = "lstm"
    units: Units = (64,)
    weight_decay: NonNegative = 0.0

    axes = (2, 3)

    def make(self, shape: tuple[int, ...], seed: int) -> models.Forecaster:
        window, features = shape
        if window < 2:
            raise InputError(f"X has windows of {window} row; a forecaster needs 2 or more")
        encoder = networks.encoder(
            self.cell, (window - 1, features), (*self.units, self.units[-1]), seed
        )
        head = draw_weights(mlp((self.units[-1],), (features,), name="head"), seed + 1)
        return models.Forecaster(encoder, head, weight_decay=self.weight_decay)
