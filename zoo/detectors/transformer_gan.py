"""Transformer, contrast and GAN for series of many metrics.

Vaswani et al., NeurIPS 2017; Chen et al., ICML 2020; Goodfellow et al., NeurIPS 2014.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import keras

from zoo import models
from zoo.detectors.base import Detector
from zoo.detectors.examples import Example, tiny
from zoo.detectors.settings import Bounds, Few, NonNegative, Positive, Size
from zoo.models.base import AnomalyModel
from zoo.nn.networks import (
    draw_weights,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)


@dataclass(kw_only=True, eq=False, repr=False)
class TransformerGAN(Detector):
    """Transformer that reconstructs windows, with contrast and an optional GAN.

    The score is the reconstruction error, the discriminator's doubt, or both. See
    `zoo.models.TransformerGAN`, and `Detector` for the arguments that are not listed here.

    Args:
        window: rows per window.
        coupling: `"none"`: no GAN; `"separate"`: the discriminator sees generated windows alone, as
            published; `"joint"`: it sees reconstructions too.
        score_by: `"reconstruction"`, `"discriminator"` or `"both"`; the last two need a GAN.
        blocks: attention blocks.
        heads: attention heads; they divide `width`.
        width: size of a time step inside the Transformer.
        feed_forward: units of a block's hidden layer.
        dropout: share dropped in training.
        bottleneck: size of a code that the window is reconstructed from; None: no code.
        normalize: `"none"`, `"center"`, `"window"` or `"reversible"`: what is taken off a window
            first.
        contrast_weight: β of NT-Xent.
        adversarial_weight: γ of the GAN.
        adversarial_rate: learning rate of the GAN as a share of the Transformer's.
        weight_decay: of AdamW.

    Example:
        >>> small = {"blocks": 1, "heads": 2, "width": 8, "feed_forward": 16}
        >>> detector = TransformerGAN(window=20, coupling="joint", score_by="both", **small)
        >>> detector.make((20, 3), seed=0).discriminator.output_shape
        (None, 1)
    """

    window: Size = 10
    coupling: Literal["none", "separate", "joint"] = "none"
    score_by: Literal["reconstruction", "discriminator", "both"] = "reconstruction"
    blocks: Few = 2
    heads: Few = 4
    width: Size = 32
    feed_forward: Size = 128
    dropout: Annotated[float, Bounds(0, below=1)] = 0.1
    bottleneck: Size | None = 16
    normalize: Literal["none", "center", "window", "reversible"] = "none"
    contrast_weight: NonNegative = 0.2
    adversarial_weight: NonNegative = 0.05
    adversarial_rate: Positive = 0.05
    weight_decay: NonNegative = 1e-5

    axes = (2, 3)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        yield from super().examples()
        gan = tiny(cls, coupling="joint", score_by="both")
        yield Example("series with a GAN", gan, "series")

    def make(self, shape: tuple[int, ...], seed: int) -> models.TransformerGAN:
        network = transformer_reconstructor(
            shape, self.blocks, self.heads, self.width, self.feed_forward, self.dropout,
            self.bottleneck,
        )  # fmt: skip
        gan: dict[str, Any] = {}
        if self.coupling != "none":
            gan = {
                "generator": draw_weights(window_generator(shape), seed + 1),
                "discriminator": draw_weights(window_discriminator(shape), seed + 2),
                "coupling": self.coupling,
            }
        return models.TransformerGAN(
            draw_weights(network, seed),
            **gan,
            contrast_weight=self.contrast_weight,
            adversarial_weight=self.adversarial_weight,
            normalize=self.normalize,
            score_by=self.score_by,
            seed=seed,
        )

    def compile(self, model: AnomalyModel) -> None:
        main = keras.optimizers.AdamW(self.learning_rate, weight_decay=self.weight_decay)
        if model.generator is None:
            model.compile(main)
            return
        rate = self.learning_rate * self.adversarial_rate
        model.compile(
            transformer=main,
            generator=keras.optimizers.Adam(rate),
            discriminator=keras.optimizers.Adam(rate),
        )
