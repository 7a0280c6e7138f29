"""The first steps of "Getting started", command by command, with fewer epochs."""

import runpy
from pathlib import Path

import pandas as pd
import pytest

from zoo.cli import main as cli

pytestmark = pytest.mark.once


SENSORS = Path(__file__).resolve().parents[2] / "docs" / "examples" / "sensors.py"


def test_the_twenty_minutes_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(SENSORS), run_name="__main__")
    fit = ["sensors.csv", "--ignore", "timestamp", "--random-state", "0", "--out", "sensors.zoo"]
    assert cli.main(["fit", *fit, "--epochs", "3"]) == 0
    assert cli.main(["score", "sensors.zoo", "new.csv", "--out", "scores.csv"]) == 0
    anomaly = pd.read_csv("scores.csv")["anomaly"]
    assert anomaly[360:380].all()
    assert 0 < anomaly.drop(range(360, 380)).mean() < 0.03  # the page says 1.3 %
    assert cli.main(["inspect", "sensors.zoo"]) == 0
