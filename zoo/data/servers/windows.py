"""Server metrics become windows: scaled, split by time, with what is judged about them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.preprocessing import StandardScaler

from zoo.data.arrays.windows import sliding_windows, window_labels
from zoo.data.servers.metrics import Servers
from zoo.data.tables.normals import training_rows
from zoo.errors import InputError


@dataclass(frozen=True)
class ServerWindows:
    """Windows of one server or several, in units of the training rows' deviation.

    Attributes:
        names: Of the servers.
        columns: Of their metrics.
        window: Rows a window.
        stride: Rows between windows that are judged.
        level: What is judged: `"windows"` or `"points"`, which are rows.
        x_train: `(n, window, features)` to learn from, of all servers.
        x_valid: One array a server, held out: the last of its training rows.
        x_test: One array a server, to judge.
        labels: One array a server, `(n,)` of its windows or rows; None where nothing is known.
        scaled: Turns rows of any server into the same units.
        anomalies_in_training: Windows of the training rows with labelled anomalies.
    """

    names: list[str]
    columns: tuple[str, ...]
    window: int
    stride: int
    level: Literal["windows", "points"]
    x_train: np.ndarray
    x_valid: list[np.ndarray]
    x_test: list[np.ndarray]
    labels: list[np.ndarray | None]
    scaled: Callable[[np.ndarray], np.ndarray]
    anomalies_in_training: int

    @property
    def labelled(self) -> bool:
        """True if every server's test part has labels."""
        return all(labels is not None for labels in self.labels)

    @property
    def y(self) -> np.ndarray:
        """The labels of all servers, one after the other."""
        return np.concatenate(self.labels)


def cut_servers(
    servers: Sequence[Servers],
    window: int,
    stride: int,
    level: Literal["windows", "points"] = "windows",
    anomalous_share: float = 0.3,
    scaling: Literal["standard", "global"] = "standard",
    validation: float = 0.1,
    contaminated: str = "drop",
) -> ServerWindows:
    """Cut servers into windows; scalers see the rows to learn from alone.

    Args:
        servers: With the same metrics.
        window: Rows a window.
        stride: Rows between the windows to learn from, and at level `"windows"` between those to
            judge. At level `"points"` every row is judged, by all windows that cover it.
        level: What is judged.
        anomalous_share: A window is anomalous when more than this share of its rows is.
        scaling: `"standard"`: each metric gets mean 0 and deviation 1; `"global"`: all metrics
            together do, and keep their proportions.
        validation: Last share of the training rows, held out.
        contaminated: What to do about training windows with labelled anomalies; see
            `zoo.data.tables.normals.training_rows`.

    Returns:
        The windows.

    Raises:
        InputError: Fewer rows than a window in some part, anomalies that are refused, servers of
            different metrics, or settings out of range.
    """
    if not 0 < validation < 1:
        raise InputError(f"validation is {validation}; give a share between 0 and 1")
    for server in servers[1:]:
        if server.columns != servers[0].columns:
            raise InputError(
                f"servers '{servers[0].name}' and '{server.name}' have different metrics; judge "
                f"them one by one"
            )
    ends = [round(len(server.train) * (1 - validation)) for server in servers]
    learned = [server.train[:end] for server, end in zip(servers, ends, strict=True)]
    scaled = _scaler(np.concatenate(learned), scaling)
    judged = stride if level == "windows" else 1
    fine = max(1, stride // 10) if level == "windows" else 1

    found, x_train, x_valid = 0, [], []
    for server, end in zip(servers, ends, strict=True):
        learn, hold = f"the training rows of {server.name}", f"the held-out rows of {server.name}"
        for into, rows, step, name in (
            (x_train, slice(end), stride, learn),
            (x_valid, slice(end, None), fine, hold),
        ):
            x = sliding_windows(scaled(server.train[rows]), window, step, name)
            if server.train_labels is not None:
                y = window_labels(server.train_labels[rows], window, step)
                x, anomalous = training_rows(x, y, contaminated, name)
                found += anomalous
            into.append(x)
    return ServerWindows(
        names=[server.name for server in servers],
        columns=servers[0].columns,
        window=window,
        stride=judged,
        level=level,
        x_train=x_train[0] if len(x_train) == 1 else np.concatenate(x_train),
        x_valid=x_valid,
        x_test=[sliding_windows(scaled(s.test), window, judged, s.name) for s in servers],
        labels=[_labels(s, window, stride, level, anomalous_share) for s in servers],
        scaled=scaled,
        anomalies_in_training=found,
    )


def _labels(server, window, stride, level, anomalous_share):
    if server.labels is None or level == "points":
        return server.labels
    return window_labels(server.labels, window, stride, anomalous_share, server.name)


def _scaler(rows, scaling):
    if scaling == "standard":
        scaler = StandardScaler().fit(rows)
        return lambda x: scaler.transform(x).astype("float32")
    mean, deviation = rows.mean(), rows.std()
    if deviation == 0:
        raise InputError("the training rows never change, and there is nothing to learn")
    return lambda x: ((x - mean) / deviation).astype("float32")
