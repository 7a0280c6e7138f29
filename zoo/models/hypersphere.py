"""The hypersphere of Deep SVDD: a center, a radius, and what they cost."""

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.errors import InputError
from zoo.nn import losses
from zoo.training.pieces import mean_in_pieces

OBJECTIVES = ("one-class", "soft-boundary")


@keras.saving.register_keras_serializable(package="zoo")
class Hypersphere(keras.layers.Layer):
    """A sphere in embedding space around normal data. Ruff et al., ICML 2018.

    *One-class* pulls every embedding to the center c: mean ‖z − c‖².
    *Soft-boundary* shrinks a radius R that a share ν of the samples may leave.

    The center comes from an initial pass (`initialize`). With a positive `center_rate` η_c it
    then moves after every batch towards the batch's mean embedding: c ← c + η_c · (z̄ − c).

    Args:
        dimension: embedding size d.
        objective: `"one-class"` or `"soft-boundary"`.
        nu: ν in (0, 1], share of samples allowed outside (soft-boundary).
        warmup_epochs: epochs before the radius starts to follow its quantile.
        center_rate: η_c ≥ 0; 0 keeps the center fixed.
    """

    def __init__(
        self,
        dimension,
        objective="one-class",
        nu=0.1,
        warmup_epochs=10,
        center_rate=0.0,
        **kwargs,
    ):
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

    def _state(self, shape, name):
        return self.add_weight(
            shape, "zeros", "float32", trainable=False, autocast=False, name=name
        )

    def initialize(self, embedding, away_from_zero=0.1):
        """Place the center at the mean of `embedding`, `(n, d)` NumPy.

        Coordinates nearer to zero than `away_from_zero` are pushed out to it: a center at zero
        is what a network with no input reaches at no cost.
        """
        self._initialize(np.mean(embedding, axis=0, dtype="float64"), away_from_zero)

    def _initialize(self, center, away_from_zero=0.1):
        near = np.abs(center) < away_from_zero
        center[near] = np.where(center[near] < 0, -away_from_zero, away_from_zero)
        self.center.assign(center.astype("float32"))
        self.radius.assign(0.0)
        self.placed.assign(1.0)

    def place(self, encoder, data):
        """Place the center once, by a pass of `encoder` over `data` (what `fit` takes).

        Raises:
            ValueError: the data can be read only once, so that nothing would be left to train on.
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

    def begin_epoch(self, epoch):
        """Let the radius follow its quantile once `warmup_epochs` are over."""
        self.warm.assign(float(epoch >= self.warmup_epochs))

    def distance(self, embedding):
        """`(n, d)` embeddings to `(n,)` squared distances to the center."""
        return losses.squared_distance(embedding, self.center)

    def score(self, embedding):
        """`(n,)`: d², less R² for the soft boundary, so that positive means outside."""
        distance = self.distance(embedding)
        if self.objective == "soft-boundary":
            return distance - ops.square(self.radius)
        return distance

    def loss(self, embedding, sample_weight=None):
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

    def causes_of_collapse(self, encoder):
        """Sentences on what invites `encoder` to map everything to the center, and the cure."""
        causes = []
        biases = [v.path for v in encoder.trainable_variables if v.name.split("_")[0] == "bias"]
        if biases:
            causes.append(
                f"the encoder has bias terms ({biases[0]}, {len(biases)} in all), which can "
                f"produce the center from no input: build it without"
            )
        if self.center_rate:
            causes.append(
                f"the center moves (center_rate={self.center_rate:g}) with nothing to hold it: "
                f"lower the rate, or add a reconstruction term (HybridDeepSVDD)"
            )
        causes.append("the learning rate may be too high: divide it by ten")
        return causes

    def get_config(self):
        names = ("dimension", "objective", "nu", "warmup_epochs", "center_rate")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _mean(embedding, sample_weight, otherwise):
    """Mean of the embeddings `(n, d)` whose weight is not 0, `(d,)`; `otherwise` if all are."""
    if sample_weight is None:
        return ops.mean(embedding, axis=0)
    counted = ops.cast(ops.not_equal(ops.reshape(sample_weight, (-1, 1)), 0), "float32")
    count = ops.sum(counted)
    mean = ops.sum(counted * embedding, axis=0) / ops.maximum(count, 1.0)
    return ops.where(count > 0, mean, ops.convert_to_tensor(otherwise))


def _quantile(values, share, sample_weight, otherwise):
    """Quantile of the values `(n,)` whose weight is not 0; `otherwise` if all are."""
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
