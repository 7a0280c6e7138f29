"""Autoencoder: squeeze normal data through a narrow code; what it cannot redraw is strange.

Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 2006.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
from keras import ops

from zoo.errors import InputError
from zoo.models.base import AnomalyModel
from zoo.models.examples import Example, row_decoder, row_encoder, window_decoder, window_encoder
from zoo.nn import losses
from zoo.training.seeds import Draws


@keras.saving.register_keras_serializable(package="zoo")
class Autoencoder(AnomalyModel):
    """Encoder and decoder trained on mean squared error; the score is that error per sample.

    Trained first and thrown half away, it is also how Deep SVDD pretrains its encoder.

    With `noise` or `mask` it is denoising: it sees a damaged sample and must give the whole one.
    Then the code need not be narrow, for copying no longer helps. What it learns instead is the
    way from anywhere back to where normal data are dense, and the score, taken on the sample as it
    is, grows with the length of that way: about noise⁴ · ‖∇ log density‖² for little noise.
    Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, ICML 2008;
    Alain & Bengio, What Regularized Auto-Encoders Learn from the Data, JMLR 2014.

    With `sparsity` few numbers of the code are far from zero at a time. Ng, Sparse Autoencoder,
    CS294A lecture notes 2011 (there by a divergence, here by an L1 penalty).

    Args:
        encoder: built functional model `(n, ...)` to `(n, d)`.
        decoder: built functional model `(n, d)` back to `(n, ...)`.
        weight_decay: λ of ½λ‖W‖² on both networks.
        noise: standard deviation of the Gaussian noise added to the input in training, in the
            data's own unit.
        mask: share of the input's numbers set to zero in training.
        sparsity: weight of the code's L1 norm, the mean over samples, in the loss.
        seed: of noise and mask.

    Raises:
        ValueError: a mask that is not a share, or negative noise or sparsity.

    Example:
        >>> import numpy as np
        >>> from zoo.nn.networks import mlp
        >>> model = Autoencoder(mlp((4,), units=(16,)), mlp((16,), units=(4,)), noise=0.5)
        >>> model.predict(np.zeros((8, 4), "float32"), verbose=0).shape
        (8,)
    """

    def __init__(
        self,
        encoder,
        decoder,
        weight_decay=0.0,
        noise=0.5,
        mask=0.0,
        sparsity=0.0,
        seed=0,
        **kwargs,
    ):
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
        denoising = {"noise": 0.3, "mask": 0.1, "sparsity": 0.01}
        yield Example("denoising", partial(make, **denoising), "table")
        yield Example("gru", partial(make, "gru", noise=0.0, weight_decay=1e-4), "windows")
        yield Example("lstm", partial(make, "lstm", noise=0.1), "windows")
        yield Example("transformer", partial(make, "transformer", noise=0.0), "windows")

    def learn(self, x, training=True, sample_weight=None):
        seen = self.damage(x) if training else x

        def loss():
            code = self.encoder(seen, training=training)
            errors = losses.squared_error(x, self.decoder(code, training=training))
            error = losses.weighted_mean(errors, sample_weight)
            value = error + losses.l2_penalty(self.trainable_variables, self.weight_decay)
            if self.sparsity:
                length = ops.sum(ops.abs(ops.cast(code, "float32")), axis=-1)
                value = value + self.sparsity * losses.weighted_mean(length, sample_weight)
            return value

        return {"loss": self.minimize(loss, "encoder", "decoder")}

    def score(self, x):
        return losses.squared_error(x, self.reconstruct(x))

    def reconstruct(self, x):
        """What the networks make of a batch, `x`'s shape."""
        return self.decoder(self.encoder(x, training=False), training=False)

    def errors(self, x):
        """Squared error of every number of a batch, `x`'s shape, float32."""
        return ops.square(ops.cast(x, "float32") - ops.cast(self.reconstruct(x), "float32"))

    def damage(self, x):
        """What the encoder sees of a batch in training: masked, and with noise."""
        x = ops.convert_to_tensor(x)
        if self.mask:
            kept = keras.random.uniform(ops.shape(x), seed=self.draws) >= self.mask
            x = ops.where(kept, x, ops.zeros_like(x))
        if self.noise:
            drawn = keras.random.normal(ops.shape(x), dtype="float32", seed=self.draws)
            x = x + ops.cast(self.noise * drawn, x.dtype)
        return x

    def begin_epoch(self, epoch):
        self.draws.begin_epoch(epoch)

    def causes_of_collapse(self):
        return ["the learning rate may be too high: divide it by ten"]
