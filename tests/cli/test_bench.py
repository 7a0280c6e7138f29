"""The command `zoo bench`, with fake workers."""

import functools
import json
import shlex
import sys
from pathlib import Path

import pytest

from zoo.bench import run
from zoo.cli import main as cli

pytestmark = pytest.mark.once


FAKE = (sys.executable, str(Path(__file__).parents[1] / "bench" / "fake_worker.py"))


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "matmul_peak", lambda: 1e6)
    monkeypatch.setattr(run.backends, "installed", lambda: ("tensorflow", "jax", "torch"))
    measure = functools.partial(run.measure, command=FAKE, weights=Path("none.npz"))
    monkeypatch.setattr(run, "measure", measure)


def bench(words):
    return cli.main(["bench", *shlex.split(words)])


def test_tables_and_a_file(capsys):
    assert bench("--models gru_64 --rounds 2 --batch-size 16 32 --out bench.json") == 0
    text = capsys.readouterr().out
    assert "gru_64: GRU 64, window 50×8 (batch 16, cpu, 7 parameters)" in text
    assert "3.00 [3.00, 3.00]" in text and "results: bench.json" in text
    found = json.loads(Path("bench.json").read_text())
    assert set(found) == {"environment", "rows"} and len(found["rows"]) == 20
    assert {row["engine"] for row in found["rows"]} == {"stock", "reference", "fast", "native"}
    assert {row["batch_size"] for row in found["rows"]} == {16, 32}


def test_a_file_that_exists_is_kept_and_nothing_measured(capsys):
    Path("bench.json").write_text("mine")
    assert bench("--engines fast --models gru_64 --out bench.json") == 2
    assert capsys.readouterr().err.startswith("error: bench.json exists already; give --overwrite")
    assert bench("--models gru_64 --out nowhere/bench.json") == 2
    assert "nowhere does not exist" in capsys.readouterr().err
    assert bench("--models gru_64 --rounds 1 --out bench.json --overwrite") == 0
    assert Path("bench.json").read_text() != "mine"


def test_unknown_models_and_other_files_are_one_line(capsys):
    assert bench("--models gru") == 2
    assert capsys.readouterr().err.startswith("error: models: gru, expected some of lenet_svdd")
    Path("other.json").write_text("[]")
    for option in ("--compare", "--from"):
        assert bench(f"--models gru_64 {option} other.json") == 2
        assert "error: other.json: no object with an 'environment'" in capsys.readouterr().err
    assert bench("--models gru_64 --against other.json") == 2
    assert "error: other.json holds no recorded ratios" in capsys.readouterr().err
    assert bench("--from none.json") == 2
    assert "none.json: No such file" in capsys.readouterr().err


def test_a_failure_is_in_the_table_and_in_the_exit_code(monkeypatch, capsys):
    monkeypatch.setenv("FAKE_WORKER", json.dumps({"jax": "crash", "torch": "killed"}))
    assert bench("--engines fast --models gru_64 rnn_64 --rounds 1 --out bench.json") == 1
    streams = capsys.readouterr()
    assert "jax: RuntimeError: first line" in streams.out or "the kernel is missing" in streams.out
    assert "failed: rnn_64 on jax (fast, cpu, batch 64): the kernel is missing" in streams.err
    rows = json.loads(Path("bench.json").read_text())["rows"]
    assert [row["status"] for row in rows] == ["ok", "failed", "out of memory", "ok"] * 2


def test_no_memory_and_no_device_are_told_but_fail_nothing(monkeypatch, capsys):
    monkeypatch.setenv("FAKE_WORKER", json.dumps({"jax": "no gpu", "torch": "killed"}))
    assert bench("--engines fast --models gru_64 --rounds 1") == 0
    text = capsys.readouterr().out
    assert "no such device" in text and "out of memory" in text


def test_ctrl_c_keeps_what_was_measured(monkeypatch, capsys):
    def tell(line):
        if line.startswith("rnn"):
            raise KeyboardInterrupt

    monkeypatch.setattr("zoo.cli.bench.tell", tell)
    assert (
        bench(
            "--engines fast --models gru_64 rnn_64 --rounds 2 --out bench.json --markdown bench.md"
        )
        == 130
    )
    assert "interrupted; what was measured until then was kept" in capsys.readouterr().err
    found = json.loads(Path("bench.json").read_text())
    assert found["interrupted"] and len(found["rows"]) == 8
    assert "### gru_64" in Path("bench.md").read_text()


def test_compare_tells_what_became_slower(capsys):
    assert bench("--engines fast --models gru_64 rnn_64 --rounds 2 --out old.json") == 0
    old = json.loads(Path("old.json").read_text())
    for row in old["rows"]:
        if row["backend"] == "jax" and row["model"] == "gru_64":
            row["train_per_second"], row["train_ratio"] = 600.0, 6.0
    Path("old.json").write_text(json.dumps(old))
    capsys.readouterr()
    assert bench("--engines fast --models gru_64 --rounds 2 --compare old.json") == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if line.rstrip().endswith("slower"))
    assert (
        " ".join(line.split()) == "gru_64 on jax (fast, cpu, batch 32) train/s 600 300 0.50 slower"
    )
    assert any("in one of the two only: rnn_64 on jax" in line for line in lines)


def test_compare_withholds_changes_of_another_machine(capsys):
    assert bench("--engines fast --models gru_64 --rounds 2 --out old.json") == 0
    old = json.loads(Path("old.json").read_text())
    old["environment"]["cores"] = 1000
    Path("old.json").write_text(json.dumps(old))
    capsys.readouterr()
    assert bench("--engines fast --models gru_64 --rounds 2 --compare old.json") == 0
    streams = capsys.readouterr()
    assert (
        "warning: changes are not reported between different machines (cores 1000 then,"
        in streams.err
    )
    assert "slower" not in streams.out and "1.00" not in streams.out.split("Before and now")[1]


def test_against_fails_for_good_only_after_a_second_look(capsys):
    words = "--engines fast --models gru_64 rnn_64 --rounds 1"
    assert bench(f"{words} --record recorded.json") == 0
    assert bench(f"{words} --against recorded.json") == 0
    assert "no ratio of 6 rows fell below 0.7" in capsys.readouterr().out
    recorded = json.loads(Path("recorded.json").read_text())
    recorded["rows"][1]["train"] = 4.5  # jax on gru_64 gets 3
    Path("recorded.json").write_text(json.dumps(recorded))
    assert bench(f"{words} --against recorded.json") == 1
    streams = capsys.readouterr()
    assert "gru_64 was slow; measuring again, 3 rounds" in streams.out
    assert streams.err.splitlines()[-1] == (
        "too slow: gru_64 on jax (fast, cpu, batch 32): train 3.00 × native, recorded 4.50, "
        "expected 3.15 or more"
    )


def test_a_noisy_neighbour_fails_nothing(monkeypatch, capsys):
    assert bench("--engines fast --models gru_64 --rounds 1 --record recorded.json") == 0
    usual, calls = run.measure, []

    def slow_at_first(plan, *given):
        outcome = usual(plan, *given)
        calls.append(plan)
        for row in outcome.rows:
            if len(calls) == 1 and row["backend"] == "jax":
                row["train_ratio"] = 0.5
        return outcome

    monkeypatch.setattr(run, "measure", slow_at_first)
    assert bench("--engines fast --models gru_64 --rounds 2 --against recorded.json") == 0
    assert [tuple(plan.backends) for plan in calls] == [run.ALL, ("jax", "native")]
    assert [tuple(plan.engines) for plan in calls] == [("fast",), ("fast",)]
    assert [plan.rounds for plan in calls] == [2, 6]


def test_quick_measures_less(monkeypatch):
    plans = []
    monkeypatch.setattr(
        run, "measure", lambda plan, *given: plans.append(plan) or run.Outcome({}, [])
    )
    assert bench("--quick") == 0 and bench("--quick --rounds 9 --models rnn_64") == 0
    assert plans[0].models == run.QUICK and plans[0].engines == ("fast",)
    assert plans[0].rounds < run.Plan().rounds
    assert plans[1].models == ["rnn_64"] and plans[1].rounds == 9


def test_tables_of_an_earlier_run_come_without_measuring(capsys, monkeypatch):
    assert bench("--engines fast --models gru_64 --rounds 2 --out bench.json") == 0
    capsys.readouterr()
    monkeypatch.setattr(run, "measure", None)
    files = "--markdown bench.md --chart bench.png --html bench.html"
    assert bench(f"--from bench.json {files}") == 0
    assert Path("bench.png").read_bytes().startswith(b"\x89PNG")
    assert "hand-written PyTorch loop" in Path("bench.html").read_text()
    assert "3.00 [3.00, 3.00]" in capsys.readouterr().out
    table = Path("bench.md").read_text()
    assert "| jax | 300 | 3.00 [3.00, 3.00] |" in table and "| native | 100 | – |" in table
