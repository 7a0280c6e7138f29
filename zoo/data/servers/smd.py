"""The Server Machine Dataset: 28 machines, 38 metrics a minute, five weeks.

Reference: Su et al., "Robust Anomaly Detection for Multivariate Time Series through Stochastic
Recurrent Neural Network" (OmniAnomaly), KDD 2019.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from zoo.data.arrays.checks import require_binary
from zoo.data.servers.metrics import Servers
from zoo.data.sources import find, locate_by_hand
from zoo.errors import InputError

FOLDER = "ServerMachineDataset"
ADDRESS = "https://raw.githubusercontent.com/NetManAIOps/OmniAnomaly/master/"
FEATURES = 38
MACHINES = tuple(
    f"machine-{group}-{number}"
    for group, count in ((1, 8), (2, 9), (3, 11))
    for number in range(1, count + 1)
)
PARTS = ("train", "test", "test_label")


def available_machines(data_dir: str | Path | None = None) -> list[str]:
    """List the machines whose three files are there.

    Args:
        data_dir: Folder that holds `ServerMachineDataset`; else `$ZOO_DATA` is looked at.

    Returns:
        Names out of `MACHINES`, in their order; empty where there are none.
    """
    return [
        machine
        for machine in MACHINES
        if all(find(_file_name(part, machine), data_dir) for part in PARTS)
    ]


def load_smd(machine: str, data_dir: str | Path | None = None) -> Servers:
    """Load one machine in the published layout, `ServerMachineDataset/train/machine-1-1.txt` etc.

    Nothing is downloaded: the publisher gives no checksums.

    Args:
        machine: One of `MACHINES`.
        data_dir: Folder that holds `ServerMachineDataset`; else `$ZOO_DATA` is looked at.

    Returns:
        About 23,700 to 28,700 rows each to train and to test on, scaled to [0, 1] by the
        publisher. Some metrics never change.

    Raises:
        FileNotFoundError: A file is not there; says where to download it from and to put it.
        InputError: An unknown machine, or a file of another form.
    """
    if machine not in MACHINES:
        raise InputError(f"unknown machine '{machine}'; expected one of {', '.join(MACHINES)}")
    train_path, test_path, label_path = (
        locate_by_hand(_file_name(part, machine), ADDRESS + _file_name(part, machine), data_dir)
        for part in PARTS
    )
    test = _read_metrics(test_path)
    labels = pd.read_csv(label_path, header=None)
    if len(labels) != len(test):
        raise InputError(
            f"'{label_path}' has {len(labels)} labels, but '{test_path}' has {len(test)} rows; "
            "download both again"
        )
    labels.index = pd.RangeIndex(1, len(labels) + 1, name="line")
    return Servers(
        name=machine,
        train=_read_metrics(train_path),
        test=test,
        labels=require_binary(labels[0], str(label_path)),
        columns=tuple(f"metric_{number:02d}" for number in range(1, FEATURES + 1)),
    )


def _file_name(part: str, machine: str) -> str:
    return f"{FOLDER}/{part}/{machine}.txt"


def _read_metrics(path: Path) -> np.ndarray:
    table = pd.read_csv(path, header=None)
    numbers = table.select_dtypes("number").to_numpy(np.float32)
    if numbers.shape[1:] != (FEATURES,) or table.shape != numbers.shape:
        raise InputError(
            f"'{path}' has {table.shape[1]} columns, {numbers.shape[1]} of them numbers; expected "
            f"{FEATURES} columns of numbers without a header; download it again"
        )
    if not np.isfinite(numbers).all():
        raise InputError(f"'{path}' holds missing or infinite values; download it again")
    return numbers
