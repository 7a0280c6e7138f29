"""The hypersphere of Deep SVDD: center, radius and loss. Ruff et al., ICML 2018."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.nn import losses
from zoo.training.pieces import mean_in_pieces

OBJECTIVES = ("one-class", "soft-boundary")


@keras.saving.register_keras_serializable(package="zoo")
class Hypersphere(keras.layers.Layer):
    """A sphere in embedding space around normal data.

    *One-class* pulls every embedding z to the center c: mean ‖z − c‖².
    *Soft-boundary* shrinks a radius R that a share ν of the samples may exceed:
    R² + 1/ν · mean(max(0, ‖z − c‖² − R²)).

    The center is placed by a pass over the data (`place`). With a positive `center_rate` η_c it
    then moves after every batch towards the mean embedding z̄: c ← c + η_c · (z̄ − c).

    Args:
        dimension: embedding size d.
        objective: `"one-class"` or `"soft-boundary"`.
        nu: ν in (0, 1], share of samples allowed outside (soft-boundary).
        warmup_epochs: epochs before the radius starts to follow its quantile.
        center_rate: η_c ≥ 0; 0 keeps the center fixed.

    Raises:
        InputError: an unknown objective, or ν or η_c out of range.
    """

    def __init__(
        self,
        dimension: int,
        objective: str = "one-class",
        nu: float = 0.1,
        warmup_epochs: int = 10,
        center_rate: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if objective not in OBJECTIVES:
            raise InputError(f"objective {objective!r} is unknown; choose one of {OBJECTIVES}.")
        if not 0 < nu <= 1:
            raise InputError(f"nu must lie in (0, 1], got {nu}.")
        if center_rate < 0:
            raise InputError(f"center_rate must not be negative, got {center_rate}.")
        self.dimension = dimension
        self.objective = objective
        self.nu = nu
        self.warmup_epochs = warmup_epochs
        self.center_rate = center_rate
        self.center = self._state((dimension,), "center")
        self.radius = self._state((), "radius")
        self.placed = self._state((), "placed")
        self.warm = self._state((), "warm")
        self.built = True

    def _state(self, shape: tuple[int, ...], name: str) -> keras.Variable:
        return self.add_weight(
            shape, "zeros", "float32", trainable=False, autocast=False, name=name
        )

    def initialize(self, embedding: np.ndarray, away_from_zero: float = 0.1) -> None:
        """Place the center at the mean of embeddings.

        Args:
            embedding: `(n, d)` NumPy.
            away_from_zero: smallest absolute value of a coordinate of the center; a network can
                reach a center at zero without looking at its input.
        """
        self._initialize(np.mean(embedding, axis=0, dtype="float64"), away_from_zero)

    def _initialize(self, center: np.ndarray, away_from_zero: float = 0.1) -> None:
        near = np.abs(center) < away_from_zero
        center[near] = np.where(center[near] < 0, -away_from_zero, away_from_zero)
        self.center.assign(center.astype("float32"))
        self.radius.assign(0.0)
        self.placed.assign(1.0)

    def place(self, encoder: keras.Model, data: Any) -> None:
        """Place the center at the mean embedding of the data, unless it is placed already.

        Args:
            encoder: built functional model `(n, ...)` to `(n, d)`.
            data: what `fit` takes.

        Raises:
            InputError: the data can be read only once, so nothing would be left to train on.
        """
        if ops.convert_to_numpy(self.placed):
            return
        if hasattr(data, "__next__"):
            raise InputError(
                "the center needs a pass over the data before training, and a generator can be "
                "read only once; give an array, a keras.utils.PyDataset or a tf.data.Dataset, or "
                "call sphere.initialize(embeddings) yourself."
            )
        self._initialize(mean_in_pieces(engine.forward(encoder), data, encoder))

    def begin_epoch(self, epoch: int) -> None:
        """Let the radius follow its quantile once `warmup_epochs` are over."""
        self.warm.assign(float(epoch >= self.warmup_epochs))

    def distance(self, embedding: Tensor) -> Tensor:
        """Return the squared distance of each embedding `(n, d)` to the center, `(n,)`."""
        return losses.squared_distance(embedding, self.center)

    def score(self, embedding: Tensor) -> Tensor:
        """Return the squared distances `(n,)`; with a soft boundary less R², so > 0 is outside."""
        distance = self.distance(embedding)
        if self.objective == "soft-boundary":
            return distance - ops.square(self.radius)
        return distance

    def loss(self, embedding: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """Return the objective of a batch, then let center and radius follow the batch.

        The loss comes first, as in the sources: the batch is judged by the sphere it found.

        Args:
            embedding: `(n, d)`.
            sample_weight: `(n,)` weights of the samples in the loss, or None. Center and radius
                follow the samples whose weight is not 0.

        Returns:
            Scalar float32.
        """
        distance = self.distance(embedding)
        if self.objective == "soft-boundary":
            value = losses.soft_boundary(distance, self.radius, self.nu, sample_weight)
            lengths = ops.sqrt(ops.stop_gradient(distance))
            quantile = _quantile(lengths, 1 - self.nu, sample_weight, self.radius)
            self.radius.assign(self.radius + self.warm * (quantile - self.radius))
        else:
            value = losses.weighted_mean(distance, sample_weight)
        if self.center_rate:
            found = ops.cast(ops.stop_gradient(embedding), "float32")
            mean = _mean(found, sample_weight, self.center)
            self.center.assign_add(self.center_rate * (mean - self.center))
        return value

    def causes_of_collapse(self, encoder: keras.Model) -> list[str]:
        """Return what may let `encoder` map everything to the center, each with the remedy."""
        causes = []
        biases = [v.path for v in encoder.trainable_variables if v.name.split("_")[0] == "bias"]
        if biases:
            causes.append(
                f"the encoder has bias terms ({biases[0]}, {len(biases)} in all), which can "
                f"produce the center without looking at the input: build it without them"
            )
        if self.center_rate:
            causes.append(
                f"the center moves (center_rate={self.center_rate:g}) with nothing to hold it: "
                f"lower the rate, or add a reconstruction term (HybridDeepSVDD)"
            )
        causes.append("the learning rate may be too high: divide it by ten")
        return causes

    def get_config(self) -> dict[str, Any]:
        names = ("dimension", "objective", "nu", "warmup_epochs", "center_rate")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _mean(embedding: Tensor, sample_weight: Tensor | None, otherwise: Tensor) -> Tensor:
    """Return the mean `(d,)` of the embeddings whose weight is not 0, or `otherwise` if none is."""
    if sample_weight is None:
        return ops.mean(embedding, axis=0)
    counted = ops.cast(ops.not_equal(ops.reshape(sample_weight, (-1, 1)), 0), "float32")
    count = ops.sum(counted)
    mean = ops.sum(counted * embedding, axis=0) / ops.maximum(count, 1.0)
    return ops.where(count > 0, mean, ops.convert_to_tensor(otherwise))


def _quantile(
    values: Tensor, share: float, sample_weight: Tensor | None, otherwise: Tensor
) -> Tensor:
    """Return the quantile of the values whose weight is not 0, or `otherwise` if none is."""
    if sample_weight is None:
        return ops.quantile(values, share)
    counted = ops.not_equal(ops.reshape(sample_weight, (-1,)), 0)
    count = ops.sum(ops.cast(counted, "float32"))
    ordered = ops.sort(ops.where(counted, values, np.finfo("float32").max))
    place = share * ops.maximum(count - 1, 0.0)
    below = ops.floor(place)
    above = ops.minimum(below + 1, ops.maximum(count - 1, 0.0))
    low, high = (ops.take(ordered, ops.cast(each, "int32")) for each in (below, above))
    found = low + (place - below) * (high - low)
    return ops.where(count > 0, found, ops.convert_to_tensor(otherwise))
