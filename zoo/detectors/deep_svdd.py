"""Deep SVDD: map normal data near one point, score by the distance to it.

Ruff et al., Deep One-Class Classification, ICML 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector
from zoo.detectors.examples import Example, tiny
from zoo.detectors.networks import Network
from zoo.detectors.settings import Bounds, NonNegative, Share, Units


@dataclass(kw_only=True, eq=False, repr=False)
class DeepSVDD(Detector):
    """Deep SVDD; the score is the squared distance to a learned center.

    See `zoo.models.DeepSVDD`, and `Detector` for the arguments that are not listed here.

    Args:
        network: `"mlp"`, `"rnn"`, `"lstm"`, `"gru"`, `"lenet"`; `"auto"`: mlp for tables, gru for
            windows, lenet for images. It has no biases.
        units: of the layers, the last is the embedding; lenet uses the last alone.
        objective: `"one-class"` or `"soft-boundary"`.
        nu: share of training samples allowed outside a soft boundary.
        center_rate: how fast the center follows the embeddings; 0 keeps it.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(200, 3))
        >>> detector = DeepSVDD(epochs=2, random_state=0).fit(x)
        >>> detector.predict(x[:5]).shape, detector.anomaly_score(x[:5]).dtype
        ((5,), dtype('float32'))
    """

    network: Network = "auto"
    units: Units = (64, 32)
    objective: Literal["one-class", "soft-boundary"] = "one-class"
    nu: Annotated[float, Bounds(above=0, most=1)] = 0.1
    center_rate: Share = 0.0
    weight_decay: NonNegative = 1e-6

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield from super().examples()
        yield Example("windows", tiny(cls, network="gru", objective="soft-boundary"), "windows")

    def make(self, shape: tuple[int, ...], seed: int) -> models.DeepSVDD:
        return models.DeepSVDD(
            networks.encoder(self.network, shape, self.units, seed, bias=False),
            objective=self.objective,
            nu=self.nu,
            center_rate=self.center_rate,
            weight_decay=self.weight_decay,
        )
