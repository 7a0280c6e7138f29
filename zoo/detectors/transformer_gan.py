"""Transformer, contrast and GAN as one scikit-learn estimator for series of many metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras

from zoo import models
from zoo.detectors.base import Detector
from zoo.errors import InputError
from zoo.nn.networks import (
    draw_weights,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)


@dataclass(kw_only=True, eq=False, repr=False)
class TransformerGAN(Detector):
    """A Transformer redraws windows; contrast and a GAN may help it. The score is the error.

    See `zoo.models.TransformerGAN`, and `Detector` for the arguments not named here.

    Args:
        window: rows a window.
        coupling: `"none"`: no GAN; `"separate"`: it judges generated windows alone, as published;
            `"joint"`: it judges reconstructions too.
        score_by: `"reconstruction"`, `"discriminator"` or `"both"`; the last two need a GAN.
        blocks: attention blocks.
        heads: attention heads; they divide `width`.
        width: size of a time step inside.
        feed_forward: units of a block's hidden layer.
        dropout: share dropped in training.
        bottleneck: size of a code that the window is redrawn from; None: no code.
        normalize: `"none"`, `"center"`, `"window"` or `"reversible"`: what a window loses first.
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

    window: int = 10
    coupling: Literal["none", "separate", "joint"] = "none"
    score_by: str = "reconstruction"
    blocks: int = 2
    heads: int = 4
    width: int = 32
    feed_forward: int = 128
    dropout: float = 0.1
    bottleneck: int | None = 16
    normalize: str = "none"
    contrast_weight: float = 0.2
    adversarial_weight: float = 0.05
    adversarial_rate: float = 0.05
    weight_decay: float = 1e-5

    axes = (2, 3)

    def make(self, shape, seed):
        if self.coupling not in ("none", "separate", "joint"):
            raise InputError(f"coupling is {self.coupling!r}; choose one of none, separate, joint")
        network = transformer_reconstructor(
            shape, self.blocks, self.heads, self.width, self.feed_forward, self.dropout,
            self.bottleneck,
        )  # fmt: skip
        gan = {}
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

    def compile(self, model):
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
