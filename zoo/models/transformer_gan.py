"""Transformer, contrast and GAN: score windows by reconstruction error and by how real they look.

A Transformer (Vaswani et al., NeurIPS 2017) reconstructs windows; NT-Xent (Chen et al., ICML 2020)
keeps the embedding of a window near that of its augmented view; a GAN (Goodfellow et al., NeurIPS
2014) learns what real windows look like.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.models.base import AnomalyModel, ErrorsExplain, Logs
from zoo.models.examples import ATTENTION, WINDOW, Example
from zoo.nn import losses
from zoo.nn.layers import instance_statistics
from zoo.nn.networks import (
    draw_weights,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)
from zoo.training.seeds import Draws

COUPLINGS = ("none", "separate", "joint")
NORMALIZATIONS = ("none", "center", "window", "reversible")
SCORES = ("both", "reconstruction", "discriminator")


@keras.saving.register_keras_serializable(package="zoo")
class TransformerGAN(AnomalyModel):
    """Minimise α · reconstruction + β · NT-Xent + γ · adversarial, the last with a GAN only.

    `coupling` says what the adversarial term trains. With `"separate"`, as published, it trains
    the generator against the discriminator and never reaches the Transformer, whatever γ. With
    `"joint"` the discriminator also judges reconstructions, and γ weighs the term by which the
    Transformer learns to make them look real. With `"none"` there is no GAN.

    The score is the mean squared error of the reconstruction, 1 − D(x) (the probability, to the
    discriminator D, that the window is generated), or the sum of both.

    Args:
        transformer: built functional model, `(n, window, features)` to the list of the
            reconstruction and an embedding `(n, d)`.
        generator: built functional model, `(n, latent)` to `(n, window, features)`; None for no
            GAN.
        discriminator: built functional model, `(n, window, features)` to logits `(n, 1)`; None for
            no GAN.
        coupling: `"none"`, `"separate"` or `"joint"`.
        reconstruction_weight: α.
        contrast_weight: β; 0 leaves the second view out.
        adversarial_weight: γ.
        temperature: τ of NT-Xent.
        mask: share of values set to zero in the augmented view, for half of the windows.
        jitter: standard deviation of the noise added to it, for half of the windows.
        normalize: how windows are normalised for the networks: `"none"`; `"center"`, subtract the
            mean of each feature over the window; `"window"`, also divide by its standard deviation,
            and measure the error in these units; `"reversible"`, the same input, with the error in
            the unit of the data (RevIN).
        score_by: `"reconstruction"`, `"discriminator"` or `"both"`; the last two need a GAN.
        seed: of noise and augmentation.

    Raises:
        InputError: an unknown option, a number out of range, a generator without a discriminator,
            a coupling that does not match the networks, or networks whose shapes do not fit.

    Example:
        >>> import numpy as np
        >>> from zoo.nn.networks import transformer_reconstructor
        >>> network = transformer_reconstructor((6, 3), blocks=1, heads=2, width=4, feed_forward=8)
        >>> model = TransformerGAN(network, normalize="center")
        >>> model.predict(np.zeros((5, 6, 3), "float32"), verbose=0).shape
        (5,)
    """

    def __init__(
        self,
        transformer: keras.Model,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        coupling: str = "none",
        reconstruction_weight: float = 1.0,
        contrast_weight: float = 0.2,
        adversarial_weight: float = 0.05,
        temperature: float = 0.07,
        mask: float = 0.15,
        jitter: float = 0.03,
        normalize: str = "none",
        score_by: str = "reconstruction",
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value, known in (
            ("coupling", coupling, COUPLINGS),
            ("normalize", normalize, NORMALIZATIONS),
            ("score_by", score_by, SCORES),
        ):
            if value not in known:
                raise InputError(f"{name} {value!r} is unknown; choose one of {known}.")
        if not 0 <= mask < 1:
            raise InputError(f"mask is {mask}, expected a share of at least 0 and below 1.")
        if temperature <= 0:
            raise InputError(f"temperature is {temperature}, expected a number above 0.")
        for name, number in (
            ("reconstruction_weight", reconstruction_weight),
            ("contrast_weight", contrast_weight),
            ("adversarial_weight", adversarial_weight),
            ("jitter", jitter),
        ):
            if number < 0:
                raise InputError(f"{name} is {number}, expected 0 or more.")
        if (generator is None) != (discriminator is None):
            raise InputError("generator and discriminator come together; give both or neither.")
        if (generator is None) != (coupling == "none"):
            has = "no generator" if generator is None else "a generator"
            raise InputError(
                f"coupling is {coupling!r} and the model has {has}; give 'separate' or 'joint' "
                f"with generator and discriminator, 'none' without."
            )
        if discriminator is None and score_by != "reconstruction":
            raise InputError(f"score_by={score_by!r} needs a generator and a discriminator.")
        _check_shapes(transformer, generator, discriminator)
        self.transformer = transformer
        self.generator: Any = generator
        self.discriminator: Any = discriminator
        self.coupling = coupling
        self.reconstruction_weight = reconstruction_weight
        self.contrast_weight = contrast_weight
        self.adversarial_weight = adversarial_weight
        self.temperature = temperature
        self.mask = mask
        self.jitter = jitter
        self.normalize = normalize
        self.score_by = score_by
        self.seed = seed
        self.draws = Draws(seed)
        self.latent_draws = Draws(
            seed + 1
        )  # of its own: the augmentation is the same without a GAN
        self.build(transformer.input_shape)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> TransformerGAN:
        if config["generator"] is None:  # 0.1.0 kept values that have no effect without a GAN
            config = {**config, "coupling": "none", "score_by": "reconstruction"}
        return super().from_config(config, custom_objects)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        def make(**options: Any) -> TransformerGAN:
            return cls(draw_weights(transformer_reconstructor(WINDOW, **ATTENTION), 0), **options)

        def gan(**options: Any) -> TransformerGAN:
            generator = window_generator(WINDOW, latent=4, units=(8,), width=4)
            discriminator = window_discriminator(WINDOW, units=(8,), dropout=0.0)
            return make(
                generator=draw_weights(generator, 1),
                discriminator=draw_weights(discriminator, 2),
                **options,
            )

        contrast: dict[str, Any] = {"mask": 0.3, "jitter": 0.1, "normalize": "reversible"}
        yield Example("contrast", partial(make, **contrast), "windows")
        yield Example("separate", partial(gan, coupling="separate"), "windows")
        yield Example("joint", partial(gan, coupling="joint", normalize="center"), "windows")

    def learn(self, x: Tensor, training: bool = True) -> Logs:
        if not training:  # equal augmentation in each validation, so that its losses compare
            self.begin_epoch(0)
        view, scale = self.view(x)
        logs = self._learn_transformer(view, scale, training)
        reconstruction = logs.pop("output")
        if self.discriminator is None or not training:  # adversarial losses say little there
            return logs
        noise = self.latent(ops.shape(view)[0])
        logs["discriminator"] = self._learn_discriminator(view, reconstruction, noise, training)
        logs["generator"] = self._learn_generator(noise, training)
        if self.coupling == "separate":  # part of the published sum; no gradient comes from it
            logs["loss"] = logs["loss"] + self.adversarial_weight * logs["generator"]
        return logs

    def _learn_transformer(self, view: Tensor, scale: Tensor | float, training: bool) -> Logs:
        def loss() -> tuple[Tensor, Logs]:
            output, embedding = self.transformer(view, training=training)
            error = ops.mean(self._squared_error(view, output, scale))
            value, terms = self.reconstruction_weight * error, {"reconstruction": error}
            if self.contrast_weight:
                _, other = self.transformer(self.augment(view), training=training)
                terms["contrast"] = losses.nt_xent(embedding, other, self.temperature)
                value = value + self.contrast_weight * terms["contrast"]
            if self.discriminator is not None and self.coupling == "joint":
                terms["adversarial"] = real_cost(self.discriminator(output, training=training))
                value = value + self.adversarial_weight * terms["adversarial"]
            return value, {**terms, "output": output}

        value, terms = self.minimize(loss, "transformer")
        return {"loss": value, **terms}

    def _learn_discriminator(
        self, view: Tensor, reconstruction: Tensor, noise: Tensor, training: bool
    ) -> Tensor:
        reconstruction = ops.stop_gradient(reconstruction)

        def loss() -> Tensor:
            fakes = [ops.stop_gradient(self.generator(noise, training=training))]
            if self.coupling == "joint":
                fakes.append(reconstruction)
            costs = [fake_cost(self.discriminator(fake, training=training)) for fake in fakes]
            return real_cost(self.discriminator(view, training=training)) + sum(costs) / len(costs)

        return self.minimize(loss, "discriminator")

    def _learn_generator(self, noise: Tensor, training: bool) -> Tensor:
        def loss() -> Tensor:
            fake = self.generator(noise, training=training)
            return real_cost(self.discriminator(fake, training=training))

        return self.minimize(loss, "generator")

    def score(self, x: Tensor) -> Tensor:
        error, generated = self.terms(x)
        if self.score_by == "both":
            return error + generated
        return error if self.score_by == "reconstruction" else generated

    def terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean squared error `(n,)` and 1 − D(x) `(n,)`, which is 0 without a GAN."""
        error = ops.mean(self.errors(x), axis=(1, 2))
        if self.discriminator is None:
            return error, ops.zeros_like(error)
        view, _ = self.view(x)
        logits = self.discriminator(view, training=False)[:, 0]
        return error, ops.sigmoid(-ops.cast(logits, "float32"))

    @property
    def errors_explain(self) -> ErrorsExplain:
        shares: dict[str, ErrorsExplain] = {"both": "part", "reconstruction": "all"}
        return shares.get(self.score_by, "nothing")

    def network_input(self, x: Tensor) -> Tensor:
        """Return what the Transformer sees of a batch, `x`'s shape."""
        return self.view(x)[0]

    def errors(self, x: Tensor) -> Tensor:
        view, scale = self.view(x)
        output, _ = self.transformer(view, training=False)
        return self._squared_error(view, output, scale)

    def view(self, x: Tensor) -> tuple[Tensor, Tensor | float]:
        """Return the normalised batch and the factor from its unit to that of the error."""
        x = ops.cast(x, "float32")
        if self.normalize == "none":
            return x, 1.0
        mean, deviation = instance_statistics(x)
        if self.normalize == "center":
            return x - mean, 1.0
        return (x - mean) / deviation, deviation if self.normalize == "reversible" else 1.0

    def augment(self, x: Tensor) -> Tensor:
        """Return an augmented view, `x`'s shape: masked values and noise, each in half of it."""
        if self.mask:
            drawn = self._uniform(ops.shape(x)) < self.mask
            x = ops.where(ops.logical_and(drawn, self._half_of(x)), 0.0, x)
        if self.jitter:
            noise = keras.random.normal(ops.shape(x), dtype="float32", seed=self.draws)
            x = ops.where(self._half_of(x), x + self.jitter * noise, x)
        return x

    def latent(self, count: int) -> Tensor:
        """Return Gaussian noise for `count` windows of the generator, `(count, latent)`."""
        shape = (count, self.generator.input_shape[-1])
        return keras.random.normal(shape, dtype="float32", seed=self.latent_draws)

    def begin_epoch(self, epoch: int) -> None:
        self.draws.begin_epoch(epoch)
        self.latent_draws.begin_epoch(epoch)

    def after_fit(self, history: Mapping[str, Sequence[float]]) -> None:
        """Warn when the discriminator won outright, so that the generator no longer learns."""
        costs = history.get("discriminator", [])
        if len(costs) and costs[-1] < 0.05:
            warnings.warn(
                f"{type(self).__name__}: the discriminator wins outright (its loss is "
                f"{costs[-1]:.2g}, a draw is 1.39), so the generator no longer learns and the "
                f"score's second term is nearly constant; lower the discriminator's learning "
                f"rate, raise its dropout, or raise the generator's learning rate",
                stacklevel=3,
            )

    def causes_of_collapse(self) -> list[str]:
        return ["the learning rate may be too high: divide it by ten"]

    def _squared_error(self, view: Tensor, output: Tensor, scale: Tensor | float) -> Tensor:
        return ops.square((view - ops.cast(output, "float32")) * scale)

    def _half_of(self, x: Tensor) -> Tensor:
        return self._uniform((ops.shape(x)[0], 1, 1)) < 0.5

    def _uniform(self, shape: tuple[Any, ...]) -> Tensor:
        return keras.random.uniform(shape, dtype="float32", seed=self.draws)


def _check_shapes(
    transformer: keras.Model, generator: keras.Model | None, discriminator: keras.Model | None
) -> None:
    window = transformer.input_shape
    found = [tuple(output.shape) for output in transformer.outputs]
    if len(found) != 2 or found[0] != window:
        raise InputError(
            f"the transformer maps {window} to {found}; expected the list of a reconstruction "
            f"{window} and an embedding (None, d), as transformer_reconstructor gives."
        )
    if generator is None or discriminator is None:
        return
    if generator.output_shape != window:
        raise InputError(f"the generator gives {generator.output_shape}; expected {window}.")
    if (discriminator.input_shape, discriminator.output_shape) != (window, (None, 1)):
        raise InputError(
            f"the discriminator maps {discriminator.input_shape} to "
            f"{discriminator.output_shape}; expected {window} to (None, 1)."
        )


def real_cost(logits: Tensor) -> Tensor:
    """Return the cross-entropy of logits `(n, 1)` with the label "real"; scalar float32."""
    return ops.mean(ops.softplus(-ops.cast(logits, "float32")))


def fake_cost(logits: Tensor) -> Tensor:
    """Return the cross-entropy of logits `(n, 1)` with the label "generated"; scalar float32."""
    return ops.mean(ops.softplus(ops.cast(logits, "float32")))
