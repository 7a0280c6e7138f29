"""The seven networks that `zoo bench` measures, described so that Keras and PyTorch can build them.

Keras is imported only when a model is built, so that a process can choose its backend first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zoo.models.base import AnomalyModel

SEED = 0  # of weights, data and order
EPSILON = 1e-12  # of Adam; small, because Keras and PyTorch add it at different places
CENTER_MARGIN = 0.1  # least distance of a center's coordinates from zero, as in Deep SVDD's source


@dataclass(frozen=True)
class Subject:
    """A model to measure, the size of its batches and of an epoch.

    Attributes:
        name: on the command line and in the results.
        title: in tables.
        family: `lenet`, `recurrent`, `transformer` (each the encoder of a Deep SVDD) or
            `mlp_autoencoder`.
        sample_shape: of one sample.
        batch_size: samples a step.
        samples: of an epoch; an incomplete last batch is dropped.
        settings: of the network, with the names of `zoo.nn.networks`.
        learning_rate: of Adam.
    """

    name: str
    title: str
    family: str
    sample_shape: tuple[int, ...]
    batch_size: int
    samples: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    learning_rate: float = 1e-4

    def data(self) -> np.ndarray:
        """Return `(samples, *sample_shape)` float32: sums of four smooth patterns, with noise."""
        rng = np.random.default_rng(SEED)
        size = int(np.prod(self.sample_shape))
        patterns = np.cumsum(rng.normal(size=(4, size)), axis=1) / np.sqrt(size)
        mixed = rng.normal(size=(self.samples, 4)) @ patterns
        values = mixed + 0.3 * rng.normal(size=(self.samples, size))
        return values.astype("float32").reshape(self.samples, *self.sample_shape)

    def build(self) -> AnomalyModel:
        """Return the model on the running backend, not compiled; NumPy draws its weights."""
        from zoo import models
        from zoo.nn import networks

        if self.family == "mlp_autoencoder":
            units = self.settings["units"]
            features = self.sample_shape[0]
            back = (*units[-2::-1], features)
            encoder = networks.mlp(self.sample_shape, units, last_activation="relu", name="encoder")
            decoder = networks.mlp((units[-1],), back, name="decoder")
            for seed, network in enumerate((encoder, decoder), start=SEED):
                networks.draw_weights(network, seed)
            return models.Autoencoder(encoder, decoder, noise=0.0)
        network = getattr(networks, self.family)(self.sample_shape, **self.settings)
        return models.DeepSVDD(networks.draw_weights(network, SEED), weight_decay=0.0)

    def optimizer(self) -> Any:
        """Return a Keras Adam that takes the same steps as the native loop's."""
        import keras

        return keras.optimizers.Adam(self.learning_rate, epsilon=EPSILON)


def order(samples: int, epoch: int) -> np.ndarray:
    """Return the order of an epoch, counted from 0, as `zoo.training.batches.Batches` has it."""
    return np.random.default_rng((SEED, epoch)).permutation(samples)


def network_weights(model: AnomalyModel) -> list[np.ndarray]:
    """Return the weights of a model's networks, in order; native and stock rows start from them."""
    parts = ("encoder", "decoder")
    networks = [getattr(model, part) for part in parts if hasattr(model, part)]
    return [np.asarray(weight) for network in networks for weight in network.get_weights()]


def sinusoids(time: int, width: int) -> np.ndarray:
    """Return the positional encoding `(time, width)` float32 of Vaswani et al., 2017."""
    angles = np.arange(time)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    table = np.zeros((time, width), "float32")
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles[:, : width // 2])
    return table


def _recurrent(name: str, title: str, cell: str) -> Subject:
    settings = {"cell": cell, "units": (64,)}
    return Subject(name, title, "recurrent", (50, 8), 64, 3200, settings)


SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject("lenet_svdd", "LeNet Deep SVDD, 28×28", "lenet", (28, 28, 1), 200, 6000),
        _recurrent("rnn_64", "SimpleRNN 64, window 50×8", "rnn"),
        _recurrent("lstm_64", "LSTM 64, window 50×8", "lstm"),
        _recurrent("gru_64", "GRU 64, window 50×8", "gru"),
        Subject(
            "gru_256",
            "GRU 2×256, window 30×5",
            "recurrent",
            (30, 5),
            64,
            640,
            {"cell": "gru", "units": (256, 256)},
        ),
        Subject(
            "transformer",
            "Transformer 4×128, window 100×38",
            "transformer",
            (100, 38),
            64,
            256,
            {"blocks": 4, "heads": 8, "width": 128, "feed_forward": 512, "dropout": 0.0},
        ),
        Subject(
            "mlp_autoencoder",
            "MLP autoencoder 8-64-32-64-8",
            "mlp_autoencoder",
            (8,),
            32,
            20_000,
            {"units": (64, 32)},
        ),
    )
}
"""Every subject, by name."""
