"""Hybrid Deep SVDD: one encoder that must stay compact and still be able to reconstruct.

The compactness of Ruff et al. (ICML 2018) with a decoder, so that the encoder cannot discard its
input on the way to the center.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.models.base import AnomalyModel, ErrorsExplain, Logs
from zoo.models.examples import (
    Example,
    image_decoder,
    image_encoder,
    row_decoder,
    row_encoder,
    smooth_image_decoder,
    smooth_image_encoder,
)
from zoo.models.hypersphere import Hypersphere
from zoo.nn import losses

SCORES = ("both", "compactness", "reconstruction")


@keras.saving.register_keras_serializable(package="zoo")
class HybridDeepSVDD(AnomalyModel):
    """Deep SVDD and an autoencoder that share one encoder.

    Minimise μ₁ · compactness + μ₂ · reconstruction + ½λ‖W‖², where compactness is the objective of
    `DeepSVDD` and reconstruction the mean over samples of ‖x − x̂‖². That error is the sum over the
    values of a sample, as the squared distance is: a mean over hundreds of pixels would be
    negligible beside the compactness.

    The score is the sum of distance and error, each divided by its mean over the last training
    epoch, so that the unit of neither decides. `score_by` takes one of them alone.

    Args:
        encoder: built functional model `(n, ...)` to `(n, d)`, without biases.
        decoder: built functional model `(n, d)` back to `(n, ...)`.
        compactness_weight: μ₁.
        reconstruction_weight: μ₂.
        score_by: `"both"`, `"compactness"` or `"reconstruction"`.
        objective: as in `DeepSVDD`.
        nu: as in `DeepSVDD`.
        warmup_epochs: as in `DeepSVDD`.
        center_rate: as in `DeepSVDD`.
        weight_decay: λ, as in `DeepSVDD`, on the weights of both networks.

    Raises:
        InputError: an unknown score or objective, or ν or η_c out of range.

    Example:
        >>> import numpy as np
        >>> from zoo.nn.networks import mlp
        >>> encoder = mlp((4,), units=(8, 2), bias=False)
        >>> model = HybridDeepSVDD(encoder, mlp((2,), units=(8, 4), name="decoder"))
        >>> model.predict(np.zeros((8, 4), "float32"), verbose=0).shape
        (8,)
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        compactness_weight: float = 1.0,
        reconstruction_weight: float = 1.0,
        score_by: str = "both",
        objective: str = "one-class",
        nu: float = 0.1,
        warmup_epochs: int = 10,
        center_rate: float = 0.0,
        weight_decay: float = 1e-6,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_by not in SCORES:
            raise InputError(f"score_by {score_by!r} is unknown; choose one of {SCORES}.")
        self.encoder = encoder
        self.decoder = decoder
        self.compactness_weight = compactness_weight
        self.reconstruction_weight = reconstruction_weight
        self.score_by = score_by
        self.objective = objective
        self.nu = nu
        self.warmup_epochs = warmup_epochs
        self.center_rate = center_rate
        self.weight_decay = weight_decay
        dimension = encoder.output_shape[-1]
        self.sphere = Hypersphere(dimension, objective, nu, warmup_epochs, center_rate)
        state = {"initializer": "zeros", "dtype": "float32", "trainable": False, "autocast": False}
        self.term_totals = self.add_weight((2,), name="term_totals", **state)
        self.samples_seen = self.add_weight((), name="samples_seen", **state)
        self.build(encoder.input_shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        def make(**options: Any) -> HybridDeepSVDD:
            return cls(row_encoder(), row_decoder(), **options)

        def lenet() -> HybridDeepSVDD:
            soft: dict[str, Any] = {"objective": "soft-boundary", "nu": 0.2, "warmup_epochs": 1}
            return cls(image_encoder(), image_decoder(), **soft)

        def smooth() -> HybridDeepSVDD:
            return cls(smooth_image_encoder(), smooth_image_decoder())

        compactness: dict[str, Any] = {"score_by": "compactness", "center_rate": 0.01}
        yield Example("plain", partial(make, weight_decay=1e-4), "table")
        yield Example("compactness", partial(make, **compactness), "table")
        yield Example("reconstruction", partial(make, score_by="reconstruction"), "table")
        yield Example("lenet", lenet, "images", parity_steps=10)
        yield Example("convolution", smooth, "images")

    def learn(self, x: Tensor, training: bool = True, sample_weight: Tensor | None = None) -> Logs:
        weights = ops.ones((ops.shape(x)[0],)) if sample_weight is None else sample_weight
        weights = ops.cast(weights, "float32")

        def loss() -> tuple[Tensor, Logs]:
            embedding = self.encoder(x, training=training)
            output = self.decoder(embedding, training=training)
            distance = self.sphere.distance(embedding)
            error = losses.squared_error(x, output, "sum")
            totals = ops.stack([ops.sum(weights * distance), ops.sum(weights * error)])
            self.term_totals.assign_add(ops.stop_gradient(totals))
            self.samples_seen.assign_add(ops.sum(weights))
            compactness = self.sphere.loss(embedding, sample_weight)
            reconstruction = losses.weighted_mean(error, sample_weight)
            value = (
                self.compactness_weight * compactness
                + self.reconstruction_weight * reconstruction
                + losses.l2_penalty(self.trainable_variables, self.weight_decay)
            )
            return value, {"compactness": compactness, "reconstruction": reconstruction}

        value, terms = self.minimize(loss, "encoder", "decoder")
        return {"loss": value, **terms}

    def score(self, x: Tensor) -> Tensor:
        distance, error = self.terms(x)
        scales = self.term_totals / ops.maximum(self.samples_seen, 1.0)
        distance, error = distance / scales[0], error / scales[1]
        return {
            "both": distance + error,
            "compactness": distance,
            "reconstruction": error,
        }[self.score_by]

    @property
    def center(self) -> Tensor:
        """The center c of the embeddings, `(d,)`."""
        return self.sphere.center

    @property
    def errors_explain(self) -> ErrorsExplain:
        shares: dict[str, ErrorsExplain] = {"both": "part", "reconstruction": "all"}
        return shares.get(self.score_by, "nothing")

    def errors(self, x: Tensor) -> Tensor:
        output = self.decoder(self.encoder(x, training=False), training=False)
        return ops.square(ops.cast(x, "float32") - ops.cast(output, "float32"))

    def terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return squared distances to the center and reconstruction errors, each `(n,)`."""
        embedding = self.encoder(x, training=False)
        output = self.decoder(embedding, training=False)
        return self.sphere.distance(embedding), losses.squared_error(x, output, "sum")

    def before_fit(self, data: Any) -> None:
        self.sphere.place(self.encoder, data)

    def begin_epoch(self, epoch: int) -> None:
        self.sphere.begin_epoch(epoch)
        self.term_totals.assign(ops.zeros(2))
        self.samples_seen.assign(0.0)

    def causes_of_collapse(self) -> list[str]:
        return self.sphere.causes_of_collapse(self.encoder)
