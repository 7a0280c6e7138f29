"""Notebooks: pairs in sync and stripped, the house's shape, no logic, and they run.

Executing all of them under all backends takes long, so each run of the tests under one backend
executes a third, and the runs under all three backends every notebook once. Which backend takes
which third changes with the week. ZOO_NOTEBOOKS=all executes all of them, ZOO_NOTEBOOKS=3 takes 3
for the number of the week.
"""

import ast
import datetime
import os
import re

import keras
import pytest

from zoo.backend import BACKENDS

pytest.importorskip("jupytext", reason="notebooks need the extra 'notebooks'")
pytest.importorskip("nbclient", reason="notebooks need the extra 'notebooks'")

from notebooks import build  # noqa: E402

SOURCES = build.sources()
TURN = os.environ.get("ZOO_NOTEBOOKS") or str(datetime.date.today().isocalendar().week)
MOST_SECONDS = 180  # of a cell

each_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def is_on(index: int, backend: str, turn: str) -> bool:
    """Whether the notebook at `index` is executed under `backend`."""
    return turn == "all" or (index + BACKENDS.index(backend) + int(turn)) % len(BACKENDS) == 0


def words(source):
    """All text of a notebook's first and of its last cell."""
    cells = build.paired(source).cells
    assert {cells[0].cell_type, cells[-1].cell_type} == {"markdown"}
    return cells[0].source, cells[-1].source


def test_there_are_ten_numbered_from_one():
    assert [source.name[:2] for source in SOURCES] == [f"{n:02d}" for n in range(1, 11)]


@pytest.mark.parametrize("turn", ["1", "2", "53"])
def test_every_notebook_has_its_turn_under_one_backend(turn):
    for index in range(len(SOURCES)):
        assert sum(is_on(index, backend, turn) for backend in BACKENDS) == 1


@each_notebook
def test_the_pair_is_in_sync_and_holds_no_output(source):
    kept = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert kept == build.written(build.paired(source)), (
        f"{source.stem}.ipynb is not what {source.name} makes: python notebooks/build.py pair"
    )
    assert '"outputs": []' in kept and '"output_type"' not in kept
    assert not re.search(r'"execution_count": [^n]', kept)


@each_notebook
def test_opens_with_what_is_learned_how_long_and_which_data(source):
    first, _ = words(source)
    assert first.startswith("# ")
    assert 3 <= len(re.findall(r"^- ", first, re.MULTILINE)) <= 5
    for word in ("**What you will learn**", "**Time**", "**Data**"):
        assert word in first, f"{source.name} does not say {word} in its first cell"


@each_notebook
def test_ends_with_exercises_and_pointers(source):
    _, last = words(source)
    exercises = last[last.index("## Exercises") : last.index("**Pointers**")]
    assert 3 <= len(re.findall(r"^\d\. ", exercises, re.MULTILINE)) <= 5


@each_notebook
def test_holds_no_logic_of_its_own(source):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.While, ast.Try, ast.If)
    found = [type(node).__name__ for node in ast.walk(tree) if isinstance(node, defined)]
    assert not found, f"{source.name} has {found}; put logic into zoo, where it is tested"
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For)]
    assert all(len(loop.body) == 1 for loop in loops), "a loop calls one function, or is no loop"


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
    pictures = [
        output for cell in code for output in cell.outputs if "image/png" in output.get("data", {})
    ]
    assert pictures, f"{source.stem} shows no picture"
