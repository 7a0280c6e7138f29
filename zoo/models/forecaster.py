"""Forecaster: predict the next value from the ones before; what comes otherwise is strange.

Malhotra et al., Long Short Term Memory Networks for Anomaly Detection in Time Series, ESANN 2015.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import ops

from zoo.errors import InputError
from zoo.models.base import AnomalyModel, ErrorsExplain
from zoo.models.examples import Example, window_encoder, window_head
from zoo.nn import losses


@keras.saving.register_keras_serializable(package="zoo")
class Forecaster(AnomalyModel):
    """Encoder and head that predict a window's last row from the rows before it.

    The score is the squared error of that prediction, the mean over the features. It needs no
    labels, and so it is also how an encoder is trained before there are any: the head is thrown
    away, and the encoder starts a `Classifier`.

    Args:
        encoder: built functional model `(n, time, features)` to `(n, d)`, for windows one row
            shorter than those given, or of any length: `recurrent((None, features))`.
        head: built functional model `(n, d)` to `(n, features)`.
        weight_decay: λ of ½λ‖W‖² on both networks.

    Raises:
        ValueError: a head that gives another number of features than the encoder takes.

    Example:
        >>> import numpy as np
        >>> from zoo.nn.networks import mlp, recurrent
        >>> model = Forecaster(recurrent((None, 1), "gru", units=(4,)), mlp((4,), units=(1,)))
        >>> windows = np.sin(np.arange(8)[:, None, None] + np.arange(5)[:, None])
        >>> model.predict(windows.astype("float32"), verbose=0).shape
        (8,)
    """

    def __init__(self, encoder, head, weight_decay=0.0, **kwargs):
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

    def learn(self, x, training=True, sample_weight=None):
        def loss():
            errors = losses.squared_error(x[:, -1], self.forecast(x, training))
            error = losses.weighted_mean(errors, sample_weight)
            return error + losses.l2_penalty(self.trainable_variables, self.weight_decay)

        return {"loss": self.minimize(loss, "encoder", "head")}

    def score(self, x):
        return losses.squared_error(x[:, -1], self.forecast(x))

    def forecast(self, x, training=False):
        """The last row of each window `(n, time, features)` from the others, `(n, features)`."""
        return self.head(self.encoder(x[:, :-1], training=training), training=training)

    @property
    def errors_explain(self) -> ErrorsExplain:
        return "all"

    def errors(self, x):
        """Squared error of every number of a batch, `x`'s shape, float32; 0 but for the last row,
        which alone is predicted.
        """
        last = ops.square(ops.cast(x[:, -1], "float32") - ops.cast(self.forecast(x), "float32"))
        return ops.concatenate([ops.zeros_like(x[:, :-1], dtype="float32"), last[:, None]], axis=1)

    def causes_of_collapse(self):
        return [
            "the series may never change: look at it",
            "the learning rate may be too high: divide it by ten",
        ]
