"""Measure peers: both sides of each, their repetitions in turn."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from zoo import backend as backends
from zoo.bench import statistics
from zoo.bench.contestants import FAST, NATIVE, Contestant
from zoo.bench.peers.peer import Peer
from zoo.bench.peers.registry import PEERS
from zoo.bench.processes import Workers
from zoo.bench.results import ROW_KEYS
from zoo.errors import InputError

COMMAND = (sys.executable, "-m", "zoo.bench.peers.worker")
SEEDS = 5


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
        seeds: models tested per side.
        tell: takes a line of progress.
        command: the command line of a worker.

    Returns:
        Rows as those of `zoo.bench.run`, with `peer`, `peer_ratio` and its interval, `roc_auc` (the
        mean over seeds), `roc_aucs` and `fit_seconds`; and whether Ctrl-C ended it early.

    Raises:
        InputError: an unknown peer.
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
    """The workers of one peer and their answers."""

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
        if self.sides[0] not in self.workers:  # nothing to compare ours with
            return
        for turn in range(rounds):
            tell(f"{self.name}: round {turn + 1} of {rounds}")
            self.each(self._train, turn)
        for seed in range(seeds):
            tell(f"{self.name}: testing, seed {seed}")
            self.each(partial(self._judge, seed), seed)
        self.each(self._remember)

    def rows(self) -> list[dict[str, Any]]:
        peer = PEERS[self.name]
        return [self._row(side, peer) for side in self.sides]

    def _begin(self, side: str) -> None:
        ours = side in backends.BACKENDS
        contestant = Contestant(side, FAST) if ours else Contestant(NATIVE, NATIVE)
        self.start(side, contestant).ask(peer=self.name, backend=side)

    def _train(self, side: str) -> None:
        found = self.workers[side].ask(do="train")
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
            status, error = (
                "not measured",
                f"{peer.title} is missing, so there is nothing to compare with",
            )
        row = dict.fromkeys(ROW_KEYS) | {
            "model": self.name,
            "backend": side,
            "engine": FAST if side in backends.BACKENDS else side,
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
