"""What `zoo bench` measures: seven detectors, each told in words that two libraries can build.

Nothing of Keras is imported until a detector is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zoo.models.base import AnomalyModel

SEED = 0  # of weights, data and order
EPSILON = 1e-12  # of Adam; Keras and PyTorch add it at different places, so it has to be small


@dataclass(frozen=True)
class Subject:
    """A detector, the size of its batches and of an epoch.

    Attributes:
        name: on the command line and in the results.
        title: for people.
        family: `lenet`, `recurrent`, `transformer` (each the encoder of a Deep SVDD) or
            `mlp_autoencoder`.
        sample_shape: of one sample.
        batch_size: samples a step.
        samples: of an epoch; what does not fill a batch is left out.
        settings: of the network, as `zoo.nn.networks` names them.
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
        """`(samples, *sample_shape)` float32: a few smooth patterns a sample and noise."""
        rng = np.random.default_rng(SEED)
        size = int(np.prod(self.sample_shape))
        patterns = np.cumsum(rng.normal(size=(4, size)), axis=1) / np.sqrt(size)
        mixed = rng.normal(size=(self.samples, 4)) @ patterns
        values = mixed + 0.3 * rng.normal(size=(self.samples, size))
        return values.astype("float32").reshape(self.samples, *self.sample_shape)

    def build(self) -> AnomalyModel:
        """The detector under the running backend, not compiled; NumPy draws its weights."""
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
            return models.Autoencoder(encoder, decoder)
        network = getattr(networks, self.family)(self.sample_shape, **self.settings)
        return models.DeepSVDD(networks.draw_weights(network, SEED))

    def optimizer(self) -> Any:
        """A Keras Adam that steps as the native loop's does."""
        import keras

        return keras.optimizers.Adam(self.learning_rate, epsilon=EPSILON)


def order(samples: int, epoch: int) -> np.ndarray:
    """The order of an epoch, counted from 0; that of `zoo.training.batches.Batches`."""
    return np.random.default_rng((SEED, epoch)).permutation(samples)


def network_weights(detector: AnomalyModel) -> list[np.ndarray]:
    """What `zoo.bench.native` starts from: the weights of the networks alone, in their order."""
    parts = ("encoder", "decoder")
    networks = [getattr(detector, part) for part in parts if hasattr(detector, part)]
    return [np.asarray(weight) for network in networks for weight in network.get_weights()]


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
