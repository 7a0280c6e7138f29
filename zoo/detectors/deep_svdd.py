"""Deep SVDD, alone and with a decoder, as scikit-learn estimators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zoo import models
from zoo.detectors import networks
from zoo.detectors.base import Detector


@dataclass(kw_only=True, eq=False, repr=False)
class DeepSVDD(Detector):
    """Map normal data near one point; the score is the squared distance to it.

    Ruff et al., Deep One-Class Classification, ICML 2018. See `zoo.models.DeepSVDD`, and
    `Detector` for the arguments that are not named here.

    Args:
        window: rows a window, where `X` is a series; None where it is not.
        network: `"mlp"`, `"rnn"`, `"lstm"`, `"gru"`, `"lenet"`; `"auto"`: mlp for tables, gru for
            windows, lenet for images. It has no biases.
        units: of the layers, the embedding's last; of lenet the last alone counts.
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

    window: int | None = None
    network: str = "auto"
    units: tuple[int, ...] = (64, 32)
    objective: Literal["one-class", "soft-boundary"] = "one-class"
    nu: float = 0.1
    center_rate: float = 0.0
    weight_decay: float = 1e-6

    def make(self, shape, seed):
        return models.DeepSVDD(
            networks.encoder(self.network, shape, self.units, seed, bias=False),
            objective=self.objective,
            nu=self.nu,
            center_rate=self.center_rate,
            weight_decay=self.weight_decay,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class HybridDeepSVDD(Detector):
    """Deep SVDD whose embedding must also redraw the sample.

    See `zoo.models.HybridDeepSVDD`, and `DeepSVDD` for the arguments that are not named here.

    Args:
        window: rows a window, where `X` is a series.
        network: as in `DeepSVDD`.
        units: of the encoder, the embedding's last; the decoder mirrors them.
        compactness_weight: μ₁, of the distance to the center.
        reconstruction_weight: μ₂, of the reconstruction error.
        score_by: `"both"`, `"compactness"` or `"reconstruction"`.
        weight_decay: L2 penalty of the weights.

    Example:
        >>> detector = HybridDeepSVDD(units=(16, 4), score_by="reconstruction")
        >>> model = detector.make((5,), seed=0)
        >>> model.encoder.output_shape, model.decoder.output_shape
        ((None, 4), (None, 5))
    """

    window: int | None = None
    network: str = "auto"
    units: tuple[int, ...] = (64, 32)
    compactness_weight: float = 1.0
    reconstruction_weight: float = 1.0
    score_by: str = "both"
    weight_decay: float = 1e-6

    def make(self, shape, seed):
        return models.HybridDeepSVDD(
            networks.encoder(self.network, shape, self.units, seed, bias=False),
            networks.decoder(self.network, shape, self.units, seed + 1),
            compactness_weight=self.compactness_weight,
            reconstruction_weight=self.reconstruction_weight,
            score_by=self.score_by,
            weight_decay=self.weight_decay,
        )
