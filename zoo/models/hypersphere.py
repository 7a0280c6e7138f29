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

    def loss(self, embedding):
        """Scalar objective of a batch `(n, d)`; afterwards center and radius follow it.

        The order is the sources': the batch is judged by the sphere it found.
        """
        distance = self.distance(embedding)
        if self.objective == "soft-boundary":
            value = losses.soft_boundary(distance, self.radius, self.nu)
            quantile = ops.quantile(ops.sqrt(ops.stop_gradient(distance)), 1 - self.nu)
            self.radius.assign(self.radius + self.warm * (quantile - self.radius))
        else:
            value = ops.mean(distance)
        if self.center_rate:
            mean = ops.mean(ops.cast(ops.stop_gradient(embedding), "float32"), axis=0)
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
