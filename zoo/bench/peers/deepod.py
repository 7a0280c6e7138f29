"""DeepOD's Deep SVDD and USAD on windows of a series, and the zoo's models of the same sizes.

Keras is imported inside the functions, after the process has chosen its backend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.bench.peers.peer import Peer

if TYPE_CHECKING:
    from zoo.models import Autoencoder, DeepSVDD

WINDOW = 50


def _their_svdd(features: int, epochs: int, seed: int) -> Any:
    from deepod.models.time_series import DeepSVDDTS

    network = {"network": "GRU", "hidden_dims": "64", "rep_dim": 32, "bias": True}
    own = {"seq_len": WINDOW, "stride": 1, "lr": 1e-3, "device": "cpu", "verbose": 0}
    return DeepSVDDTS(epochs=epochs, random_state=seed, **own, **network)


def _their_usad(features: int, epochs: int, seed: int) -> Any:
    from deepod.models.time_series import USAD

    own = {"seq_len": WINDOW, "hidden_dims": 1, "device": "cpu", "verbose": 0, "train_val_pc": 0}
    return USAD(epochs=epochs, batch_size=64, random_state=seed, **own)


def _our_svdd(shape: tuple[int, ...], seed: int) -> DeepSVDD:
    from zoo.models import DeepSVDD
    from zoo.nn.networks import draw_weights, recurrent

    network = recurrent(shape, "gru", (64,), embedding=32)
    return DeepSVDD(draw_weights(network, seed), weight_decay=0.0)


def _our_autoencoder(shape: tuple[int, ...], seed: int) -> Autoencoder:
    """Return USAD's encoder and one of its two decoders; the zoo has no adversarial pair."""
    from zoo.models import Autoencoder
    from zoo.nn.networks import draw_weights, mlp

    size, code = shape[0] * shape[1], shape[0]
    encoder = mlp(shape, (size // 2, size // 4, code), last_activation="relu", name="encoder")
    units = (size // 4, size // 2, size)
    decoder = mlp(
        (code,), units, last_activation="sigmoid", output_shape=tuple(shape), name="decoder"
    )
    encoder, decoder = draw_weights(encoder, seed), draw_weights(decoder, seed + 1)
    return Autoencoder(encoder, decoder, noise=0.0)


PEERS = {
    "deepod_svdd": Peer(
        "DeepOD DeepSVDDTS", "deepod", _their_svdd, _our_svdd, batch_size=64, window=WINDOW
    ),
    "deepod_usad": Peer(
        "DeepOD USAD (here: an autoencoder of its sizes)",
        "deepod",
        _their_usad,
        _our_autoencoder,
        batch_size=64,
        window=WINDOW,
    ),
}
