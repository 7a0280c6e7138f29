"""Classifier: learn from labelled anomalies, score by their probability.

Focal loss: Lin et al., Focal Loss for Dense Object Detection, ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
from keras import ops

from zoo.errors import InputError
from zoo.models.base import AnomalyModel
from zoo.models.examples import Example, window_encoder, window_head
from zoo.nn import losses

OBJECTIVES = ("cross-entropy", "focal")


@keras.saving.register_keras_serializable(package="zoo")
class Classifier(AnomalyModel):
    """Encoder and head trained on labels, 1 = anomaly; the score is the anomaly's probability.

    The encoder may come from elsewhere, as that of a `Forecaster` does: set
    `encoder.trainable = False` and compile, and only the head learns; set it to True and compile
    again, and both do.

    Anomalies are rare, and a classifier that calls everything normal is mostly right. Two cures
    are in the loss: `positive_weight` counts each anomaly that many times, and the focal loss lets
    the samples that are classified well weigh little. (The third is in the data:
    `zoo.data.arrays.imbalance.downsample`.) Either shifts the probabilities, which then rank but
    are no longer calibrated.

    Args:
        encoder: built functional model `(n, ...)` to `(n, d)`.
        head: built functional model `(n, d)` to `(n, 1)`, a logit: without a last activation.
        objective: `"cross-entropy"` or `"focal"`.
        positive_weight: how many normal samples an anomaly weighs as much as.
        gamma: γ of the focal loss; 0 makes it the cross-entropy.
        weight_decay: λ of ½λ‖W‖² on what is being trained.

    Raises:
        ValueError: an unknown objective, a head that gives other than one number, a weight that
            is not positive, or a γ below 0.

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
        encoder,
        head,
        objective="cross-entropy",
        positive_weight=1.0,
        gamma=2.0,
        weight_decay=0.0,
        **kwargs,
    ):
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

    def learn(self, x, y, training=True, sample_weight=None):
        def loss():
            cost = losses.weighted_mean(self.costs(y, self.logits(x, training)), sample_weight)
            return cost + losses.l2_penalty(self.trainable_variables, self.weight_decay)

        return {"loss": self.minimize(loss, "encoder", "head")}

    def score(self, x):
        return ops.sigmoid(self.logits(x))

    def logits(self, x, training=False):
        """Logarithm of the odds that each sample is an anomaly, `(n,)` float32."""
        logits = self.head(self.encoder(x, training=training), training=training)
        return ops.cast(ops.reshape(logits, (-1,)), "float32")

    def costs(self, y, logits):
        """The loss of each sample, `(n,)`."""
        y = ops.reshape(y, (-1,))
        if self.objective == "focal":
            return losses.focal(y, logits, self.gamma, self.positive_weight)
        return losses.cross_entropy(y, logits, self.positive_weight)

    def causes_of_collapse(self):
        return [
            "the inputs may be far from 0 to 1, so that units saturate: scale them",
            "anomalies may be too rare to matter: raise positive_weight, or downsample the normals",
            "the learning rate may be too high: divide it by ten",
        ]
