"""Comparison with earlier results: slower, faster, another machine; and the guard of CI."""

import pytest

from zoo.bench import comparison
from zoo.bench.results import ROW_KEYS, ResultsError

pytestmark = pytest.mark.once


ROW = dict.fromkeys(ROW_KEYS, 1.0) | {
    "model": "gru_64",
    "backend": "jax",
    "engine": "fast",
    "device": "cpu",
    "batch_size": 64,
    "status": "ok",
    "train_per_second": 100.0,
    "train_ratio": 2.0,
    "train_ratio_low": 2.0,
    "score_ratio": 1.0,
    "score_ratio_low": 1.0,
    "predict_ratio": 4.0,
    "predict_ratio_low": 4.0,
    "noise_percent": 1.0,
}
MACHINE = {"cpu": "abacus", "cores": 2, "versions": {"jax": "0.9"}}


def found(*rows, **environment):
    return {"environment": MACHINE | environment, "rows": [ROW | row for row in rows]}


def verdicts(new, old):
    return {each.measure: each.verdict for each in comparison.changes(new, old)}


def test_slower_and_faster_need_a_tenth():
    old = found({})
    slower = found({"train_per_second": 80.0, "train_ratio": 1.6, "score_per_second": 1.05,
                    "score_ratio": 1.05, "p50_ms": 0.5})  # fmt: skip
    assert verdicts(slower, old) == {"train/s": "slower", "score/s": "", "p50 ms": "faster"}
    (change,) = (each for each in comparison.changes(slower, old) if each.measure == "train/s")
    assert (change.before, change.now, change.change) == (100, 80, 0.8)


def test_a_busy_machine_slows_the_native_loop_too():
    busy = found({"train_per_second": 50.0, "train_ratio": 2.0})
    assert verdicts(busy, found({}))["train/s"] == ""


def test_more_noise_needs_more_change():
    noisy = found({"train_ratio": 1.6, "train_per_second": 80.0, "noise_percent": 20.0})
    assert verdicts(noisy, found({}))["train/s"] == ""


def test_of_another_machine_no_change_is_told():
    new, old = found({}, cores=8), found({"train_per_second": 1.0})
    assert comparison.other_machine(new, old) == ["cores 2 then, 8 now"]
    changes = comparison.changes(new, old)
    assert changes and all(each.change is None and not each.verdict for each in changes)
    assert comparison.other_machine(old, found({})) == []
    newer = found({}, versions={"jax": "0.10", "torch": "2"})
    assert comparison.other_versions(newer, old) == [
        "jax 0.9 then, 0.10 now", "torch None then, 2 now",
    ]  # fmt: skip


def test_rows_of_one_alone_are_named():
    new, old = found({}, {"backend": "torch"}), found({}, {"model": "rnn_64"})
    assert comparison.unmatched(new, old) == [
        ("gru_64", "torch", "fast", "cpu", 64), ("rnn_64", "jax", "fast", "cpu", 64),
    ]  # fmt: skip
    assert {each.row for each in comparison.changes(new, old)} == {
        ("gru_64", "jax", "fast", "cpu", 64)
    }


def test_recorded_ratios_come_back(tmp_path):
    path = tmp_path / "recorded.json"
    fortunate = ROW | {"train_ratio": 2.5}  # the low end of its interval is what counts
    comparison.record(
        path,
        [
            fortunate,
            ROW | {"backend": "native", "engine": "native", "train_ratio": 1.0},
            ROW | {"engine": "stock"},
        ],
    )
    assert comparison.read_record(path) == [
        {"model": "gru_64", "backend": "jax", "engine": "fast", "device": "cpu", "batch_size": 64,
         "train": 2.0, "score": 1.0, "predict": 4.0},
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no row has a ratio to record"):
        comparison.record(path, [ROW | {"train_ratio": None}])


@pytest.mark.parametrize("text", ["", "[]", '{"rows": [{}]}', '{"rows": 3}'])
def test_another_file_holds_no_ratios(tmp_path, text):
    path = tmp_path / "recorded.json"
    path.write_text(text)
    with pytest.raises(ResultsError, match="holds no recorded ratios"):
        comparison.read_record(path)


def test_a_ratio_under_seven_tenths_falls_short(tmp_path):
    path = tmp_path / "recorded.json"
    comparison.record(path, [ROW])
    recorded = comparison.read_record(path)
    assert comparison.shortfalls([ROW | {"train_ratio": 1.41, "score_ratio": 0.71}], recorded) == []
    (short,) = comparison.shortfalls([ROW | {"train_ratio": 1.39}], recorded)
    assert str(short) == (
        "gru_64 on jax (fast, cpu, batch 64): train 1.39 × native, recorded 2.00, "
        "expected 1.40 or more"
    )


def test_what_failed_falls_short_and_what_is_missing_does_not(tmp_path):
    path = tmp_path / "recorded.json"
    comparison.record(path, [ROW])
    recorded = comparison.read_record(path)
    nothing = dict.fromkeys(("train_ratio", "score_ratio", "predict_ratio"))
    failed = comparison.shortfalls([ROW | nothing | {"status": "failed"}], recorded)
    assert [each.verb for each in failed] == ["train", "score", "predict"]
    assert "train not measured" in str(failed[0])
    assert comparison.shortfalls([ROW | nothing | {"status": "not installed"}], recorded) == []
    assert comparison.shortfalls([], recorded) == []
