"""The zoo's detectors beside those of other libraries: PyOD and DeepOD, where they are installed.

Equal layers, objective, learning rate, epochs and batches; data standardised once for both. As a
program it is the worker of one side: python -m zoo.bench.peers.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo import backend as backends
from zoo.bench import statistics
from zoo.bench.machine import memory_mb
from zoo.bench.processes import Workers
from zoo.bench.results import ROW_KEYS
from zoo.bench.worker import serve
from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.models.base import AnomalyModel

COMMAND = (sys.executable, "-m", "zoo.bench.peers")
ROWS, FEATURES = 20_000, 8  # of the table that training is timed on
STEPS, WINDOW = 4000, 50  # of the series
TRAINED_ON, JUDGED_ON = 20_000, 20_000  # rows of the card transactions
EPOCHS = 10  # of a detector that is judged
TIMED = 2  # epochs of a repetition
SEEDS = 5
HE_SCALE, TORCH_SCALE = 2, 1 / 3  # variance times fan-in: He et al., and `nn.Linear` unless told


@dataclass(frozen=True)
class Peer:
    """Another library's detector and the zoo's counterpart.

    Attributes:
        title: for people.
        package: what has to be installed.
        theirs: `(features, epochs, seed)` to their detector, with `fit` and `decision_function`.
        ours: `(sample shape, seed)` to the zoo's, not compiled.
        learning_rate: of Adam, on both sides.
        batch_size: of both.
        window: rows of a window; None for a table.
    """

    title: str
    package: str
    theirs: Callable[[int, int, int], Any]
    ours: Callable[[tuple[int, ...], int], AnomalyModel]
    learning_rate: float = 1e-3
    batch_size: int = 32
    window: int | None = None


def table() -> np.ndarray:
    """`(20000, 8)` float32, standard normal but correlated, from a fixed seed."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(ROWS, 3)) @ rng.normal(size=(3, FEATURES))
    return (values + 0.3 * rng.normal(size=(ROWS, FEATURES))).astype("float32")


def series() -> np.ndarray:
    """`(4000, 8)` float32: waves and noise, from a fixed seed."""
    rng = np.random.default_rng(0)
    waves = np.sin(np.arange(STEPS)[:, None] / rng.uniform(3, 30, FEATURES))
    return (waves + 0.2 * rng.normal(size=(STEPS, FEATURES))).astype("float32")


def cards(rows: int = TRAINED_ON, judged: int = JUDGED_ON) -> tuple[np.ndarray, ...]:
    """Card transactions: normal ones to learn from, others to judge by, standardised by the former.

    Args:
        rows: to learn from.
        judged: to judge by, frauds among them.

    Returns:
        `(x, judged, labels)`; of `card_transdata.csv` if `ZOO_DATA` has it, else drawn.
    """
    from zoo.data.tables.cards import generate_cards, load_cards

    try:
        found = load_cards(os.environ.get("ZOO_DATA"))
    except FileNotFoundError:
        found = generate_cards(rows=2 * (rows + judged))
    shuffled = np.random.default_rng(0).permutation(len(found.values))
    values, labels = found.values[shuffled], found.labels[shuffled]
    normal = np.flatnonzero(labels == 0)[:rows]
    rest = np.setdiff1d(np.arange(len(labels)), normal)[:judged]
    mean, spread = values[normal].mean(axis=0), values[normal].std(axis=0)
    scaled = ((values - mean) / spread).astype("float32")
    return scaled[normal], scaled[rest], labels[rest]


def _pyod_autoencoder(features, epochs, seed):
    from pyod.models.auto_encoder import AutoEncoder

    return AutoEncoder(epoch_num=epochs, random_state=seed, verbose=0, preprocessing=False)


def _pyod_vae(features, epochs, seed):
    from pyod.models.vae import VAE

    return VAE(epoch_num=epochs, random_state=seed, verbose=0, preprocessing=False)


def _pyod_deep_svdd(features, epochs, seed):
    from pyod.models.deep_svdd import DeepSVDD

    own = {"epochs": epochs, "random_state": seed, "verbose": 0, "preprocessing": False}
    return DeepSVDD(n_features=features, learning_rate=1e-3, **own)


def _deepod_svdd(features, epochs, seed):
    from deepod.models.time_series import DeepSVDDTS

    network = {"network": "GRU", "hidden_dims": "64", "rep_dim": 32, "bias": True}
    own = {"seq_len": WINDOW, "stride": 1, "lr": 1e-3, "device": "cpu", "verbose": 0}
    return DeepSVDDTS(epochs=epochs, random_state=seed, **own, **network)


def _deepod_usad(features, epochs, seed):
    from deepod.models.time_series import USAD

    own = {"seq_len": WINDOW, "hidden_dims": 1, "device": "cpu", "verbose": 0, "train_val_pc": 0}
    return USAD(epochs=epochs, batch_size=64, random_state=seed, **own)


def _dense(name, sizes, seed, norm=False, dropout=0.0, last=None, torch_last=False):
    """PyOD's blocks: a dense layer, batch normalisation, ReLU, dropout; the last as `last` says.

    PyOD draws its blocks by He et al.; where it takes a bare `nn.Linear`, `torch_last` is given.
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


def _autoencoder(shape, seed):
    from zoo.models import Autoencoder

    blocks = {"norm": True, "dropout": 0.2}
    encoder = _dense("encoder", (*shape, 64, 32), seed, **blocks)
    decoder = _dense(
        "decoder", (32, 64, *shape), seed + 1, **blocks, last="linear", torch_last=True
    )
    return Autoencoder(encoder, decoder, weight_decay=1e-5)


def _vae(shape, seed):
    """β is 0, as PyOD's `capacity` of 0 clips its divergence to nothing."""
    from zoo.models import VariationalAutoencoder

    encoder = _dense(
        "encoder", (*shape, 128, 64, 32, 4), seed, dropout=0.2, last="linear", torch_last=True
    )
    decoder = _dense("decoder", (2, 32, 64, 128, *shape), seed + 1, dropout=0.2, last="linear")
    own = {"beta": 0.0, "score_by": "reconstruction_error", "weight_decay": 1e-5, "seed": seed}
    return VariationalAutoencoder(encoder, decoder, **own)


def _deep_svdd(shape, seed):
    import keras
    from keras import layers

    from zoo.models import DeepSVDD
    from zoo.nn.networks import draw_weights

    row = x = keras.Input(shape)
    for units in (64, 32):
        kernel = keras.initializers.VarianceScaling(TORCH_SCALE, "fan_in", "uniform")
        x = layers.Dense(units, "relu", use_bias=False, kernel_initializer=kernel)(x)
    return DeepSVDD(draw_weights(keras.Model(row, x), seed), weight_decay=5e-7)


def _gru_svdd(shape, seed):
    from zoo.models import DeepSVDD
    from zoo.nn.networks import draw_weights, recurrent

    return DeepSVDD(draw_weights(recurrent(shape, "gru", (64,), embedding=32), seed))


def _window_autoencoder(shape, seed):
    """USAD's encoder and one of its two decoders; the zoo has no adversarial pair of them."""
    from zoo.models import Autoencoder
    from zoo.nn.networks import draw_weights, mlp

    size, code = shape[0] * shape[1], shape[0]
    encoder = mlp(shape, (size // 2, size // 4, code), last_activation="relu", name="encoder")
    units = (size // 4, size // 2, size)
    decoder = mlp(
        (code,), units, last_activation="sigmoid", output_shape=tuple(shape), name="decoder"
    )
    return Autoencoder(draw_weights(encoder, seed), draw_weights(decoder, seed + 1))


PEERS = {
    "pyod_autoencoder": Peer("PyOD AutoEncoder", "pyod", _pyod_autoencoder, _autoencoder),
    "pyod_vae": Peer("PyOD VAE", "pyod", _pyod_vae, _vae),
    "pyod_deep_svdd": Peer("PyOD DeepSVDD", "pyod", _pyod_deep_svdd, _deep_svdd),
    "deepod_svdd": Peer(
        "DeepOD DeepSVDDTS", "deepod", _deepod_svdd, _gru_svdd, batch_size=64, window=WINDOW
    ),
    "deepod_usad": Peer(
        "DeepOD USAD (here: an autoencoder of its sizes)",
        "deepod",
        _deepod_usad,
        _window_autoencoder,
        batch_size=64,
        window=WINDOW,
    ),
}
"""Every peer, by the name of its rows."""


class Side:
    """One side of a peer, in a process of its own.

    Args:
        task: `peer`, and `backend`: a name of `zoo.backend`, or the package for their side.
    """

    def __init__(self, task: dict[str, Any]):
        self.peer = PEERS[task["peer"]]
        self.theirs = task["backend"] == self.peer.package
        self.data = table() if self.peer.window is None else series()
        self.warm: Any = None

    def begin(self) -> dict[str, Any]:
        """Train once, so that what compiles has."""
        self.train(1)
        return {"ready": True}

    def train(self, epochs: int = TIMED) -> dict[str, Any]:
        """Train some epochs; of theirs, what these take longer than one epoch alone.

        Their `fit` scores the training data too; the difference of two fits leaves that out. Ours
        is timed inside `fit`, from the first step to the last.
        """
        if not self.theirs:
            if self.warm is None:
                self.warm = _Ours(self.peer, self.data, seed=0)
            seconds, samples = self.warm.fit(epochs)
            return {"samples": samples, "seconds": seconds}
        short, long = (self._fit_theirs(self.data, n, 0)[0] for n in (1, 1 + epochs))
        windows = len(self.data) - (self.peer.window or 1) + 1
        return {"samples": epochs * windows, "seconds": max(long - short, 1e-9)}

    def judge(self, seed: int) -> dict[str, Any]:
        """Fit anew on card transactions, whole; ROC-AUC and what the fit took."""
        from sklearn.metrics import roc_auc_score

        if self.peer.window is not None:
            return {"roc_auc": None, "fit_seconds": None}
        x, judged, labels = cards()
        start = perf_counter()
        if self.theirs:
            seconds, detector = self._fit_theirs(x, EPOCHS, seed)
            scores = detector.decision_function(judged)
        else:
            ours = _Ours(self.peer, x, seed)
            ours.fit(EPOCHS)
            seconds = perf_counter() - start
            scores = ours.model.predict(judged, verbose=0)
        return {"roc_auc": float(roc_auc_score(labels, scores)), "fit_seconds": seconds}

    def memory(self) -> dict[str, Any]:
        """The most memory this process has held."""
        return {"peak_memory_mb": memory_mb(peak=True)}

    def _fit_theirs(self, x: np.ndarray, epochs: int, seed: int) -> tuple[float, Any]:
        np.random.seed(seed)  # one of theirs shuffles by it
        start = perf_counter()
        detector = self.peer.theirs(x.shape[1], epochs, seed)
        detector.fit(x)
        return perf_counter() - start, detector


class _Ours:
    """The zoo's side: a compiled model, its batches and a clock."""

    def __init__(self, peer: Peer, x: np.ndarray, seed: int):
        import keras

        from zoo.bench.worker import timer
        from zoo.training.batches import Batches

        if peer.window is not None:
            view = np.lib.stride_tricks.sliding_window_view(x, peer.window, axis=0)
            x = view.swapaxes(1, 2)
        self.model = peer.ours(x.shape[1:], seed)
        self.model.compile(keras.optimizers.Adam(peer.learning_rate, epsilon=1e-8))
        self.batches = Batches(x, peer.batch_size, seed=seed, drop_last=True)
        self.clock = timer(self.model)

    def fit(self, epochs: int) -> tuple[float, int]:
        """Seconds of the steps, and samples seen."""
        self.model.fit(self.batches, epochs=epochs, verbose=0, callbacks=[self.clock])
        return self.clock.seconds, epochs * len(self.batches) * self.batches.batch_size


def measure(
    names: Sequence[str] = tuple(PEERS),
    on: Sequence[str] = backends.BACKENDS,
    rounds: int = 3,
    seeds: int = SEEDS,
    tell: Callable[[str], None] = lambda line: None,
    command: Sequence[str] = COMMAND,
) -> tuple[list[dict[str, Any]], bool]:
    """Measure both sides of peers, their repetitions in turn.

    Args:
        names: of `PEERS`.
        on: backends for our side.
        rounds: repetitions of training.
        seeds: detectors that are judged, a side.
        tell: takes a line on what happens now.
        command: starts a worker.

    Returns:
        Rows as those of `zoo.bench.run`, with `peer`, `peer_ratio` and its interval, `roc_auc` (the
        mean over seeds), `roc_aucs` and `fit_seconds`; and whether Ctrl-C ended it early.

    Raises:
        ValueError: an unknown peer.
    """
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise InputError(f"peers: {unknown[0]}, expected some of {', '.join(PEERS)}")
    rows: list[dict[str, Any]] = []
    for name in names:
        pair = _Pair(name, [PEERS[name].package, *on], command)
        try:
            pair.measure(rounds, seeds, tell)
        except KeyboardInterrupt:
            return rows + pair.rows(), True
        finally:
            pair.end()
        rows += pair.rows()
    return rows, False


class _Pair(Workers):
    """The workers of one peer and what they answered."""

    def __init__(self, name: str, sides: Sequence[str], command: Sequence[str]):
        super().__init__(command)
        self.name, self.sides = name, sides
        self.rates: dict[str, list[float]] = {side: [] for side in sides}
        self.judged: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
        self.memory: dict[str, float] = {}

    def measure(self, rounds: int, seeds: int, tell: Callable[[str], None]) -> None:
        for side in self.sides:
            if side not in backends.installed() and not _is_installed(side):
                self.failed[side] = ("not installed", f"pip install {side}")
                continue
            tell(f"{self.name}: starting {side}")
            self.attempt(side, self._begin)
        if self.sides[0] not in self.workers:  # nothing to hold ours against
            return
        for turn in range(rounds):
            tell(f"{self.name}: round {turn + 1} of {rounds}")
            self.each(self._train, turn)
        for seed in range(seeds):
            tell(f"{self.name}: judging, seed {seed}")
            self.each(partial(self._judge, seed), seed)
        self.each(self._remember)

    def rows(self) -> list[dict[str, Any]]:
        peer = PEERS[self.name]
        return [self._row(side, peer) for side in self.sides]

    def _begin(self, side: str) -> None:
        backend = side if side in backends.BACKENDS else "native"
        self.start(side, backend).ask(peer=self.name, backend=side)

    def _train(self, side: str) -> None:
        found = self.workers[side].ask(do="train", epochs=TIMED)
        self.rates[side].append(found["samples"] / found["seconds"])

    def _judge(self, seed: int, side: str) -> None:
        self.judged[side].append(self.workers[side].ask(do="judge", seed=seed))

    def _remember(self, side: str) -> None:
        self.memory[side] = self.workers[side].ask(do="memory")["peak_memory_mb"]

    def _row(self, side: str, peer: Peer) -> dict[str, Any]:
        own, other = self.rates[side], self.rates[self.sides[0]]
        pairs = min(len(own), len(other))
        ratio = statistics.paired_ratio(own[:pairs], other[:pairs])
        aucs = [each["roc_auc"] for each in self.judged[side] if each["roc_auc"] is not None]
        taken = [each["fit_seconds"] for each in self.judged[side] if each["fit_seconds"]]
        status, error = self.failed.get(side, ("ok" if own else "interrupted", None))
        if not own and self.sides[0] in self.failed and side not in self.failed:
            status, error = "not measured", f"there is no {peer.title} to hold it against"
        row = dict.fromkeys(ROW_KEYS) | {
            "model": self.name,
            "backend": side,
            "device": "cpu",
            "batch_size": peer.batch_size,
            "train_per_second": statistics.median(own),
            "peak_memory_mb": self.memory.get(side),
            "status": status,
            "error": error,
            "noise_percent": statistics.noise_percent(own),
            "peer": peer.title,
            "roc_auc": float(np.mean(aucs)) if aucs else None,
            "roc_aucs": aucs,
            "fit_seconds": statistics.median(taken),
        }
        names = ("peer_ratio", "peer_ratio_low", "peer_ratio_high")
        return row | dict(zip(names, ratio, strict=True))


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def main() -> None:
    """Speak over stdin and stdout."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    serve(sys.stdin, lambda found: print(json.dumps(found), file=out, flush=True), Side)


if __name__ == "__main__":
    main()
