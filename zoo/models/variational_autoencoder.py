"""Variational autoencoder: how likely is a sample under what the code can explain?

Kingma & Welling, Auto-Encoding Variational Bayes, ICLR 2014; as a detector: An & Cho, Variational
Autoencoder based Anomaly Detection using Reconstruction Probability, SNU technical report 2015.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError
from zoo.models.base import AnomalyModel, ErrorsExplain
from zoo.models.collapse import CollapseWarning
from zoo.models.examples import Example, row_decoder, row_encoder
from zoo.nn import losses
from zoo.training.seeds import Draws

SCORES = ("reconstruction_probability", "elbo", "reconstruction_error")
NARROWEST = math.log(0.05**2)  # or a feature of few values would be infinitely likely


@keras.saving.register_keras_serializable(package="zoo")
class VariationalAutoencoder(AnomalyModel):
    """min −E[log p(x|z)] + β · KL(q(z|x) ‖ N(0, I)) + ½λ‖W‖², with Gaussian q and p(x|z).

    The expectation is over one draw of z a sample and step. With β = 1 the loss is −ELBO, in nats;
    a larger β ties the code to N(0, I) (Higgins et al., β-VAE, ICLR 2017).

    Scores, with the expectation over `samples` draws:

    - `"reconstruction_probability"`: −E[log p(x|z)], that of An and Cho with its sign turned;
    - `"elbo"`: −ELBO, which adds KL(q(z|x) ‖ N(0, I));
    - `"reconstruction_error"`: mean squared error of what the mean code decodes to, without draws.

    NumPy draws once, for all samples alike, and a weight keeps it: scoring again gives the same, on
    any backend. Draws come in opposite pairs, scaled to unit variance, so that few do not mislead.
    Validation uses them too.

    Args:
        encoder: built functional model `(n, ...)` to `(n, 2 · d)`: mean and log variance of q.
        decoder: built functional model `(n, d)` back to `(n, ...)`; with `scale=None` the last
            axis is twice as long: mean and log variance of p(x|z).
        beta: β.
        scale: standard deviation of p(x|z), in the data's own unit; None lets the decoder say it
            for each sample and feature, 0.05 or more.
        score_by: one of the scores above.
        samples: draws of z for a score.
        weight_decay: λ, true L2, on both networks.
        seed: of all draws.

    Raises:
        ValueError: networks that do not fit each other, an unknown score, or a scale, β or number
            of samples out of range.

    Example:
        >>> from zoo.nn.networks import mlp
        >>> model = VariationalAutoencoder(mlp((4,), units=(8, 2 * 3)), mlp((3,), units=(8, 4)))
        >>> model.predict(np.zeros((8, 4), "float32"), verbose=0).shape
        (8,)
    """

    def __init__(
        self,
        encoder,
        decoder,
        beta=1.0,
        scale=0.7,
        score_by="reconstruction_error",
        samples=16,
        weight_decay=0.0,
        seed=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if score_by not in SCORES:
            raise InputError(f"score_by {score_by!r} is unknown; choose one of {SCORES}.")
        if samples < 1 or beta < 0 or (scale is not None and scale <= 0):
            raise InputError(
                f"found samples={samples}, beta={beta} and scale={scale}; expected 1 or more "
                f"samples, a beta of 0 or more, and a scale above 0 or None."
            )
        _check_shapes(encoder, decoder, scale)
        self.encoder = encoder
        self.decoder = decoder
        self.beta = beta
        self.scale = scale
        self.score_by = score_by
        self.samples = samples
        self.weight_decay = weight_decay
        self.seed = seed
        self.draws = Draws(seed)
        shape = (samples, decoder.input_shape[-1])
        state = {"initializer": "zeros", "dtype": "float32", "trainable": False, "autocast": False}
        self.fixed_draws = self.add_weight(shape, name="fixed_draws", **state)
        self.fixed_draws.assign(_balanced_draws(*shape, seed))
        self.build(encoder.input_shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        def make(outputs: int = 6, **options: Any) -> VariationalAutoencoder:
            return cls(row_encoder(6), row_decoder(outputs), **options)

        probability = {"score_by": "reconstruction_probability", "beta": 0.5, "weight_decay": 1e-4}
        yield Example("error", make, "table")
        yield Example("probability", partial(make, **probability), "table")
        yield Example("learned scale", partial(make, 12, scale=None, score_by="elbo"), "table")

    def learn(self, x, training=True, sample_weight=None):
        def loss():
            mean, log_variance = self.posterior(x, training)
            if training:
                surprise = self._surprise(x, self.sample(mean, log_variance), training)
            else:
                surprise = self._expected_surprise(x, mean, log_variance)
            reconstruction = losses.weighted_mean(surprise, sample_weight)
            divergences = losses.gaussian_divergence(mean, log_variance)
            divergence = losses.weighted_mean(divergences, sample_weight)
            penalty = losses.l2_penalty(self.trainable_variables, self.weight_decay)
            value = reconstruction + self.beta * divergence + penalty
            return value, {"reconstruction": reconstruction, "divergence": divergence}

        value, terms = self.minimize(loss, "encoder", "decoder")
        return {"loss": value, **terms}

    def score(self, x):
        if self.score_by == "reconstruction_error":
            return losses.squared_error(x, self.reconstruct(x))
        mean, log_variance = self.posterior(x)
        surprise = self._expected_surprise(x, mean, log_variance)
        if self.score_by == "reconstruction_probability":
            return surprise
        return surprise + losses.gaussian_divergence(mean, log_variance)

    def posterior(self, x, training=False):
        """Mean and log variance of q(z|x), each `(n, d)` float32."""
        output = ops.cast(self.encoder(x, training=training), "float32")
        mean, log_variance = ops.split(output, 2, axis=-1)
        return mean, ops.clip(log_variance, -20.0, 20.0)

    def sample(self, mean, log_variance):
        """One code a sample, drawn from q(z|x), `(n, d)`."""
        drawn = keras.random.normal(ops.shape(mean), dtype="float32", seed=self.draws)
        return mean + ops.exp(0.5 * log_variance) * drawn

    def likelihood(self, z, training=False):
        """Mean of p(x|z), of the data's shape, and log variance, of that or no shape; float32."""
        output = ops.cast(self.decoder(z, training=training), "float32")
        if self.scale is not None:
            return output, ops.convert_to_tensor(2 * math.log(self.scale), dtype="float32")
        mean, log_variance = ops.split(output, 2, axis=-1)
        return mean, NARROWEST + ops.softplus(log_variance - NARROWEST)

    def reconstruct(self, x):
        """What the mean code of each sample decodes to, `x`'s shape."""
        return self.likelihood(self.posterior(x)[0])[0]

    @property
    def errors_explain(self) -> ErrorsExplain:
        return "all" if self.score_by == "reconstruction_error" else "part"

    def errors(self, x):
        """Squared error of every number of a batch, `x`'s shape, float32."""
        return ops.square(ops.cast(x, "float32") - self.reconstruct(x))

    def begin_epoch(self, epoch):
        self.draws.begin_epoch(epoch)

    def after_fit(self, history):
        """Warn when the code tells nothing about the sample: posterior collapse."""
        divergence = history.get("divergence", [])
        if len(divergence) and divergence[-1] < 0.01:
            warnings.warn(
                f"{type(self).__name__}: the code carries {divergence[-1]:.2g} nats, so every "
                f"sample decodes alike; lower beta (now {self.beta:g}) or the scale of p(x|z)",
                CollapseWarning,
                stacklevel=3,
            )

    def causes_of_collapse(self):
        return [
            "beta or the scale of p(x|z) may be too high: lower them",
            "the learning rate may be too high: divide it by ten",
        ]

    def _surprise(self, x, z, training=False):
        return losses.gaussian_surprise(x, *self.likelihood(z, training))

    def _expected_surprise(self, x, mean, log_variance):
        codes = mean + ops.exp(0.5 * log_variance) * self.fixed_draws[:, None]
        codes = ops.reshape(codes, (-1, mean.shape[-1]))
        repeated = ops.tile(x, (self.samples, *[1] * (len(x.shape) - 1)))
        surprise = self._surprise(repeated, codes)
        return ops.mean(ops.reshape(surprise, (self.samples, -1)), axis=0)


def _balanced_draws(count, size, seed):
    """Draws of N(0, I), `(count, size)`: each with its opposite, of mean square 1."""
    half = np.random.default_rng(seed).normal(size=(-(-count // 2), size))
    draws = np.concatenate([half, -half])[:count]
    return draws / np.sqrt(np.mean(draws**2, axis=0))


def _check_shapes(encoder, decoder, scale):
    found, expected = encoder.output_shape[-1], 2 * decoder.input_shape[-1]
    if found != expected:
        raise InputError(
            f"the encoder gives {found} numbers a sample, expected {expected}: mean and log "
            f"variance for each of the {decoder.input_shape[-1]} that the decoder takes."
        )
    shape = list(encoder.input_shape[1:])
    shape[-1] *= 1 if scale is not None else 2
    if list(decoder.output_shape[1:]) != shape:
        raise InputError(
            f"the decoder gives {tuple(decoder.output_shape[1:])} for a sample, expected "
            f"{tuple(shape)}{'' if scale else ': mean and log variance, for scale is None'}."
        )
