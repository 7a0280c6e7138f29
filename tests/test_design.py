"""The house keeps its plan: the map of docs/architecture.md, and arrows that point one way."""

import re
import tomllib
from pathlib import Path

import grimp
import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
MOST_FILES = 4  # beside the folders of zoo/, py.typed apart


@pytest.fixture(scope="module")
def floors():
    """The modules of each floor that docs/architecture.md draws, from the top floor down."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \| .+? \|$", page, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(len(rows)))[::-1]
    named = [re.findall(r"`([^`]+)`", places) for _, places in rows]
    return [{place.removesuffix(".py").replace("/", ".") for place in places} for places in named]


def test_every_folder_and_file_stands_on_a_floor(floors):
    drawn = set.union(*floors)
    folders = {f"zoo.{path.parent.name}" for path in (ROOT / "zoo").glob("*/__init__.py")}
    files = {f"zoo.{path.stem}" for path in (ROOT / "zoo").glob("*.py")} - {"zoo.__init__"}
    assert drawn == folders | files | {"recipes"}
    assert len(list((ROOT / "zoo").glob("*.py"))) <= MOST_FILES


def test_the_import_contract_is_the_map(floors):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each["type"] == "layers"]
    assert not any(":" in layer for layer in layers)
    contract = [set(layer.split(" | ")) for layer in layers]
    ground = len(floors) - 1  # the ground floor is two steps of the contract
    assert contract[:ground] == floors[:ground]
    assert set.union(*contract[ground:]) == floors[ground]


def test_tests_mirror_the_library():
    folders = {path.parent.name for path in (ROOT / "zoo").glob("*/__init__.py")}
    assert folders <= {path.name for path in (ROOT / "tests").iterdir()}


def test_no_import_circles():
    """No two modules import each other, also over others, within functions, or for types alone."""
    graph = grimp.build_graph("zoo", "recipes", exclude_type_checking_imports=False, cache_dir=None)
    above = {name: graph.find_upstream_modules(name) for name in graph.modules}
    circles = {
        frozenset({name, *(other for other in above[name] if name in above[other])})
        for name in graph.modules
    }
    assert [sorted(circle) for circle in circles if len(circle) > 1] == []
    assert len(graph.modules) > 100 and above["zoo.cli.main"]  # the graph holds the code


def test_no_docstring_begins_with_what():
    opening = re.compile(r'^\s*"""What\b', re.MULTILINE)
    files = [*(ROOT / "zoo").rglob("*.py"), *(ROOT / "recipes").rglob("*.py")]
    found = [str(path.relative_to(ROOT)) for path in files if opening.search(path.read_text())]
    assert not found, f"begin with a verb or a noun: {', '.join(sorted(found))}"
