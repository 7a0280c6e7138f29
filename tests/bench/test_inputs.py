"""Speed of `fit` by the form of its data: equal samples in every form, ratios to plain arrays."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from zoo.bench import inputs
from zoo.bench.worker import serve


def test_every_form_holds_the_same_samples():
    x = np.arange(40, dtype="float32").reshape(20, 2)
    forms = inputs.forms(x)
    arrays = forms.pop(inputs.ARRAYS)
    assert len(arrays["x"]) == 18 and len(arrays["validation_data"]) == 2
    np.testing.assert_array_equal(np.concatenate(list(arrays.values())), x)
    for form in forms.values():
        np.testing.assert_array_equal(np.asarray(form["x"]), x)
        assert form["validation_split"] == 0.1
    assert isinstance(forms["data frame, validation_split"]["x"], pd.DataFrame)


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
def test_a_worker_trains_each_form(capfd):
    requests = [{"do": "train", "form": inputs.ARRAYS, "epochs": 2}]
    answers = []
    serve(map(json.dumps, [{"samples": 80}, *requests]), answers.append, inputs.InputSpeeds)
    began, trained = answers
    assert len(began["forms"]) == 4 and began["epoch_seconds"] > 0
    assert trained["samples"] == 2 * 72 and trained["seconds"] > 0


def test_rows_are_ratios_to_arrays(monkeypatch, capsys):
    monkeypatch.setattr(inputs, "InputSpeeds", None)  # the worker runs in a process of its own
    rows = inputs.measure([keras.backend.backend()], rounds=2, seconds=0.01, samples=80)
    assert [row["input"] for row in rows][0] == inputs.ARRAYS and len(rows) == 4
    assert rows[0]["ratio"] == 1 and all(row["train_per_second"] > 0 for row in rows)
    inputs.print_inputs(rows)
    assert "1.00 [1.00, 1.00]" in capsys.readouterr().out


@pytest.mark.once
def test_a_worker_that_fails_is_one_row(monkeypatch, capsys):
    monkeypatch.setattr(inputs, "COMMAND", ("python", "-c", "raise RuntimeError('no kernel')"))
    rows = inputs.measure(["jax"], rounds=1, seconds=0.01)
    assert [row["error"] for row in rows] == ["RuntimeError: no kernel"]
    inputs.print_inputs(rows)
    assert "jax: RuntimeError: no kernel" in capsys.readouterr().out
