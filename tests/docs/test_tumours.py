"""The recipe of "Add a recipe" runs by the command that the page gives, and leaves its folder."""

import json
from pathlib import Path

import pandas as pd
import pytest

import recipes
from zoo.cli import main as cli

pytestmark = pytest.mark.once


EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture
def among_the_recipes(monkeypatch):
    """`zoo run` finds the example as if it had been put into recipes/."""
    path = recipes.__path__
    path.append(str(EXAMPLES))
    yield
    path.remove(str(EXAMPLES))


def test_runs_as_the_page_says(among_the_recipes, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["--epochs", "10", "--backend", "auto", "--seed", "0", "--out", str(out)]
    assert cli.main(["run", "tumours", *words]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["roc_auc"] > 0.9 and metrics["collapsed"] is False
    table = pd.read_csv(out / "comparison.csv")
    assert list(table["variant"]) == ["denoising", "narrow", "pca", "knn", "isolation_forest"]
    assert (out / "report.html").is_file() and (out / "model.keras").is_file()
    assert {path.stem for path in (out / "figures").glob("*.png")} == {"scores", "roc", "training"}


def test_head_is_complete():
    head = cli.read_head(EXAMPLES / "tumours.py")
    assert all(head[key] for key in ("name", "source", "data", "shows", "time", "run"))
