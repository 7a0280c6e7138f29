"""The tables of methods are those that docs/tables.py makes."""

import importlib.util
from pathlib import Path

import pytest

from zoo.detectors import registry

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def tables():
    path = ROOT / "docs" / "tables.py"
    spec = importlib.util.spec_from_file_location("of_docs_tables", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_up_to_date(tables):
    names = [str(path.relative_to(ROOT)) for path in tables.outdated()]
    assert not names, f"{', '.join(names)}: run python docs/tables.py --write"


def test_every_method_has_a_row(tables):
    rows = list(tables.rows())
    assert [row["method"].strip("`") for row in rows] == list(registry.built_in())
    assert all(row["idea"] and row["data"] for row in rows)


def test_a_page_without_marks_is_told_so(tables):
    with pytest.raises(ValueError, match="expected one pair"):
        tables.filled("no marks", ("method",))
