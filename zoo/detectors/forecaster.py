"""A forecaster as a scikit-learn estimator: what it predicted wrong is strange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector
from zoo.errors import InputError
from zoo.nn.networks import draw_weights, mlp


@dataclass(kw_only=True, eq=False, repr=False)
class Forecaster(Detector):
    """Predict each row of a series from the ones before; the score is the squared error.

    Malhotra et al., Long Short Term Memory Networks for Anomaly Detection in Time Series, ESANN
    2015. See `zoo.models.Forecaster`, and `Detector` for the arguments not named here.

    Args:
        window: rows a window: the last is predicted from the others; 2 or more.
        cell: `"lstm"`, `"gru"` or `"rnn"`.
        units: of the recurrent layers.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> detector = Forecaster(window=10, cell="gru", units=(8,))
        >>> detector.make((10, 3), seed=0).encoder.input_shape  # nine rows, to tell the tenth
        (None, 9, 3)
    """

    window: int = 10
    cell: Literal["lstm", "gru", "rnn"] = "lstm"
    units: tuple[int, ...] = (64,)
    weight_decay: float = 0.0

    axes = (2, 3)

    def make(self, shape, seed):
        window, features = shape
        if window < 2:
            raise InputError(f"window is {window}; a forecaster needs 2 rows or more")
        encoder = networks.encoder(
            self.cell, (window - 1, features), (*self.units, self.units[-1]), seed
        )
        head = draw_weights(mlp((self.units[-1],), (features,), name="head"), seed + 1)
        return models.Forecaster(encoder, head, weight_decay=self.weight_decay)
