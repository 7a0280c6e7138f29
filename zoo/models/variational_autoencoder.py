"""Variational autoencoder: reconstruct a sample from a code that is a distribution.

Kingma & Welling, Auto-Encoding Variational Bayes, ICLR 2014. For anomaly detection: An & Cho,
Variational Autoencoder based Anomaly Detection using Reconstruction Probability, SNU technical
report 2015.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.models.base import AnomalyModel, ErrorsExplain, Logs
from zoo.models.collapse import CollapseWarning
from zoo.models.examples import Example, row_decoder, row_encoder
from zoo.nn import losses
from zoo.training.seeds import Draws

SCORES = ("reconstruction_probability", "elbo", "reconstruction_error")
MIN_LOG_VARIANCE = math.log(0.05**2)  # else a feature of few values has unbounded likelihood


@keras.saving.register_keras_serializable(package="zoo")
class VariationalAutoencoder(AnomalyModel):
    """Encoder q(z|x) and decoder p(x|z), both Gaussian, trained on the evidence lower bound (ELBO).

    Minimise −E[log p(x|z)] + β · KL(q(z|x) ‖ N(0, I)) + ½λ‖W‖². The expectation is over one draw of
    z per sample and step. With β = 1 the loss is −ELBO, in nats; a larger β ties the code to
    N(0, I) (Higgins et al., β-VAE, ICLR 2017).

    Scores:

    - `"reconstruction_error"`: mean squared error of the reconstruction from the mean of q(z|x);
    - `"reconstruction_probability"`: −E[log p(x|z)] over `samples` draws of z, the score of An and
      Cho with the sign reversed;
    - `"elbo"`: −ELBO, which adds KL(q(z|x) ‖ N(0, I)).

    The draws for scores are made once by NumPy, are the same for every sample and are saved with
    the weights, so that a score repeats on any backend. They come in pairs z, −z, scaled to unit
    variance, which makes a few draws more representative. Validation uses them too.

    Args:
        encoder: built functional model `(n, ...)` to `(n, 2 · d)`: mean and log variance of q.
        decoder: built functional model `(n, d)` back to `(n, ...)`; with `scale=None` the last
            axis is twice as long: mean and log variance of p(x|z).
        beta: β, 0 or more.
        scale: standard deviation of p(x|z), in the unit of the data; with None the decoder gives
            it for each sample and feature, at least 0.05.
        score_by: one of the scores above.
        samples: number of draws of z for a score.
        weight_decay: λ, an L2 penalty on the weights of both networks.
        seed: of all draws.

    Raises:
        InputError: networks that do not fit each other, an unknown score, or a scale, β or number
            of samples out of range.

    Example:
        >>> from zoo.nn.networks import mlp
        >>> model = VariationalAutoencoder(mlp((4,), units=(8, 2 * 3)), mlp((3,), units=(8, 4)))
        >>> model.predict(np.zeros((8, 4), "float32"), verbose=0).shape
        (8,)
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        beta: float = 1.0,
        scale: float | None = 0.7,
        score_by: str = "reconstruction_error",
        samples: int = 16,
        weight_decay: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
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

        probability: dict[str, Any] = {
            "score_by": "reconstruction_probability",
            "beta": 0.5,
            "weight_decay": 1e-4,
        }
        yield Example("error", make, "table")
        yield Example("probability", partial(make, **probability), "table")
        yield Example("learned scale", partial(make, 12, scale=None, score_by="elbo"), "table")

    def learn(self, x: Tensor, training: bool = True, sample_weight: Tensor | None = None) -> Logs:
        def loss() -> tuple[Tensor, Logs]:
            mean, log_variance = self.posterior(x, training)
            if training:
                z = self.sample(mean, log_variance)
                likelihoods = self._negative_log_likelihood(x, z, training)
            else:
                likelihoods = self._expected_negative_log_likelihood(x, mean, log_variance)
            reconstruction = losses.weighted_mean(likelihoods, sample_weight)
            divergences = losses.gaussian_divergence(mean, log_variance)
            divergence = losses.weighted_mean(divergences, sample_weight)
            penalty = losses.l2_penalty(self.trainable_variables, self.weight_decay)
            value = reconstruction + self.beta * divergence + penalty
            return value, {"reconstruction": reconstruction, "divergence": divergence}

        value, terms = self.minimize(loss, "encoder", "decoder")
        return {"loss": value, **terms}

    def score(self, x: Tensor) -> Tensor:
        if self.score_by == "reconstruction_error":
            return losses.squared_error(x, self.reconstruct(x))
        mean, log_variance = self.posterior(x)
        likelihood = self._expected_negative_log_likelihood(x, mean, log_variance)
        if self.score_by == "reconstruction_probability":
            return likelihood
        return likelihood + losses.gaussian_divergence(mean, log_variance)

    def posterior(self, x: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of q(z|x), each `(n, d)` float32."""
        output = ops.cast(self.encoder(x, training=training), "float32")
        mean, log_variance = ops.split(output, 2, axis=-1)
        return mean, ops.clip(log_variance, -20.0, 20.0)

    def sample(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Return one code per sample, drawn from q(z|x), `(n, d)`."""
        drawn = keras.random.normal(ops.shape(mean), dtype="float32", seed=self.draws)
        return mean + ops.exp(0.5 * log_variance) * drawn

    def likelihood(self, z: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of p(x|z), float32.

        Args:
            z: codes, `(n, d)`.
            training: whether the decoder is training (dropout).

        Returns:
            The mean, of the data's shape, and the log variance: a scalar with a fixed `scale`, of
            the data's shape otherwise.
        """
        output = ops.cast(self.decoder(z, training=training), "float32")
        if self.scale is not None:
            return output, ops.convert_to_tensor(2 * math.log(self.scale), dtype="float32")
        mean, log_variance = ops.split(output, 2, axis=-1)
        return mean, MIN_LOG_VARIANCE + ops.softplus(log_variance - MIN_LOG_VARIANCE)

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the reconstruction of each sample from its mean code, `x`'s shape."""
        return self.likelihood(self.posterior(x)[0])[0]

    @property
    def errors_explain(self) -> ErrorsExplain:
        return "all" if self.score_by == "reconstruction_error" else "part"

    def errors(self, x: Tensor) -> Tensor:
        return ops.square(ops.cast(x, "float32") - self.reconstruct(x))

    def begin_epoch(self, epoch: int) -> None:
        self.draws.begin_epoch(epoch)

    def after_fit(self, history: Mapping[str, Sequence[float]]) -> None:
        """Warn of posterior collapse: the code carries no information about the sample."""
        divergence = history.get("divergence", [])
        if len(divergence) and divergence[-1] < 0.01:
            warnings.warn(
                f"{type(self).__name__}: the code carries {divergence[-1]:.2g} nats, so all "
                f"samples have the same reconstruction; lower beta (now {self.beta:g}) or the "
                f"scale of p(x|z)",
                CollapseWarning,
                stacklevel=3,
            )

    def causes_of_collapse(self) -> list[str]:
        return [
            "beta or the scale of p(x|z) may be too high: lower them",
            "the learning rate may be too high: divide it by ten",
        ]

    def _negative_log_likelihood(self, x: Tensor, z: Tensor, training: bool = False) -> Tensor:
        return losses.gaussian_negative_log_likelihood(x, *self.likelihood(z, training))

    def _expected_negative_log_likelihood(
        self, x: Tensor, mean: Tensor, log_variance: Tensor
    ) -> Tensor:
        codes = mean + ops.exp(0.5 * log_variance) * self.fixed_draws[:, None]
        codes = ops.reshape(codes, (-1, mean.shape[-1]))
        repeated = ops.tile(x, (self.samples, *[1] * (len(x.shape) - 1)))
        likelihoods = self._negative_log_likelihood(repeated, codes)
        return ops.mean(ops.reshape(likelihoods, (self.samples, -1)), axis=0)


def _balanced_draws(count: int, size: int, seed: int) -> np.ndarray:
    """Return draws of N(0, I), `(count, size)`, in pairs z, −z and with mean square 1."""
    half = np.random.default_rng(seed).normal(size=(-(-count // 2), size))
    draws = np.concatenate([half, -half])[:count]
    return draws / np.sqrt(np.mean(draws**2, axis=0))


def _check_shapes(encoder: keras.Model, decoder: keras.Model, scale: float | None) -> None:
    found, expected = encoder.output_shape[-1], 2 * decoder.input_shape[-1]
    if found != expected:
        raise InputError(
            f"the encoder gives {found} values per sample, expected {expected}: mean and log "
            f"variance for each of the {decoder.input_shape[-1]} that the decoder takes."
        )
    shape = list(encoder.input_shape[1:])
    shape[-1] *= 1 if scale is not None else 2
    if list(decoder.output_shape[1:]) != shape:
        raise InputError(
            f"the decoder gives {tuple(decoder.output_shape[1:])} for a sample, expected "
            f"{tuple(shape)}{'' if scale else ': mean and log variance, for scale is None'}."
        )
