"""Autoencoders as scikit-learn estimators: dense, variational, and for windows of a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector


@dataclass(kw_only=True, eq=False, repr=False)
class Autoencoder(Detector):
    """Redraw normal data; the score is the error. Denoising, unless `noise` and `mask` are 0.

    Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, ICML 2008.
    See `zoo.models.Autoencoder`, and `Detector` for the arguments that are not named here.

    Args:
        window: rows a window, where `X` is a series; None where it is not.
        network: `"mlp"`, `"rnn"`, `"lstm"`, `"gru"`, `"lenet"`; `"auto"`: mlp for tables, gru for
            windows, lenet for images.
        units: of the encoder, the code's last; the decoder mirrors them. With noise the code need
            not be narrow; without, give fewer numbers than features.
        noise: standard deviation of the noise added in training, in scaled units.
        mask: share of the numbers set to zero in training.
        sparsity: weight of the code's L1 norm.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(200, 3))
        >>> table = Autoencoder(epochs=2, random_state=0).fit(x).detect(x)
        >>> list(table.columns)
        ['score', 'probability', 'anomaly']
    """

    window: int | None = None
    network: str = "auto"
    units: tuple[int, ...] = (128, 128)
    noise: float = 0.5
    mask: float = 0.0
    sparsity: float = 0.0
    weight_decay: float = 0.0

    def make(self, shape, seed):
        return models.Autoencoder(
            networks.encoder(self.network, shape, self.units, seed),
            networks.decoder(self.network, shape, self.units, seed + 1),
            noise=self.noise,
            mask=self.mask,
            sparsity=self.sparsity,
            weight_decay=self.weight_decay,
            seed=seed,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class VariationalAutoencoder(Detector):
    """Redraw normal data from a code that is a distribution; the score is by likelihood.

    Kingma & Welling, ICLR 2014; An & Cho, reconstruction probability, 2015. See
    `zoo.models.VariationalAutoencoder`, and `Detector` for the arguments not named here.

    Args:
        window: rows a window, where `X` is a series; the network is dense all the same.
        units: of the encoder's hidden layers; the decoder mirrors them.
        code: numbers of the code.
        beta: weight of the divergence.
        scale: standard deviation of p(x|z), in scaled units; None lets the decoder tell.
        score_by: `"reconstruction_probability"`, `"reconstruction_error"` or `"elbo"`.
        samples: codes drawn for each score.

    Example:
        >>> detector = VariationalAutoencoder(units=(16, 8), code=2)  # fitted as an Autoencoder is
        >>> detector.make((5,), seed=0).encoder.output_shape  # mean and log variance of each number
        (None, 4)
    """

    window: int | None = None
    units: tuple[int, ...] = (64, 32)
    code: int = 8
    beta: float = 1.0
    scale: float | None = 0.7
    score_by: str = "reconstruction_error"
    samples: int = 16

    def make(self, shape, seed):
        drawn = shape if self.scale is not None else (*shape[:-1], 2 * shape[-1])
        return models.VariationalAutoencoder(
            networks.encoder("mlp", shape, (*self.units, 2 * self.code), seed),
            networks.decoder("mlp", drawn, (*self.units, self.code), seed + 1),
            beta=self.beta,
            scale=self.scale,
            score_by=self.score_by,
            samples=self.samples,
            seed=seed,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceAutoencoder(Detector):
    """Encode a window of a series into one state and unroll it again; the score is the error.

    Malhotra et al., LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection, 2016. See
    `Detector` for the arguments that are not named here.

    Args:
        window: rows a window.
        cell: `"lstm"`, `"gru"` or `"rnn"`.
        units: of the recurrent layers and last of the code.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> detector = SequenceAutoencoder(window=30, cell="gru", units=(8,))
        >>> detector.make((30, 5), seed=0).decoder.output_shape  # of windows of five features
        (None, 30, 5)
    """

    window: int = 10
    cell: Literal["lstm", "gru", "rnn"] = "lstm"
    units: tuple[int, ...] = (64, 16)
    weight_decay: float = 0.0

    axes = (2, 3)

    def make(self, shape, seed):
        return models.Autoencoder(
            networks.encoder(self.cell, shape, self.units, seed),
            networks.decoder(self.cell, shape, self.units, seed + 1),
            weight_decay=self.weight_decay,
            seed=seed,
        )
