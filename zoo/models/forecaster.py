"""Forecaster: predict the next row from the rows before; what was predicted wrong is anomalous.

Malhotra et al., Long Short Term Memory Networks for Anomaly Detection in Time Series, ESANN 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.models.base import AnomalyModel, ErrorsExplain, Logs
from zoo.models.examples import Example, window_encoder, window_head
from zoo.nn import losses


@keras.saving.register_keras_serializable(package="zoo")
class Forecaster(AnomalyModel):
    """Encoder f and head h that predict the last row of a window from the rows before it.

    With a window x of T rows of d features, minimise mean ‖x_T − h(f(x_1, ..., x_{T−1}))‖² / d +
    ½λ‖W‖². The score is the squared error of the prediction, the mean over the features.

    Forecasting needs no labels, so it can pretrain the encoder of a `Classifier`, which then
    replaces the head.

    Args:
        encoder: built functional model `(n, time, features)` to `(n, d)`, for windows one row
            shorter than those that are scored, or of any length: `recurrent((None, features))`.
        head: built functional model `(n, d)` to `(n, features)`.
        weight_decay: λ, on the weights of both networks.

    Raises:
        InputError: a head with another number of features than the encoder takes.

    Example:
        >>> import numpy as np
        >>> from zoo.nn.networks import mlp, recurrent
        >>> model = Forecaster(recurrent((None, 1), "gru", units=(4,)), mlp((4,), units=(1,)))
        >>> windows = np.sin(np.arange(8)[:, None, None] + np.arange(5)[:, None])
        >>> model.predict(windows.astype("float32"), verbose=0).shape
        (8,)
    """

    def __init__(
        self, encoder: keras.Model, head: keras.Model, weight_decay: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        _, time, features = encoder.input_shape
        if tuple(head.output_shape[1:]) != (features,):
            raise InputError(
                f"the head gives {head.output_shape[1:]} numbers a sample, expected the "
                f"{features} of a row; end it with a layer of {features} units."
            )
        self.encoder = encoder
        self.head = head
        self.weight_decay = weight_decay
        self.build((None, None if time is None else time + 1, features))

    @classmethod
    def examples(cls) -> Iterator[Example]:
        def make(steps: int | None) -> Forecaster:
            return cls(window_encoder("lstm", (steps, 3)), window_head(3))

        yield Example("lstm", lambda: make(5), "windows")
        yield Example("any length", lambda: make(None), "windows")

    def learn(self, x: Tensor, training: bool = True, sample_weight: Tensor | None = None) -> Logs:
        def loss() -> Tensor:
            errors = losses.squared_error(x[:, -1], self.forecast(x, training))
            error = losses.weighted_mean(errors, sample_weight)
            return error + losses.l2_penalty(self.trainable_variables, self.weight_decay)

        return {"loss": self.minimize(loss, "encoder", "head")}

    def score(self, x: Tensor) -> Tensor:
        return losses.squared_error(x[:, -1], self.forecast(x))

    def forecast(self, x: Tensor, training: bool = False) -> Tensor:
        """Return the last row of each window, predicted from the others.

        Args:
            x: `(n, time, features)`; the last row is not read.
            training: whether the networks are training (dropout).

        Returns:
            `(n, features)`.
        """
        return self.head(self.encoder(x[:, :-1], training=training), training=training)

    @property
    def errors_explain(self) -> ErrorsExplain:
        return "all"

    def errors(self, x: Tensor) -> Tensor:
        """Return the squared error of every value, `x`'s shape; 0 except in the last row."""
        last = ops.square(ops.cast(x[:, -1], "float32") - ops.cast(self.forecast(x), "float32"))
        return ops.concatenate([ops.zeros_like(x[:, :-1], dtype="float32"), last[:, None]], axis=1)

    def causes_of_collapse(self) -> list[str]:
        return [
            "the series may be constant: plot it",
            "the learning rate may be too high: divide it by ten",
        ]
