"""The Server Machine Dataset in its published layout."""

import numpy as np
import pytest

from zoo.data.servers import smd
from zoo.data.servers.smd import MACHINES, available_machines, load_smd

pytestmark = pytest.mark.once


@pytest.fixture
def machine(tmp_path):
    """Write a machine of 5 training and 4 test rows; return the folder."""
    rows = np.arange(5 * 38).reshape(5, 38) / 1000
    for part, values in (("train", rows), ("test", rows[:4]), ("test_label", [0, 1, 1, 0])):
        folder = tmp_path / smd.FOLDER / part
        folder.mkdir(parents=True)
        np.savetxt(folder / "machine-2-1.txt", values, delimiter=",", fmt="%g")
    return tmp_path


def test_the_names_of_all_machines():
    assert len(MACHINES) == len(set(MACHINES)) == 28
    assert MACHINES[0] == "machine-1-1" and MACHINES[-1] == "machine-3-11"


def test_a_machine_in_the_published_layout(machine):
    assert available_machines(machine) == ["machine-2-1"]
    server = load_smd("machine-2-1", machine)
    assert server.train.shape == (5, 38) and server.train.dtype == np.float32
    assert server.test[1, 0] == np.float32(0.038) and server.labels.tolist() == [0, 1, 1, 0]
    assert server.name == "machine-2-1" and len(server.columns) == 38


def test_a_machine_counts_only_with_all_its_files(machine):
    (machine / smd.FOLDER / "test_label" / "machine-2-1.txt").unlink()
    assert available_machines(machine) == []
    with pytest.raises(FileNotFoundError, match="test_label/machine-2-1.txt does not exist"):
        load_smd("machine-2-1", machine)


def test_an_absent_machine_says_where_to_get_it_and_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.delenv("ZOO_DATA", raising=False)
    with pytest.raises(FileNotFoundError) as caught:
        load_smd("machine-1-1")
    message = str(caught.value)
    assert "OmniAnomaly/master/ServerMachineDataset/train/machine-1-1.txt" in message
    assert "FOLDER/ServerMachineDataset/train/machine-1-1.txt" in message
    assert "ZOO_DATA=FOLDER" in message
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=rf"put it at {tmp_path}/ServerMachine"):
        load_smd("machine-1-1")


@pytest.mark.parametrize(
    ("part", "text", "message"),
    [
        ("train", "1,2,3\n", "has 3 columns, 3 of them numbers; expected 38"),
        ("test", ",".join(["x"] * 38), "has 38 columns, 0 of them numbers"),
        ("test", "\n".join([",".join(["0"] * 37) + ","] * 4), "missing or infinite"),
        ("test_label", "0\n1\n", "has 2 labels, but .* has 4 rows"),
        ("test_label", "0\n1\n2\n0\n", "not 0 or 1: 2 in line 3"),
    ],
)
def test_a_damaged_file_is_refused(machine, part, text, message):
    (machine / smd.FOLDER / part / "machine-2-1.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_smd("machine-2-1", machine)


def test_an_unknown_machine():
    with pytest.raises(
        ValueError, match="unknown machine 'machine-9-9'; expected one of machine-1"
    ):
        load_smd("machine-9-9")


@pytest.mark.parametrize(
    ("name", "rows", "anomalies"), [("machine-1-6", 23_689, 3708), ("machine-2-8", 23_703, 161)]
)
def test_real_machines(real_data, name, rows, anomalies):
    data_dir = real_data(f"{smd.FOLDER}/train/{name}.txt").parents[2]
    server = load_smd(name, data_dir)
    assert server.test.shape == (rows, 38) and server.labels.sum() == anomalies
    assert server.train.min() >= 0 and server.train.max() <= 1
