"""The command `zoo growth`, with measurements that pretend."""

import json
import shlex
from pathlib import Path

import pytest

from zoo.bench import growth as measured
from zoo.cli import main as cli

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def asked(monkeypatch, tmp_path):
    """What was measured: rows, backend and window; time grows as rows, memory as their root."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zoo.backend.installed", lambda: ("jax", "torch"))
    asked = []

    def growth(rows, backends, window):
        (count,), (name,) = rows, backends
        asked.append((count, name, window))
        row = {"rows": count, "backend": name, "window": window, "status": "ok"}
        seconds = {"fit_seconds": count / 1e4, "score_seconds": count / 1e6}
        return [row | seconds | {"peak_memory_mb": float(count) ** 0.5}]

    monkeypatch.setattr(measured, "growth", growth)
    return asked


def growth(words):
    return cli.main(["growth", *shlex.split(words)])


def test_a_table_a_chart_and_a_file(asked, capsys):
    assert growth("--rows 10000 100 --window 20 --out g.json --chart g.png") == 0
    assert asked == [(n, name, 20) for name in ("jax", "torch") for n in (100, 10_000)]
    text = capsys.readouterr().out
    assert "A series, windows of 20 rows" in text
    assert "jax: ten times the rows take 10.0 times as long to fit, 10.0 to score, and 3.2" in text
    assert len(json.loads(Path("g.json").read_text())["growth"]) == 4
    assert Path("g.png").read_bytes().startswith(b"\x89PNG")


def test_a_size_that_failed_is_shown_and_is_an_error(asked, capsys, monkeypatch):
    failed = {"rows": 100, "backend": "jax", "window": None, "status": "out of memory"}
    monkeypatch.setattr(measured, "growth", lambda *given: [failed])
    assert growth("--rows 100 --backends jax") == 1
    assert "out of memory" in capsys.readouterr().out


def test_what_was_measured_is_kept_when_interrupted(asked, capsys, monkeypatch):
    pretend = measured.growth

    def interrupted(rows, *given):
        if rows == [1000]:
            raise KeyboardInterrupt
        return pretend(rows, *given)

    monkeypatch.setattr(measured, "growth", interrupted)
    assert growth("--rows 100 1000 --backends jax --out g.json --chart g.png") == 130
    assert [row["rows"] for row in json.loads(Path("g.json").read_text())["growth"]] == [100]
    assert not Path("g.png").exists()
    assert "what was measured until then was kept" in capsys.readouterr().err


def test_what_cannot_be_is_said_before_anything_is_measured(asked, capsys):
    Path("g.json").write_text("mine")
    assert growth("--out g.json") == 2
    assert "g.json exists already; give --overwrite" in capsys.readouterr().err
    assert growth("--backends tensorflow") == 2
    assert (
        "backend 'tensorflow' is not installed (installed: jax, torch)" in capsys.readouterr().err
    )
    assert growth("--rows 100 --chart g.png") == 2
    assert "needs two sizes; give --rows 100 and another" in capsys.readouterr().err
    assert not asked
