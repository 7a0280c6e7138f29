"""Sequence autoencoder: encode a window of a series into one state and unroll it again.

Malhotra et al., LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector
from zoo.detectors.networks import Cell
from zoo.detectors.settings import NonNegative, Size, Units


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceAutoencoder(Detector):
    """Recurrent encoder and decoder for windows of a series; the score is the error.

    See `zoo.models.Autoencoder`, and `Detector` for the arguments that are not listed here.

    Args:
        window: rows per window.
        cell: `"lstm"`, `"gru"` or `"rnn"`.
        units: of the recurrent layers; the last is the code.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> detector = SequenceAutoencoder(window=30, cell="gru", units=(8,))
        >>> detector.make((30, 5), seed=0).decoder.output_shape  # of windows of five features
        (None, 30, 5)
    """

    window: Size = 10
    cell: Cell = "lstm"
    units: Units = (64, 16)
    weight_decay: NonNegative = 0.0

    axes = (2, 3)

    def make(self, shape: tuple[int, ...], seed: int) -> models.Autoencoder:
        return models.Autoencoder(
            networks.encoder(self.cell, shape, self.units, seed),
            networks.decoder(self.cell, shape, self.units, seed + 1),
            noise=0.0,
            weight_decay=self.weight_decay,
            seed=seed,
        )
