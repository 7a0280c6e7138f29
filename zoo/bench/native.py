"""Each subject as a plain PyTorch loop, as one writes it without Keras: the row *native*.

`nn.Module`, `torch.optim.Adam`, forward, loss, `zero_grad`, `backward`, `step`; no compilation, no
tuning. Its initial weights are the zoo's, so that scores of both are comparable. Only the benchmark
imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np
import torch
from torch import nn

from zoo.bench.subjects import CENTER_MARGIN, EPSILON, Subject, order, sinusoids
from zoo.errors import InputError


class LeNet(nn.Module):
    """5×5 convolutions, batch normalisation without affine terms, leaky ReLU, 2×2 pooling."""

    def __init__(
        self,
        sample_shape: Sequence[int],
        filters: Sequence[int] = (8, 4),
        embedding: int = 32,
    ):
        super().__init__()
        size, _, channels = sample_shape
        pairs = list(zip((channels, *filters), filters, strict=False))
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 5, padding=2, bias=False) for before, after in pairs
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(n, eps=1e-4, affine=False) for n in filters)
        self.activation, self.pool = nn.LeakyReLU(0.01), nn.MaxPool2d(2)
        self.side = size // 2 ** len(filters)
        self.dense = nn.Linear(filters[-1] * self.side**2, embedding, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = self.pool(self.activation(norm(convolution(x))))
        return self.dense(x.flatten(1))

    def take(self, weights: Iterator[np.ndarray]) -> None:
        """Set the weights from Keras' (channels last)."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            _set(convolution.weight, next(weights).transpose(3, 2, 0, 1))
            _set(norm.running_mean, next(weights))
            _set(norm.running_var, next(weights))
        kernel = next(weights)
        channels = self.convolutions[-1].out_channels
        kernel = kernel.reshape(self.side, self.side, channels, -1).transpose(2, 0, 1, 3)
        _set(self.dense.weight, kernel.reshape(-1, kernel.shape[-1]).T)


class Recurrent(nn.Module):
    """One or more recurrent layers; the last state is the embedding."""

    KINDS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
    GATES = {"rnn": (0,), "lstm": (0, 1, 2, 3), "gru": (1, 0, 2)}  # Keras' z, r, h is r, z, n here

    def __init__(
        self, sample_shape: Sequence[int], cell: str = "gru", units: Sequence[int] = (64,)
    ):
        super().__init__()
        if len(set(units)) > 1:
            raise InputError(f"units {units}, expected equal ones: torch stacks layers of one size")
        self.cell = cell
        self.layer = self.KINDS[cell](sample_shape[-1], units[0], len(units), batch_first=True)
        if cell != "gru":  # Keras has one bias where torch adds two
            for depth in range(len(units)):
                bias = getattr(self.layer, f"bias_hh_l{depth}")
                nn.init.zeros_(bias)
                bias.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)[0][:, -1]

    def take(self, weights: Iterator[np.ndarray]) -> None:
        """Set the weights from Keras', whose gates have another order."""
        for depth in range(self.layer.num_layers):
            for kind in ("weight_ih", "weight_hh"):
                _set(getattr(self.layer, f"{kind}_l{depth}"), self._gates(next(weights)).T)
            biases = np.atleast_2d(next(weights))
            for kind, bias in zip(("bias_ih", "bias_hh"), biases, strict=False):
                _set(getattr(self.layer, f"{kind}_l{depth}"), self._gates(bias))

    def _gates(self, weight: np.ndarray) -> np.ndarray:
        parts = np.split(weight, len(self.GATES[self.cell]), axis=-1)
        return np.concatenate([parts[n] for n in self.GATES[self.cell]], axis=-1)


class Transformer(nn.Module):
    """`nn.TransformerEncoderLayer`s over an embedded window; a linear map of the mean over time."""

    def __init__(
        self,
        sample_shape: Sequence[int],
        blocks: int = 4,
        heads: int = 8,
        width: int = 128,
        feed_forward: int = 512,
        dropout: float = 0.0,
        embedding: int = 16,
    ):
        super().__init__()
        time, features = sample_shape
        self.embed = nn.Linear(features, width)
        self.register_buffer("positions", torch.from_numpy(sinusoids(time, width)))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, feed_forward, dropout, batch_first=True)
            for _ in range(blocks)
        )
        self.dense = nn.Linear(width, embedding)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embed(x) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.dense(x.mean(dim=1))

    def take(self, weights: Iterator[np.ndarray]) -> None:
        """Set the weights from Keras', which have an axis for the heads."""
        _take_linear(self.embed, weights)
        for block in self.blocks:
            attention = block.self_attn
            width = attention.embed_dim
            kernels, biases = [], []
            for _ in ("query", "key", "value"):
                kernels.append(next(weights).reshape(width, width).T)
                biases.append(next(weights).reshape(width))
            _set(attention.in_proj_weight, np.concatenate(kernels))
            _set(attention.in_proj_bias, np.concatenate(biases))
            _set(attention.out_proj.weight, next(weights).reshape(width, width).T)
            _set(attention.out_proj.bias, next(weights))
            _take_norm(block.norm1, weights)
            _take_linear(block.linear1, weights)
            _take_linear(block.linear2, weights)
            _take_norm(block.norm2, weights)
        _take_linear(self.dense, weights)


class MLPAutoencoder(nn.Module):
    """Dense layers with ReLU, down to a code and back."""

    def __init__(self, sample_shape: Sequence[int], units: Sequence[int] = (64, 32)):
        super().__init__()
        sizes = (sample_shape[0], *units, *units[-2::-1], sample_shape[0])
        self.linears = nn.ModuleList(
            nn.Linear(before, after) for before, after in zip(sizes, sizes[1:], strict=False)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for linear in self.linears[:-1]:
            x = torch.relu(linear(x))
        return self.linears[-1](x)

    def take(self, weights: Iterator[np.ndarray]) -> None:
        """Set the weights from Keras'."""
        for linear in self.linears:
            _take_linear(linear, weights)


NETWORKS = {
    "lenet": LeNet,
    "recurrent": Recurrent,
    "transformer": Transformer,
    "mlp_autoencoder": MLPAutoencoder,
}


class NativeLoop:
    """A subject's network in PyTorch and the loop that trains it.

    Args:
        subject: the network, its sizes and its data.
        weights: from `zoo.bench.subjects.network_weights`.
        device: `"cpu"` or `"gpu"`.

    Raises:
        InputError: there is no GPU although one was asked for, or the weights do not fit.
    """

    def __init__(self, subject: Subject, weights: Sequence[np.ndarray], device: str = "cpu"):
        self.device = torch.device(device_name(device))
        self.subject = subject
        self.network = NETWORKS[subject.family](subject.sample_shape, **subject.settings)
        rest = iter(weights)
        try:
            self.network.take(rest)
            missed = len(list(rest))
        except StopIteration:
            missed = -1
        if missed:
            raise InputError(
                f"{subject.name}: {len(weights)} arrays of weights, which are not those of the "
                f"native network; give network_weights(subject.build())"
            )
        self.network.to(self.device)
        moving = [p for p in self.network.parameters() if p.requires_grad]
        self.parameters = sum(p.numel() for p in moving)
        self.optimizer = torch.optim.Adam(moving, lr=subject.learning_rate, eps=EPSILON)
        self.center: torch.Tensor | None = None

    def tensor(self, x: np.ndarray) -> torch.Tensor:
        """Return samples on the device, images with channels first."""
        x = torch.from_numpy(np.ascontiguousarray(x)).to(self.device)
        return x.permute(0, 3, 1, 2).contiguous() if self.subject.family == "lenet" else x

    @torch.inference_mode()
    def place_center(self, x: torch.Tensor) -> None:
        """Place the center of a Deep SVDD at the mean embedding, kept away from zero."""
        if self.subject.family == "mlp_autoencoder":
            return
        self.network.eval()
        center = torch.cat([self.network(part) for part in x.split(1024)]).double().mean(dim=0)
        near = center.abs() < CENTER_MARGIN
        center[near & (center < 0)] = -CENTER_MARGIN
        center[near & (center >= 0)] = CENTER_MARGIN
        self.center = center.float()

    def distances(self, x: torch.Tensor) -> torch.Tensor:
        """Return scores `(n,)`: squared distance to the center, or mean squared error."""
        output = self.network(x)
        if self.center is None:
            return ((output - x) ** 2).mean(dim=1)
        return ((output - self.center) ** 2).sum(dim=1)

    def train(self, x: torch.Tensor, epochs: int) -> None:
        """Train `epochs` epochs on the full batches of `x`."""
        size = self.subject.batch_size
        self.network.train()
        for epoch in range(epochs):
            shuffled = torch.from_numpy(order(len(x), epoch)).to(self.device)
            for start in range(0, len(x) - size + 1, size):
                batch = x[shuffled[start : start + size]]
                loss = self.distances(batch).mean()
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
        self.wait()

    @torch.inference_mode()
    def score(self, x: torch.Tensor) -> np.ndarray:
        """Return scores `(n,)` of `x`, on any device, in batches of the subject's size."""
        self.network.eval()
        batches = x.split(self.subject.batch_size)
        parts = [self.distances(batch.to(self.device)) for batch in batches]
        return torch.cat(parts).cpu().numpy()

    @torch.inference_mode()
    def score_one(self, x: np.ndarray) -> float:
        """Return the score of one sample `(1, ...)`, a NumPy array."""
        return self.distances(self.tensor(x)).item()

    def wait(self) -> None:
        """Wait until the device has finished."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        elif self.device.type == "mps":
            torch.mps.synchronize()


def device_name(device: str) -> str:
    """Return torch's name of `"cpu"` or `"gpu"`.

    Raises:
        InputError: there is no GPU.
    """
    if device == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    raise InputError("torch finds no GPU here; use device 'cpu'")


def describe(device: str) -> dict[str, str]:
    """Return version, device and its name, as `zoo.backend.describe` does.

    Raises:
        InputError: there is no GPU.
    """
    kind = device_name(device)
    name = {"cpu": "CPU", "mps": "Apple Metal"}.get(kind) or torch.cuda.get_device_name()
    return {"backend_version": torch.__version__, "device": device, "device_name": name}


def matmul_peak(device: str, size: int = 4096, repeats: int = 10) -> float:
    """Return the float32 operations per second of a large matrix product on a device."""
    where = torch.device(device_name(device))
    a = torch.rand(size, size, device=where)
    taken = []
    for _ in range(repeats + 1):
        start = perf_counter()
        float((a @ a)[0, 0])
        taken.append(perf_counter() - start)
    return 2 * size**3 / min(taken)


@torch.no_grad()
def _set(target: torch.Tensor, values: np.ndarray) -> None:
    if tuple(target.shape) != values.shape:
        raise InputError(
            f"a weight of shape {values.shape}, expected {tuple(target.shape)}; the weights are "
            f"not those of this network"
        )
    target.copy_(torch.from_numpy(np.array(values)))


def _take_linear(layer: nn.Linear, weights: Iterator[np.ndarray]) -> None:
    _set(layer.weight, next(weights).T)
    _set(layer.bias, next(weights))


def _take_norm(layer: nn.LayerNorm, weights: Iterator[np.ndarray]) -> None:
    _set(layer.weight, next(weights))
    _set(layer.bias, next(weights))
