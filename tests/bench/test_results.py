"""The file: written whole, read back, refused where it is something else."""

import json

import pytest

from zoo.bench import results
from zoo.bench.run import Outcome

pytestmark = pytest.mark.once


ROW = dict.fromkeys(results.ROW_KEYS, 1.5) | {
    "model": "gru_64",
    "backend": "jax",
    "engine": "fast",
    "device": "cpu",
    "batch_size": 64,
    "p99_ms": None,
    "train_ratio": float("nan"),
}


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "bench.json"
    path.write_text("older")
    results.write(path, Outcome({"cpu": "abacus"}, [ROW]))
    found = results.read(path)
    assert found == {"environment": {"cpu": "abacus"}, "rows": [ROW | {"train_ratio": None}]}
    assert [each.name for each in tmp_path.iterdir()] == ["bench.json"]
    assert results.identity(found["rows"][0]) == ("gru_64", "jax", "fast", "cpu", 64)


def test_an_interrupted_run_says_so(tmp_path):
    results.write(tmp_path / "bench.json", Outcome({}, [ROW], interrupted=True))
    assert results.read(tmp_path / "bench.json")["interrupted"] is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"rows": [', "is no JSON"),
        ("[1, 2]", "no object with an 'environment'"),
        ('{"environment": {}}', "no list of 'rows'"),
        ('{"environment": {}, "rows": [3]}', "row 1 is no object"),
        ('{"environment": {}, "rows": [{"model": "a"}]}', "row 1 has no 'backend'"),
    ],
)
def test_another_file_is_refused(tmp_path, text, message):
    path = tmp_path / "bench.json"
    path.write_text(text)
    with pytest.raises(results.ResultsError, match=f"{message}.*; give a file that zoo bench"):
        results.read(path)


def test_values_of_the_wrong_kind_are_named():
    for key, value in (("p50_ms", "fast"), ("backend", None), ("parameters", True)):
        content = {"environment": {}, "rows": [ROW, ROW | {key: value}]}
        with pytest.raises(results.ResultsError, match=f"row 2 has {key} {value!r}"):
            results.check(json.loads(json.dumps(content)))


def test_files_of_one_machine_are_read_as_one(tmp_path):
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    results.write(paths[0], Outcome({"cpu": "abacus"}, [ROW]))
    results.write(paths[1], Outcome({"cpu": "abacus"}, [ROW | {"model": "rnn_64"}], True))
    found = results.read_all(paths)
    assert [row["model"] for row in found["rows"]] == ["gru_64", "rnn_64"]
    assert found["environment"] == {"cpu": "abacus"} and found["interrupted"]
    results.write(paths[1], Outcome({"cpu": "slide rule"}, [ROW]))
    with pytest.raises(results.ResultsError, match="two.json: cpu slide rule, but abacus in"):
        results.read_all(paths)
