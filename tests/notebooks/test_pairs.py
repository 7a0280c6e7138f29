"""Notebooks: each pair in sync and stripped, the house's shape, no logic of its own."""

import ast
import re

import pytest

pytest.importorskip("jupytext", reason="notebooks need the extra 'notebooks'")
pytest.importorskip("nbclient", reason="notebooks need the extra 'notebooks'")

from notebooks import build  # noqa: E402

pytestmark = pytest.mark.once


SOURCES = build.sources()

each_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def words(source):
    """The text of a notebook's first cell and of its last."""
    cells = build.paired(source).cells
    assert cells[0].cell_type == cells[-1].cell_type == "markdown"
    return cells[0].source, cells[-1].source


def test_there_are_ten_numbered_from_one():
    assert [source.name[:2] for source in SOURCES] == [f"{n:02d}" for n in range(1, 11)]


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
def test_every_block_of_code_in_the_text_is_opened_and_closed_on_lines_of_its_own(source):
    for cell in build.paired(source).cells:
        fences = re.findall(r"^```\w*$", cell.source, re.MULTILINE)
        assert len(fences) % 2 == 0 and cell.source.count("```") == len(fences)


@each_notebook
def test_holds_no_logic_of_its_own(source):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.While, ast.Try, ast.If)
    found = [type(node).__name__ for node in ast.walk(tree) if isinstance(node, defined)]
    assert not found, f"{source.name} has {found}; put logic into zoo, where it is tested"
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For)]
    assert all(len(loop.body) == 1 for loop in loops), "a loop calls one function, or is no loop"
