"""Autoencoder: compress normal data to a code; what cannot be reconstructed from it is anomalous.

Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 2006.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.models.base import AnomalyModel, ErrorsExplain, Logs
from zoo.models.examples import Example, row_decoder, row_encoder, window_decoder, window_encoder
from zoo.nn import losses
from zoo.training.seeds import Draws


@keras.saving.register_keras_serializable(package="zoo")
class Autoencoder(AnomalyModel):
    """Encoder f and decoder g that minimise mean ‖x − g(f(x̃))‖² / d + ½λ‖W‖² + s·‖f(x̃)‖₁.

    The score is the mean squared error of the reconstruction, ‖x − g(f(x))‖² / d, where d is the
    number of values of a sample. Deep SVDD also starts from an encoder trained this way.

    With `noise` or `mask` the autoencoder is denoising: the encoder sees a corrupted sample x̃, and
    the target is the sample x itself. The code then need not be narrow, because copying no longer
    minimises the loss. The model learns to map any point back to where normal data are dense, and
    the score, computed without noise, grows with the length of that step: about
    noise⁴ · ‖∇ log density‖² for small noise.

    With `sparsity` s only few values of the code are far from zero for any one sample.

    Args:
        encoder: built functional model `(n, ...)` to `(n, d)`.
        decoder: built functional model `(n, d)` back to `(n, ...)`.
        weight_decay: λ, on the weights of both networks.
        noise: standard deviation of the Gaussian noise added to the input in training, in the
            unit of the data; the default is meant for data scaled to variance 1.
        mask: share of the input values set to zero in training.
        sparsity: s, weight of the L1 norm of the code.
        seed: of noise and mask.

    Raises:
        InputError: a mask that is not a share, or negative noise or sparsity.

    Example:
        >>> import numpy as np
        >>> from zoo.nn.networks import mlp
        >>> model = Autoencoder(mlp((4,), units=(16,)), mlp((16,), units=(4,)))
        >>> model.predict(np.zeros((8, 4), "float32"), verbose=0).shape
        (8,)

    References:
        Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, ICML
        2008. Alain & Bengio, What Regularized Auto-Encoders Learn from the Data, JMLR 2014. Ng,
        Sparse Autoencoder, CS294A lecture notes 2011 (with a divergence in place of the L1 norm).
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        weight_decay: float = 0.0,
        noise: float = 0.5,
        mask: float = 0.0,
        sparsity: float = 0.0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not 0 <= mask < 1:
            raise InputError(f"mask is {mask}, expected a share of at least 0 and below 1.")
        for name, value in (("noise", noise), ("sparsity", sparsity)):
            if value < 0:
                raise InputError(f"{name} is {value}, expected 0 or more.")
        self.encoder = encoder
        self.decoder = decoder
        self.weight_decay = weight_decay
        self.noise = noise
        self.mask = mask
        self.sparsity = sparsity
        self.seed = seed
        self.draws = Draws(seed)
        self.build(encoder.input_shape)

    @classmethod
    def examples(cls) -> Iterator[Example]:
        def make(cell: str | None = None, **options: Any) -> Autoencoder:
            if cell is None:
                return cls(row_encoder(), row_decoder(), **options)
            return cls(window_encoder(cell), window_decoder(cell), **options)

        yield Example("plain", partial(make, noise=0.0), "table")
        denoising: dict[str, Any] = {"noise": 0.3, "mask": 0.1, "sparsity": 0.01}
        yield Example("denoising", partial(make, **denoising), "table")
        yield Example("gru", partial(make, "gru", noise=0.0, weight_decay=1e-4), "windows")
        yield Example("lstm", partial(make, "lstm", noise=0.1), "windows")
        yield Example("transformer", partial(make, "transformer", noise=0.0), "windows")

    def learn(self, x: Tensor, training: bool = True, sample_weight: Tensor | None = None) -> Logs:
        corrupted = self.corrupt(x) if training else x

        def loss() -> Tensor:
            code = self.encoder(corrupted, training=training)
            errors = losses.squared_error(x, self.decoder(code, training=training))
            value = losses.weighted_mean(errors, sample_weight)
            value = value + losses.l2_penalty(self.trainable_variables, self.weight_decay)
            if self.sparsity:
                length = ops.sum(ops.abs(ops.cast(code, "float32")), axis=-1)
                value = value + self.sparsity * losses.weighted_mean(length, sample_weight)
            return value

        return {"loss": self.minimize(loss, "encoder", "decoder")}

    def score(self, x: Tensor) -> Tensor:
        return losses.squared_error(x, self.reconstruct(x))

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the reconstruction of a batch, `x`'s shape."""
        return self.decoder(self.encoder(x, training=False), training=False)

    @property
    def errors_explain(self) -> ErrorsExplain:
        return "all"

    def errors(self, x: Tensor) -> Tensor:
        return ops.square(ops.cast(x, "float32") - ops.cast(self.reconstruct(x), "float32"))

    def corrupt(self, x: Tensor) -> Tensor:
        """Return what the encoder sees of a batch in training: masked, and with noise."""
        x = ops.convert_to_tensor(x)
        if self.mask:
            kept = keras.random.uniform(ops.shape(x), seed=self.draws) >= self.mask
            x = ops.where(kept, x, ops.zeros_like(x))
        if self.noise:
            drawn = keras.random.normal(ops.shape(x), dtype="float32", seed=self.draws)
            x = x + ops.cast(self.noise * drawn, x.dtype)
        return x

    def begin_epoch(self, epoch: int) -> None:
        self.draws.begin_epoch(epoch)

    def causes_of_collapse(self) -> list[str]:
        return ["the learning rate may be too high: divide it by ten"]
