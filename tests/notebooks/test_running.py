"""Every notebook runs from top to bottom, in a kernel of this Python and this backend.

All of them under all backends take long, so the tests under one backend execute a third, and those
under all three every notebook once. Which backend takes which third changes with the week.
ZOO_NOTEBOOKS=all executes all of them, ZOO_NOTEBOOKS=3 takes 3 for the number of the week.
"""

import datetime
import os

import keras
import pytest

from zoo.backend import BACKENDS

pytest.importorskip("jupytext", reason="notebooks need the extra 'notebooks'")
pytest.importorskip("nbclient", reason="notebooks need the extra 'notebooks'")

from notebooks import build  # noqa: E402

SOURCES = build.sources()
TURN = os.environ.get("ZOO_NOTEBOOKS") or str(datetime.date.today().isocalendar().week)
MOST_SECONDS = 180  # of a cell


def is_on(index: int, backend: str, turn: str) -> bool:
    """Whether the notebook at `index` is executed under `backend`."""
    return turn == "all" or (index + BACKENDS.index(backend) + int(turn)) % len(BACKENDS) == 0


@pytest.mark.parametrize("turn", ["1", "2", "53"])
def test_every_notebook_has_its_turn_under_one_backend(turn):
    for index in range(len(SOURCES)):
        assert sum(is_on(index, backend, turn) for backend in BACKENDS) == 1


@pytest.mark.parametrize(
    ("index", "source"), enumerate(SOURCES), ids=[source.stem for source in SOURCES]
)
def test_runs_from_top_to_bottom(index, source, tmp_path, monkeypatch):
    backend = keras.backend.backend()
    if not is_on(index, backend, TURN):
        pytest.skip(f"another backend's turn in week {TURN}; ZOO_NOTEBOOKS=all executes all")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    notebook = build.execute(source, tmp_path, timeout=MOST_SECONDS)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    shown = [output.get("data", {}) for cell in code for output in cell.outputs]
    assert any("image/png" in data for data in shown), f"{source.stem} shows no picture"


def test_an_error_in_a_cell_is_an_error_here(tmp_path):
    source = tmp_path / "00_wrong.py"
    source.write_text("# %%\n1 + 1\n\n# %%\nraise ValueError('told to')\n")
    with pytest.raises(Exception, match="told to"):
        build.execute(source, tmp_path)
