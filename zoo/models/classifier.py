"""Classifier: learn from labelled anomalies, score by the probability of one.

Lin et al., Focal Loss for Dense Object Detection, ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.models.base import AnomalyModel, Logs
from zoo.models.examples import Example, window_encoder, window_head
from zoo.nn import losses

OBJECTIVES = ("cross-entropy", "focal")


@keras.saving.register_keras_serializable(package="zoo")
class Classifier(AnomalyModel):
    """Encoder and head trained on labels, 1 = anomaly; the score is the probability of an anomaly.

    With p the probability given to the true class, and w = `positive_weight` for an anomaly, 1 for
    a normal sample, the loss is the mean of −w · (1 − p)^γ · log p, plus ½λ‖W‖²; the cross-entropy
    is the same with γ = 0.

    The encoder may be pretrained, for example as part of a `Forecaster`. To train the head alone,
    set `encoder.trainable = False` and compile; to train both, set it to True and compile again.

    Anomalies are rare, and a classifier that calls everything normal is mostly right. The loss has
    two remedies: `positive_weight` counts each anomaly several times, and the focal loss gives
    little weight to samples that are classified well. A third is in the data:
    `zoo.data.arrays.imbalance.downsample`. Each of them shifts the probabilities, which then rank
    samples but are no longer calibrated.

    Args:
        encoder: built functional model `(n, ...)` to `(n, d)`.
        head: built functional model `(n, d)` to `(n, 1)`, a logit, so without a last activation.
        objective: `"cross-entropy"` or `"focal"`.
        positive_weight: weight of an anomaly, where a normal sample has weight 1.
        gamma: γ of the focal loss, 0 or more.
        weight_decay: λ, on the weights that are trained.

    Raises:
        InputError: an unknown objective, a head with more than one output, a weight that is not
            positive, or a negative γ.

    Example:
        >>> import numpy as np
        >>> from zoo.nn.networks import mlp
        >>> model = Classifier(mlp((4,), units=(8,)), mlp((8,), units=(8, 1)))
        >>> model.compile("adam")
        >>> x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
        >>> history = model.fit(x, x[:, 0] > 1, epochs=2, verbose=0)
        >>> model.predict(x, verbose=0).shape
        (64,)
    """

    needs_labels = True

    def __init__(
        self,
        encoder: keras.Model,
        head: keras.Model,
        objective: str = "cross-entropy",
        positive_weight: float = 1.0,
        gamma: float = 2.0,
        weight_decay: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if objective not in OBJECTIVES:
            raise InputError(f"objective {objective!r} is unknown; choose one of {OBJECTIVES}.")
        if tuple(head.output_shape[1:]) != (1,):
            raise InputError(
                f"the head gives {head.output_shape[1:]} numbers a sample, expected one logit; "
                f"end it with a layer of one unit and no activation."
            )
        if not positive_weight > 0 or not gamma >= 0:
            raise InputError(
                f"positive_weight is {positive_weight} and gamma {gamma}; give a weight above 0 "
                f"and a gamma of 0 or more."
            )
        self.encoder = encoder
        self.head = head
        self.objective = objective
        self.positive_weight = positive_weight
        self.gamma = gamma
        self.weight_decay = weight_decay
        self.build(encoder.input_shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        def make(cell: str, **options: Any) -> Classifier:
            return cls(window_encoder(cell), window_head(1), **options)

        focal = {"objective": "focal", "positive_weight": 2.0, "weight_decay": 1e-4}
        yield Example("focal", partial(make, "gru", **focal), "labelled windows")
        yield Example("rnn", partial(make, "rnn"), "labelled windows")

    def learn(  # type: ignore[override]  # it takes labels
        self, x: Tensor, y: Tensor, training: bool = True, sample_weight: Tensor | None = None
    ) -> Logs:
        def loss() -> Tensor:
            cost = losses.weighted_mean(self.costs(y, self.logits(x, training)), sample_weight)
            return cost + losses.l2_penalty(self.trainable_variables, self.weight_decay)

        return {"loss": self.minimize(loss, "encoder", "head")}

    def score(self, x: Tensor) -> Tensor:
        return ops.sigmoid(self.logits(x))

    def logits(self, x: Tensor, training: bool = False) -> Tensor:
        """Return the log-odds that each sample is an anomaly, `(n,)` float32."""
        logits = self.head(self.encoder(x, training=training), training=training)
        return ops.cast(ops.reshape(logits, (-1,)), "float32")

    def costs(self, y: Tensor, logits: Tensor) -> Tensor:
        """Return the loss of each sample, `(n,)`, from labels and logits `(n,)`."""
        y = ops.reshape(y, (-1,))
        if self.objective == "focal":
            return losses.focal(y, logits, self.gamma, self.positive_weight)
        return losses.cross_entropy(y, logits, self.positive_weight)

    def causes_of_collapse(self) -> list[str]:
        return [
            "the inputs may be far from 0 to 1, so that units saturate: scale them",
            "anomalies may be too rare to matter: raise positive_weight, or downsample the normals",
            "the learning rate may be too high: divide it by ten",
        ]
