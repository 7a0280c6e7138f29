"""A small result that every part of the report can show."""

from dataclasses import dataclass, replace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from zoo.report.result import Result
from zoo.report.run_folder import RunFolder
from zoo.report.saved_run import load_run


@dataclass(frozen=True)
class Config:
    epochs: int = 3
    seed: int = 0


@pytest.fixture
def result():
    """A recipe with one model, one baseline, one figure and four test samples."""
    return Result(
        recipe="blobs",
        summary="One blob against another.",
        config=Config(),
        metrics={"roc_auc": 0.9, "f1": 0.8, "threshold": 1.5, "collapsed": False},
        history=pd.DataFrame({"epoch": [0, 1], "loss": [2.0, 1.0]}),
        scores=pd.DataFrame({"score": [1.0, 2.0, 3.0, 4.0], "label": [0, 0, 0, 1]}),
        comparison=pd.DataFrame(
            {"variant": ["deep", "PCA"], "kind": ["model", "baseline"], "roc_auc": [0.9, 0.95]}
        ),
        figures={"roc": Figure()},
        captions={"roc": "Which ranks best."},
    )


@pytest.fixture
def change(result):
    """Give the result with some fields replaced."""
    return lambda **fields: replace(result, **fields)


@pytest.fixture
def finish(tmp_path, result):
    """Leave a run folder and read it back: `finish("a", metrics={...}, backend="jax", ...)`."""

    def run(name, backend="jax", command="zoo run blobs", recipe="blobs", **fields):
        path = tmp_path / name
        outcome = replace(result, recipe=recipe, **fields)
        with RunFolder(path) as folder:
            folder.save(outcome, {"backend": backend, "device": "cpu"}, command)
        return load_run(path)

    return run
