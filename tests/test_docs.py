"""What rots in a documentation: names, links, commands and figures that are no longer so.

Sphinx is not needed here; `make docs` finds what only it can find.
"""

import ast
import dataclasses
import importlib
import importlib.util
import inspect
import re
import shlex
import textwrap
from pathlib import Path

import pytest

from zoo.cli import detectors as cli_detectors
from zoo.cli import main as cli

pytestmark = pytest.mark.once


ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [
    path
    for path in sorted(DOCS.rglob("*.md"))
    if path.relative_to(DOCS).parts[0] not in ("notebooks", "pictures", "api", "recipes")
]
ABSTRACT = {"Detector", "ScoreThreshold", "Threshold"}
EXEMPLARY = (
    "zoo.models",
    "zoo.nn.networks",
    "zoo.detectors",
    "zoo.evaluation.thresholds",
    "zoo.evaluation.metrics",
)

every_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix()
)


def module_at(path):
    """The module of a file that is in no package."""
    spec = importlib.util.spec_from_file_location(f"of_docs_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = module_at(DOCS / "pages.py")


def blocks(page, *languages):
    """The code of a page, block by block."""
    fence = re.compile(r"^( *)```(\S+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    found = fence.findall(page.read_text(encoding="utf-8"))
    return [textwrap.dedent(code) for _, language, code in found if language in languages]


def anchors(page):
    """What a link can jump to: the headings of a page, written as MyST and GitHub write them."""
    source = ROOT / "RESULTS.md" if page.name == "results.md" else page
    headings = re.findall(r"^#{1,3} (.+)$", source.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_pages():
    assert {"index.md", "start.md", "methods.md"} <= {page.name for page in PAGES}


def test_every_package_is_in_the_reference():
    listed = [name for _, _, modules in pages.groups().values() for name in modules]
    assert len(listed) == len(set(listed))
    floors = {f"zoo.{path.parent.name}" for path in (ROOT / "zoo").glob("*/__init__.py")}
    grouped = {package for _, _, packages in pages.GROUPS.values() for package in packages}
    assert floors <= grouped, f"name {', '.join(sorted(floors - grouped))} in docs/pages.py"
    assert {"zoo.detectors.calibration", "zoo.evaluation.metrics", "zoo.cli.main"} <= set(listed)
    assert "zoo.models.deep_svdd" not in listed  # all it gives, `zoo.models` gives


@every_page
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if re.match(r"https?:", link):
            continue
        target, _, anchor = link.partition("#")
        there = (page.parent / target).resolve() if target else page
        assert there.is_file(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(there), f"{page.name}: no heading for {link}"


@every_page
def test_what_is_shown_is_there(page):
    text = page.read_text(encoding="utf-8")
    makes = (DOCS / "pictures.py").read_text(encoding="utf-8")
    shown = re.findall(r"^```\{(?:figure|literalinclude|include)\} (\S+)$", text, re.MULTILINE)
    for path in shown:
        if "/pictures/" in f"/{path}" and "notebooks" not in path:
            assert f'"{Path(path).stem}"' in makes, f"{page.name}: docs/pictures.py makes no {path}"
        elif not path.startswith("api/"):
            assert (page.parent / path).resolve().is_file(), f"{page.name}: {path}"
    for name in re.findall(r":pyobject: (\w+)", text):
        assert any(
            re.search(rf"^(?:def|class) {name}\b", (page.parent / path).read_text(), re.MULTILINE)
            for path in shown
            if path.endswith(".py")
        ), f"{page.name}: nothing is named {name}"


@every_page
def test_names_of_the_library_exist(page):
    for name in re.findall(r"\{py:obj\}`~?([\w.]+)`", page.read_text(encoding="utf-8")):
        assert _found(name), f"{page.name}: there is no {name}"


@every_page
def test_python_is_python_and_imports_what_there_is(page):
    for code in blocks(page, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("zoo"):
                for name in node.names:
                    full = f"{node.module}.{name.name}"
                    assert _found(full), f"{page.name}: there is no {full}"


def _found(name):
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        try:
            for part in parts[cut:]:
                found = getattr(found, part)
        except AttributeError:
            return False
        return True
    return False


COMMANDS = [
    (page.name, words)
    for page in PAGES
    for code in blocks(page, "bash")
    for line in code.splitlines()
    for words in [shlex.split(line.partition("|")[2] or line, comments=True)]
    if words
]


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=[" ".join(w) for _, w in COMMANDS])
def test_commands_parse(page, words):
    program, *words = words
    if program == "make":
        rules = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert words[0] in rules
    elif program == "zoo" and words[0] == "run":
        path = DOCS / "examples" / "tumours.py"
        if words[1] != "tumours":
            path = cli.recipe_files()[cli.find_recipe(words[1])]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = {option.strip("`") for option, *_ in pages.settings(tree, path)}
        _assert_known(words[2:], own | _options(cli.RunOptions))
    elif program == "zoo" and words[0] == "fit":
        from zoo.detectors import registry

        named = dict(zip(words, words[1:], strict=False)).get(
            "--method", cli_detectors.FitOptions.method
        )
        _assert_known(words[1:], _options(registry.get(named)) | _options(cli_detectors.FitOptions))
    elif program == "zoo":
        cli._parser().parse_args(words)
    else:
        assert program in ("pip", "pytest", "KERAS_BACKEND=jax"), f"{page}: {program}"


def _options(kind):
    return {"--" + field.name.replace("_", "-") for field in dataclasses.fields(kind)}


def _assert_known(words, options):
    given = {word for word in words if word.startswith("--")}
    assert given <= options | {"--help"}


def test_commands_are_found():
    programs = {words[0] for _, words in COMMANDS}
    assert {"make", "zoo"} <= programs and len(COMMANDS) > 15


@pytest.mark.parametrize("page", ["methods.md", "concepts/protocols.md"])
def test_figures_are_those_of_the_results(page):
    measured = (ROOT / "RESULTS.md").read_text(encoding="utf-8")
    measured += (DOCS / "add-a-recipe.md").read_text(encoding="utf-8")
    quoted = re.findall(
        r"(?<![\d.])0\.\d{3}\b|\b\d+,\d{3} rows a second", (DOCS / page).read_text()
    )
    assert len(quoted) > 5
    trivial = {"0.947"}
    strays = {q for q in quoted if q.split()[0] not in measured} - trivial
    assert not strays, f"{page} quotes {', '.join(sorted(strays))}, which RESULTS.md has not"


@pytest.mark.parametrize("package", EXEMPLARY)
def test_public_names_have_an_example(package):
    module = importlib.import_module(package)
    named = {name: getattr(module, name) for name in module.__all__ if name not in ABSTRACT}
    bare = [
        name
        for name, value in named.items()
        if callable(value) and ">>>" not in (inspect.getdoc(value) or "")
    ]
    assert not bare, f"{', '.join(bare)} of {package} have no example in their docstring"


def test_recipe_settings_have_a_default_and_a_comment():
    for path in cli.recipe_files().values():
        rows = list(pages.settings(ast.parse(path.read_text(encoding="utf-8")), path))
        assert len(rows) > 5
        assert all(default and comment for _, default, comment in rows), path.name
