"""A benchmark with fake workers: the order of requests, and the rows that result."""

import json
import os
import sys
from pathlib import Path

import pytest

from zoo.bench import processes, run
from zoo.bench.results import ROW_KEYS

pytestmark = pytest.mark.once


FAKE = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))
EVERY = ("tensorflow", "jax", "torch", "native")


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(run, "matmul_peak", lambda: 1e6)
    monkeypatch.setattr(run.backends, "installed", lambda: ("tensorflow", "jax", "torch"))


def measure(monkeypatch, *, models=("mlp_autoencoder",), rounds=3, fail=None, **more):
    monkeypatch.setenv("FAKE_WORKER", json.dumps(fail or {}))
    chosen = {"backends": more.pop("backends", EVERY), "engines": more.pop("engines", ("fast",))}
    plan = run.Plan(models=models, rounds=rounds, **chosen)
    return run.measure(plan, command=FAKE, weights=Path("none.npz"), **more)


def by_backend(outcome):
    return {row["backend"]: row for row in outcome.rows}


def test_a_row_for_each_backend_with_ratios_to_the_native_loop(monkeypatch):
    outcome = measure(monkeypatch)
    rows = by_backend(outcome)
    assert tuple(rows) == EVERY
    assert all(key in row for row in outcome.rows for key in ROW_KEYS)
    assert {row["status"] for row in outcome.rows} == {"ok"}
    jax = rows["jax"]
    assert jax["train_per_second"] == pytest.approx(300)
    assert [jax[f"train_ratio{end}"] for end in ("", "_low", "_high")] == pytest.approx([3, 3, 3])
    assert rows["torch"]["predict_ratio"] == pytest.approx(0.8)
    assert rows["native"]["predict_per_second"] is None
    assert (jax["p50_ms"], jax["parameters"], jax["batch_size"], jax["rounds"]) == (2, 7, 32, 3)
    assert jax["fit_constant_seconds"] == pytest.approx(0.25)
    assert jax["compile_seconds"] == 0.5 and jax["peak_memory_mb"] == 300
    assert jax["joules_per_sample"] is None
    assert outcome.environment["noise_percent"] == 0 and not outcome.interrupted


def test_scores_are_held_against_the_first_backend(monkeypatch):
    rows = by_backend(measure(monkeypatch))
    assert rows["torch"]["score_difference"] == 0
    assert rows["torch"]["trained_difference"] == pytest.approx(0.1)
    assert rows["tensorflow"]["trained_difference"] == 0


def test_repetitions_take_turns_in_an_order_that_rotates(monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    measure(monkeypatch, rounds=2)
    asked = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    training = [backend for backend, _, request, _ in asked if request["do"] == "train"]
    first, second, third = training[:4], training[4:8], training[8:12]
    assert sorted(first) == sorted(second) == sorted(third) == sorted(EVERY)
    assert second == list(EVERY) and third == [*EVERY[1:], EVERY[0]]
    work = {json.dumps(request) for _, _, request, _ in asked if request["do"] == "train"}
    assert work == {'{"do": "train", "epochs": 1}'}  # 0.7 s, of epochs of half a second


def test_every_engine_has_a_row_with_ratios_to_native_and_to_stock_keras(monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    engines = ("stock", "reference", "fast")
    rows = measure(monkeypatch, backends=("jax", "native"), engines=engines).rows
    assert [(row["backend"], row["engine"]) for row in rows] == [
        ("jax", "stock"), ("jax", "reference"), ("jax", "fast"), ("native", "native"),
    ]  # fmt: skip
    assert [row["train_ratio"] for row in rows] == pytest.approx([1.5, 2.4, 3, 1])
    assert [row["score_stock_ratio"] for row in rows[:3]] == pytest.approx([1, 1.6, 2])
    assert rows[2]["predict_stock_ratio_low"] == pytest.approx(2)
    assert rows[3]["train_stock_ratio"] is None
    asked = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line[3] for line in asked[-4:]] == [None, "reference", "fast", None]


def test_each_repeats_as_much_as_fits_in_the_planned_seconds(monkeypatch):
    plan = run.Plan(seconds=2.0, engines=("fast",))
    group = run._Group(plan, "mlp_autoencoder", "cpu", None, Path("x"), FAKE)
    slow, quick = group.contestants[:2]
    group.began = {
        slow: {"epoch_seconds": 5.0, "score_seconds": 3.0},
        quick: {"epoch_seconds": 0.5, "score_seconds": 0.1},
    }
    (epochs, passes) = (group._requests(quick)[do] for do in ("train", "score"))
    assert (epochs, passes) == ({"epochs": 4}, {"passes": 10})
    assert group._requests(slow)["train"] == {"epochs": 1}
    assert group._requests(slow)["predict"] == {"passes": 1}


def test_fractions_of_the_peak_count_a_step_thrice(monkeypatch):
    group = run._Group(
        run.Plan(rounds=1, engines=("fast",)), "mlp_autoencoder", "cpu", None, Path("x"), FAKE
    )
    monkeypatch.setenv("FAKE_WORKER", "{}")
    group.measure(lambda line: None)
    group.end()
    (jax,) = (row for row in group.rows(1000, 1e6) if row["backend"] == "jax")
    assert jax["fraction_of_peak"] == pytest.approx(300 * 3 * 1000 / 1e6)
    assert jax["score_fraction_of_peak"] == pytest.approx(300 * 1000 / 1e6)


def test_what_is_not_installed_has_a_row_and_the_rest_goes_on(monkeypatch):
    monkeypatch.setattr(run.backends, "installed", lambda: ("jax",))
    rows = by_backend(measure(monkeypatch))
    assert [rows[name]["status"] for name in EVERY] == [
        "not installed", "ok", "not installed", "not installed",
    ]  # fmt: skip
    assert rows["native"]["error"] == "pip install 'keras-anomaly-zoo[torch]'"
    assert rows["native"]["train_per_second"] is None
    assert rows["jax"]["train_per_second"] and rows["jax"]["train_ratio"] is None


@pytest.mark.parametrize(
    ("behaviour", "status", "error"),
    [
        ("crash", "failed", "the kernel is missing"),
        ("train: crash", "failed", "the kernel is missing"),
        ("killed", "out of memory", "killed, probably for lack of memory"),
        ("score: killed", "out of memory", "killed, probably for lack of memory"),
        ("out of memory", "out of memory", "MemoryError: no 8 GiB left"),
        ("memory error", "out of memory", "MemoryError: no 8 GiB left"),
        ("no gpu", "no such device", "BackendError: jax finds no GPU here"),
        ("nonsense", "failed", "an answer that is no JSON: 'Segmentation fault'"),
    ],
)
def test_one_that_fails_is_marked_and_the_others_go_on(monkeypatch, behaviour, status, error):
    outcome = measure(monkeypatch, models=("gru_64", "mlp_autoencoder"), fail={"jax": behaviour})
    assert len(outcome.rows) == 8
    for row in outcome.rows:
        expected = (status, error) if row["backend"] == "jax" else ("ok", None)
        assert (row["status"], row["error"]) == expected
    assert by_backend(outcome)["torch"]["train_ratio"] == pytest.approx(0.8)


def test_one_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 0.5)
    rows = by_backend(measure(monkeypatch, fail={"jax": "silent"}, backends=("jax", "native")))
    assert (rows["jax"]["status"], rows["jax"]["error"]) == ("failed", "no answer within 0.5 s")
    assert rows["native"]["status"] == "ok"


def test_ctrl_c_keeps_what_was_measured_and_ends_the_workers(monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    shown = []

    def tell(line):
        if line.startswith("mlp") and "round 2" in line:
            raise KeyboardInterrupt

    models = ("gru_64", "mlp_autoencoder", "lstm_64")
    outcome = measure(monkeypatch, models=models, tell=tell, done=shown.append)
    assert outcome.interrupted
    assert [row["model"] for row in outcome.rows] == ["gru_64"] * 4 + ["mlp_autoencoder"] * 4
    assert [row["rounds"] for row in outcome.rows] == [3] * 4 + [1] * 4
    assert [row for rows in shown for row in rows] == outcome.rows
    for line in (tmp_path / "log").read_text().splitlines():
        with pytest.raises(ProcessLookupError):
            os.kill(json.loads(line)[1], 0)


def test_before_the_first_round_there_is_nothing_but_the_row(monkeypatch):
    def tell(line):
        if "starting native" in line:
            raise KeyboardInterrupt

    rows = by_backend(measure(monkeypatch, tell=tell))
    assert {row["status"] for row in rows.values()} == {"interrupted"}
    assert rows["jax"]["parameters"] == 7 and rows["native"]["parameters"] is None


def test_a_plan_names_what_it_does_not_know():
    with pytest.raises(ValueError, match="models: gru_65, expected some of lenet_svdd, rnn_64"):
        run.Plan(models=("gru_65",))
    with pytest.raises(ValueError, match="backends: mxnet, expected some of tensorflow, jax"):
        run.Plan(backends=("mxnet",))
    with pytest.raises(ValueError, match="devices: none, expected some of cpu, gpu"):
        run.Plan(devices=())
    with pytest.raises(ValueError, match=r"batch sizes \[0\]; expected 1 or more rounds"):
        run.Plan(batch_sizes=(0,))
