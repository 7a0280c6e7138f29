"""Hybrid Deep SVDD: an embedding near one point that must also reconstruct the sample.

The compactness of Ruff et al., Deep One-Class Classification, ICML 2018, with a decoder beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector
from zoo.detectors.examples import Example, tiny
from zoo.detectors.networks import Network
from zoo.detectors.settings import NonNegative, Units


@dataclass(kw_only=True, eq=False, repr=False)
class HybridDeepSVDD(Detector):
    """Deep SVDD with a decoder; the score adds distance and reconstruction error.

    See `zoo.models.HybridDeepSVDD`, and `DeepSVDD` and `Detector` for the arguments that are not
    listed here.

    Args:
        network: as in `DeepSVDD`.
        units: of the encoder's layers, the last is the embedding; the decoder mirrors them.
        compactness_weight: μ₁, weight of the distance to the center.
        reconstruction_weight: μ₂, weight of the reconstruction error.
        score_by: `"both"`, `"compactness"` or `"reconstruction"`.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> detector = HybridDeepSVDD(units=(16, 4), score_by="reconstruction")
        >>> model = detector.make((5,), seed=0)
        >>> model.encoder.output_shape, model.decoder.output_shape
        ((None, 4), (None, 5))
    """

    network: Network = "auto"
    units: Units = (64, 32)
    compactness_weight: NonNegative = 1.0
    reconstruction_weight: NonNegative = 1.0
    score_by: Literal["both", "compactness", "reconstruction"] = "both"
    weight_decay: NonNegative = 1e-6

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield from super().examples()
        yield Example("images", tiny(cls, network="mlp"), "images")

    def make(self, shape: tuple[int, ...], seed: int) -> models.HybridDeepSVDD:
        return models.HybridDeepSVDD(
            networks.encoder(self.network, shape, self.units, seed, bias=False),
            networks.decoder(self.network, shape, self.units, seed + 1),
            compactness_weight=self.compactness_weight,
            reconstruction_weight=self.reconstruction_weight,
            score_by=self.score_by,
            weight_decay=self.weight_decay,
        )
