"""Variational autoencoder: a code that is a distribution, and a score by likelihood.

Kingma & Welling, Auto-Encoding Variational Bayes, ICLR 2014; An & Cho, Variational Autoencoder
based Anomaly Detection using Reconstruction Probability, 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector
from zoo.detectors.examples import Example, tiny
from zoo.detectors.settings import Few, NonNegative, Positive, Size, Units


@dataclass(kw_only=True, eq=False, repr=False)
class VariationalAutoencoder(Detector):
    """Variational autoencoder; the score is the reconstruction error or a likelihood.

    Its network is dense, also for windows of a series. See `zoo.models.VariationalAutoencoder`, and
    `Detector` for the arguments that are not listed here.

    Args:
        units: of the encoder's hidden layers; the decoder mirrors them.
        code: size of the code.
        beta: weight of the divergence.
        scale: standard deviation of p(x|z), in scaled units; None: the decoder learns it.
        score_by: `"reconstruction_probability"`, `"reconstruction_error"` or `"elbo"`.
        samples: codes drawn for each score.

    Example:
        >>> detector = VariationalAutoencoder(units=(16, 8), code=2)  # fitted as an Autoencoder is
        >>> detector.make((5,), seed=0).encoder.output_shape  # a mean and a log variance per number
        (None, 4)
    """

    units: Units = (64, 32)
    code: Size = 8
    beta: NonNegative = 1.0
    scale: Positive | None = 0.7
    score_by: Literal["reconstruction_probability", "reconstruction_error", "elbo"] = (
        "reconstruction_error"
    )
    samples: Few = 16

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield from super().examples()
        yield Example("series with its own scale", tiny(cls, scale=None, window=4), "series")

    def make(self, shape: tuple[int, ...], seed: int) -> models.VariationalAutoencoder:
        output = shape if self.scale is not None else (*shape[:-1], 2 * shape[-1])
        return models.VariationalAutoencoder(
            networks.encoder("mlp", shape, (*self.units, 2 * self.code), seed),
            networks.decoder("mlp", output, (*self.units, self.code), seed + 1),
            beta=self.beta,
            scale=self.scale,
            score_by=self.score_by,
            samples=self.samples,
            seed=seed,
        )
