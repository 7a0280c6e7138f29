"""Deep SVDD: map normal data near one point, score by the distance to it.

Ruff et al., Deep One-Class Classification, ICML 2018.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from zoo.backend import Tensor
from zoo.models.base import AnomalyModel, Logs
from zoo.models.examples import Example, image_encoder, row_encoder, window_encoder
from zoo.models.hypersphere import Hypersphere
from zoo.nn import losses


@keras.saving.register_keras_serializable(package="zoo")
class DeepSVDD(AnomalyModel):
    """Deep Support Vector Data Description.

    One-class: minimise mean ‖φ(x) − c‖² + ½λ‖W‖².
    Soft-boundary: minimise R² + 1/ν · mean(max(0, ‖φ(x) − c‖² − R²)) + ½λ‖W‖².
    The score is ‖φ(x) − c‖², less R² for the soft boundary.

    The first `fit` places the center c at the mean embedding of the training data, away from zero;
    later fits keep it. An encoder that was pretrained in an `Autoencoder` is a good start.

    Args:
        encoder: built functional model φ, `(n, ...)` to `(n, d)`, without biases: with them, zero
            weights and a bias of c would be a perfect solution that ignores the data.
        objective: `"one-class"` or `"soft-boundary"`.
        nu: ν in (0, 1], share of training samples allowed outside (soft-boundary).
        warmup_epochs: epochs before R follows its (1 − ν) quantile (soft-boundary).
        center_rate: η_c ≥ 0. With 0 the center is fixed; otherwise it moves after every batch by
            η_c · (mean embedding − c).
        weight_decay: λ, an L2 penalty in the gradient, as `torch.optim.Adam(weight_decay=λ)` has.

    Raises:
        InputError: an unknown objective, or ν or η_c out of range.

    Example:
        >>> import numpy as np
        >>> from zoo.nn.networks import mlp
        >>> model = DeepSVDD(mlp((4,), units=(8, 2), bias=False))
        >>> model.compile("adam")
        >>> x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
        >>> history = model.fit(x, epochs=2, verbose=0)
        >>> model.predict(x, verbose=0).shape
        (64,)
    """

    def __init__(
        self,
        encoder: keras.Model,
        objective: str = "one-class",
        nu: float = 0.1,
        warmup_epochs: int = 10,
        center_rate: float = 0.0,
        weight_decay: float = 1e-6,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder
        self.objective = objective
        self.nu = nu
        self.warmup_epochs = warmup_epochs
        self.center_rate = center_rate
        self.weight_decay = weight_decay
        dimension = encoder.output_shape[-1]
        self.sphere = Hypersphere(dimension, objective, nu, warmup_epochs, center_rate)
        self.build(encoder.input_shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        soft: dict[str, Any] = {"objective": "soft-boundary", "nu": 0.2, "warmup_epochs": 1}
        yield Example("plain", lambda: cls(row_encoder(), weight_decay=1e-4), "table")
        yield Example("moving", lambda: cls(row_encoder(), center_rate=0.01), "table")
        yield Example("soft", lambda: cls(window_encoder(), center_rate=0.01, **soft), "windows")
        yield Example("lenet", lambda: cls(image_encoder()), "images", learning_rate=1e-4)

    def learn(self, x: Tensor, training: bool = True, sample_weight: Tensor | None = None) -> Logs:
        def loss() -> Tensor:
            compactness = self.sphere.loss(self.encoder(x, training=training), sample_weight)
            weights = self.encoder.trainable_variables
            return compactness + losses.l2_penalty(weights, self.weight_decay)

        return {"loss": self.minimize(loss, "encoder")}

    def score(self, x: Tensor) -> Tensor:
        return self.sphere.score(self.encoder(x, training=False))

    @property
    def center(self) -> Tensor:
        """The center c of the embeddings, `(d,)`."""
        return self.sphere.center

    def before_fit(self, data: Any) -> None:
        self.sphere.place(self.encoder, data)

    def begin_epoch(self, epoch: int) -> None:
        self.sphere.begin_epoch(epoch)

    def causes_of_collapse(self) -> list[str]:
        return self.sphere.causes_of_collapse(self.encoder)
