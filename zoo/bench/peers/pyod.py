"""PyOD's autoencoders and Deep SVDD with their defaults, and the zoo's with the same layers.

Keras is imported inside the functions, after the process has chosen its backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.bench.peers.peer import TORCH_SCALE, Peer

if TYPE_CHECKING:
    import keras

    from zoo.models import Autoencoder, DeepSVDD, VariationalAutoencoder

HE_SCALE = 2  # variance times fan-in of He et al.'s initial weights


def _their_autoencoder(features: int, epochs: int, seed: int) -> Any:
    from pyod.models.auto_encoder import AutoEncoder

    return AutoEncoder(epoch_num=epochs, random_state=seed, verbose=0, preprocessing=False)


def _their_vae(features: int, epochs: int, seed: int) -> Any:
    from pyod.models.vae import VAE

    return VAE(epoch_num=epochs, random_state=seed, verbose=0, preprocessing=False)


def _their_deep_svdd(features: int, epochs: int, seed: int) -> Any:
    from pyod.models.deep_svdd import DeepSVDD

    own = {"epochs": epochs, "random_state": seed, "verbose": 0, "preprocessing": False}
    return DeepSVDD(n_features=features, learning_rate=1e-3, **own)


def _our_autoencoder(shape: tuple[int, ...], seed: int) -> Autoencoder:
    from zoo.models import Autoencoder

    blocks = {"norm": True, "dropout": 0.2}
    encoder = _dense("encoder", (*shape, 64, 32), seed, **blocks)
    decoder = _dense(
        "decoder", (32, 64, *shape), seed + 1, **blocks, last="linear", torch_last=True
    )
    return Autoencoder(encoder, decoder, weight_decay=1e-5, noise=0.0)


def _our_vae(shape: tuple[int, ...], seed: int) -> VariationalAutoencoder:
    """Return a VAE with β = 0, because PyOD's default `capacity` of 0 cancels its divergence."""
    from zoo.models import VariationalAutoencoder

    encoder = _dense(
        "encoder", (*shape, 128, 64, 32, 4), seed, dropout=0.2, last="linear", torch_last=True
    )
    decoder = _dense("decoder", (2, 32, 64, 128, *shape), seed + 1, dropout=0.2, last="linear")
    own = {"beta": 0.0, "scale": 1.0, "score_by": "reconstruction_error", "seed": seed}
    return VariationalAutoencoder(encoder, decoder, weight_decay=1e-5, **own)


def _our_deep_svdd(shape: tuple[int, ...], seed: int) -> DeepSVDD:
    import keras
    from keras import layers

    from zoo.models import DeepSVDD
    from zoo.nn.networks import draw_weights

    row = x = keras.Input(shape)
    for units in (64, 32):
        kernel = keras.initializers.VarianceScaling(TORCH_SCALE, "fan_in", "uniform")
        x = layers.Dense(units, "relu", use_bias=False, kernel_initializer=kernel)(x)
    return DeepSVDD(draw_weights(keras.Model(row, x), seed), weight_decay=5e-7)


def _dense(
    name: str,
    sizes: Sequence[int],
    seed: int,
    norm: bool = False,
    dropout: float = 0.0,
    last: str | None = None,
    torch_last: bool = False,
) -> keras.Model:
    """Return PyOD's blocks: dense layer, batch normalization, ReLU, dropout.

    The last layer has the activation `last`, if given. PyOD initializes its blocks by He et al.;
    `torch_last` is for a last layer that is a plain `nn.Linear` there.
    """
    import keras
    from keras import layers

    from zoo.nn.networks import draw_weights, seed_dropout

    row = x = keras.Input((sizes[0],))
    for depth, units in enumerate(sizes[1:]):
        plain = last is not None and depth == len(sizes) - 2
        scale = TORCH_SCALE if plain and torch_last else HE_SCALE
        kernel = keras.initializers.VarianceScaling(scale, "fan_in", "uniform")
        x = layers.Dense(units, kernel_initializer=kernel)(x)
        if norm and not plain:
            x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
        x = layers.Activation(last if plain else "relu")(x)
        if dropout and not plain:
            x = layers.Dropout(dropout)(x)
    network = seed_dropout(draw_weights(keras.Model(row, x, name=name), seed), seed)
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, layers.Dense):  # biases as PyTorch draws them
            limit = 1 / np.sqrt(layer.kernel.shape[0])
            layer.bias.assign(rng.uniform(-limit, limit, layer.bias.shape))
    return network


PEERS = {
    "pyod_autoencoder": Peer("PyOD AutoEncoder", "pyod", _their_autoencoder, _our_autoencoder),
    "pyod_vae": Peer("PyOD VAE", "pyod", _their_vae, _our_vae),
    "pyod_deep_svdd": Peer("PyOD DeepSVDD", "pyod", _their_deep_svdd, _our_deep_svdd),
}
