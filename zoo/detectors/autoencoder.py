"""Denoising autoencoder: reconstruct a sample from a damaged copy.

Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, ICML 2008.
"""

from __future__ import annotations

from dataclasses import dataclass

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector
from zoo.detectors.networks import Network
from zoo.detectors.settings import NonNegative, Share, Units


@dataclass(kw_only=True, eq=False, repr=False)
class Autoencoder(Detector):
    """Denoising autoencoder; the score is the reconstruction error.

    With `noise=0` and `mask=0` it is a plain one. See `zoo.models.Autoencoder`, and `Detector` for
    the arguments that are not listed here.

    Args:
        network: `"mlp"`, `"rnn"`, `"lstm"`, `"gru"`, `"lenet"`; `"auto"`: mlp for tables, gru for
            windows, lenet for images.
        units: of the encoder's layers, the last is the code; the decoder mirrors them. With noise
            the code need not be narrow; without, give fewer units than features.
        noise: standard deviation of the noise added in training, in scaled units.
        mask: share of the values set to zero in training.
        sparsity: weight of the L1 norm of the code.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(200, 3))
        >>> table = Autoencoder(epochs=2, random_state=0).fit(x).detect(x)
        >>> list(table.columns)
        ['score', 'probability', 'anomaly']
    """

    network: Network = "auto"
    units: Units = (128, 128)
    noise: NonNegative = 0.5
    mask: Share = 0.0
    sparsity: NonNegative = 0.0
    weight_decay: NonNegative = 0.0

    def make(self, shape: tuple[int, ...], seed: int) -> models.Autoencoder:
        return models.Autoencoder(
            networks.encoder(self.network, shape, self.units, seed),
            networks.decoder(self.network, shape, self.units, seed + 1),
            noise=self.noise,
            mask=self.mask,
            sparsity=self.sparsity,
            weight_decay=self.weight_decay,
            seed=seed,
        )
