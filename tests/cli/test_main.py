"""The command `zoo`, with a recipe of three lines in place of the real ones."""

import errno
import json
import os
import re
import shlex
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest

from zoo import backend
from zoo.cli import main as cli

pytestmark = pytest.mark.once


RECIPE = '''"""Count to the number given, and call the last ones strange.

Source: an abacus,
    made of wood
Data: none
Shows: how counting works
Time: 1 s
Run: zoo run tiny-count
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from zoo.errors import InputError
from zoo.report.result import Result


@dataclass(frozen=True)
class Pretraining:
    epochs: int = 2  # epochs of the warm-up


@dataclass(frozen=True)
class Config:
    """How far to count."""

    limit: int = 10  # count to here
    variants: tuple[str, ...] = ("slow", "fast")  # ways to count
    seed: int = 0  # of nothing
    pretraining: Pretraining = field(default_factory=Pretraining)  # the warm-up


PUBLISHED = {"limit": 40, "variants": ("slow",)}


def settings(config):
    return {"limit": 30} if config.seed == 7 else {}


def run(config):
    if config.limit < 2:
        raise InputError(f"limit is {config.limit}, expected 2 or more; give --limit 10")
    if config.limit == 13:
        np.zeros(3).reshape(2)
    if config.limit == 14:
        raise KeyboardInterrupt
    if config.limit == 15:
        open("no-such.csv")
    if config.limit == 16:
        warnings.warn("the counter collapsed; count slower", UserWarning, stacklevel=2)
    scores = np.arange(config.limit)
    auc = 0.9 + config.seed / 100
    return Result(
        recipe="tiny_count",
        summary=f"Counted to {config.limit}.",
        config=config,
        metrics={"roc_auc": auc, "n_test": config.limit, "seed": config.seed},
        history=pd.DataFrame({"epoch": [0], "loss": [1.0]}),
        scores=pd.DataFrame({"score": scores}),
        comparison=pd.DataFrame({"variant": config.variants, "roc_auc": auc}),
        figures={"count": Figure()},
        notes=("Counting is easy.",),
    )
'''


@pytest.fixture(autouse=True)
def tiny_recipes(tmp_path, monkeypatch):
    """A package `recipes` with one recipe and one helper, found before the real one."""
    folder = tmp_path / "site" / "recipes"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "tiny_count.py").write_text(RECIPE)
    (folder / "helper.py").write_text("raise RuntimeError('a helper was taken for a recipe')")
    for name in [name for name in sys.modules if name.partition(".")[0] == "recipes"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(backend, "choose", lambda *_: None)
    monkeypatch.setattr(backend, "describe", lambda: {"backend": "jax", "device": "cpu"})
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "recipes"]:
        del sys.modules[name]


def zoo(line):
    return cli.main(shlex.split(line))


def left_behind(tmp_path):
    return sorted(item.name for item in tmp_path.iterdir() if item.name != "site")


def test_a_run_leaves_its_folder_and_says_where(tmp_path, capsys):
    assert zoo("run tiny-count --limit 5 --pretraining.epochs 9 --out runs/a") == 0
    config = json.loads((tmp_path / "runs/a/config.json").read_text())
    assert config["recipe"] == "tiny_count"
    assert config["config"] == {
        "limit": 5,
        "variants": ["slow", "fast"],
        "seed": 0,
        "pretraining": {"epochs": 9},
    }
    environment = json.loads((tmp_path / "runs/a/environment.json").read_text())
    assert environment == {"backend": "jax", "device": "cpu", "seed": 0}
    printed = capsys.readouterr().out
    assert "Counted to 5." in printed and "slow" in printed and "note: Counting is easy." in printed
    assert printed.splitlines()[-1] == f"report: {tmp_path / 'runs/a/report.html'}"


def test_the_reproducing_command_gives_the_same_run(tmp_path):
    assert zoo("run tiny_count --variants slow 'very slow' --limit 7 --out runs/a") == 0
    page = (tmp_path / "runs/a/report.html").read_text()
    command = "zoo run tiny-count --limit 7 --variants slow &#39;very slow&#39; --backend jax"
    assert command in page
    again = command.replace("&#39;", "'").removeprefix("zoo ")
    assert zoo(f"{again} --out runs/b") == 0
    first, second = ((tmp_path / f"runs/{run}/config.json").read_text() for run in "ab")
    assert first == second


@pytest.mark.parametrize(
    ("options", "limit", "variants"),
    [
        ("--published", 40, ["slow"]),
        ("--published --limit 10", 10, ["slow"]),  # 10 is the default, and was asked for
        ("--seed 7", 30, ["slow", "fast"]),
        ("--seed 7 --limit 10", 10, ["slow", "fast"]),
        ("--seed 7 --published", 40, ["slow"]),
    ],
)
def test_other_settings_yield_to_what_was_given(tmp_path, options, limit, variants):
    assert zoo(f"run tiny-count {options} --out {tmp_path / 'a'}") == 0
    first = json.loads((tmp_path / "a/config.json").read_text())
    assert (first["config"]["limit"], first["config"]["variants"]) == (limit, variants)
    command = re.search("zoo (run tiny-count.*?)<", (tmp_path / "a/report.html").read_text())[1]
    assert zoo(f"{command} --out {tmp_path / 'b'}") == 0
    assert json.loads((tmp_path / "b/config.json").read_text()) == first


def test_a_recipe_without_published_settings_says_so(tiny_recipes, capsys):
    file = tiny_recipes / "tiny_count.py"
    file.write_text(file.read_text().replace("PUBLISHED", "OTHERS"))
    assert zoo("run tiny-count --published") == 2
    assert "leave --published out" in capsys.readouterr().err


def test_without_out_the_folder_is_named_after_recipe_and_time(tmp_path):
    assert zoo("run tiny-count") == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert time.strptime(folder.name, "tiny_count-%Y%m%d-%H%M%S")


@pytest.mark.parametrize(
    "options, expected",
    [
        ("--backend=torch --device cpu", ("torch", "cpu")),
        ("--limit 4 --backend jax", ("jax", "auto")),
        ("", (None, "auto")),
    ],
)
def test_the_backend_is_chosen_before_the_recipe_is_imported(monkeypatch, options, expected):
    chosen = []

    def choose(name, device):
        assert "recipes.tiny_count" not in sys.modules
        chosen.append((name, device))

    monkeypatch.setattr(backend, "choose", choose)
    assert zoo(f"run tiny-count {options}") == 0
    assert chosen == [expected]


def test_an_unusable_backend_is_one_line(monkeypatch, capsys):
    def refuse(*_):
        raise backend.BackendError("backend 'jax' is not installed; pip install it")

    monkeypatch.setattr(backend, "choose", refuse)
    assert zoo("run tiny-count --backend jax") == 2
    assert capsys.readouterr().err == "error: backend 'jax' is not installed; pip install it\n"


def test_an_existing_folder_is_kept_unless_told_otherwise(tmp_path, capsys):
    assert zoo("run tiny-count --limit 5 --out a") == 0
    assert zoo("run tiny-count --limit 6 --out a") == 2
    assert "give --overwrite to replace it, or another --out" in capsys.readouterr().err
    assert json.loads((tmp_path / "a/config.json").read_text())["config"]["limit"] == 5
    assert zoo("run tiny-count --limit 6 --out a --overwrite") == 0
    assert json.loads((tmp_path / "a/config.json").read_text())["config"]["limit"] == 6


def test_an_error_of_the_user_is_one_line(tmp_path, capsys):
    assert zoo("run tiny-count --limit 1") == 2
    printed = capsys.readouterr()
    assert printed.err == "error: limit is 1, expected 2 or more; give --limit 10\n"
    assert left_behind(tmp_path) == []


def test_a_missing_file_is_one_line_that_names_it(capsys):
    assert zoo("run tiny-count --limit 15") == 2
    assert capsys.readouterr().err == "error: no-such.csv: No such file or directory\n"


def test_the_traceback_of_a_user_error_can_be_had():
    with pytest.raises(ValueError, match="limit is 1"):
        zoo("run tiny-count --limit 1 --traceback")


def test_an_error_of_ours_keeps_its_traceback(tmp_path):
    with pytest.raises(ValueError, match="cannot reshape"):
        zoo("run tiny-count --limit 13")
    assert left_behind(tmp_path) == []


def test_ctrl_c_leaves_nothing(tmp_path, capsys):
    assert zoo("run tiny-count --limit 14") == 130
    assert capsys.readouterr().err == "interrupted; nothing was written\n"
    assert left_behind(tmp_path) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    assert zoo("run tiny-count --out runs/a") == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: cannot write the run to {tmp_path / 'runs/a'}: No space left")
    assert error.count("\n") == 1
    assert left_behind(tmp_path) == []


def test_a_warning_reaches_the_terminal_as_one_sentence(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert zoo("run tiny-count --limit 16") == 0
    assert capsys.readouterr().err == "warning: the counter collapsed; count slower\n"


def test_an_unknown_recipe_names_the_closest_and_all(capsys):
    assert zoo("run tiny-cuont") == 2
    error = capsys.readouterr().err
    assert error == (
        "error: there is no recipe 'tiny-cuont'; did you mean 'tiny-count'?\nrecipes: tiny-count\n"
    )


def test_an_unknown_option_is_named_with_the_closest(capsys, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        zoo("run tiny-count --limt 3")
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "--limt" in error and "--limit" in error
    assert left_behind(tmp_path) == []


def test_help_of_a_recipe_shows_every_knob_with_its_comment(capsys):
    with pytest.raises(SystemExit) as stopped:
        zoo("run tiny-count --help")
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for part in ("--limit", "count to here", "--pretraining.epochs", "--out", "--backend"):
        assert part in text


def test_run_without_a_recipe_lists_them(capsys):
    assert zoo("run") == 2
    assert "recipes: tiny-count" in capsys.readouterr().err
    assert zoo("run --help") == 0
    assert "recipes: tiny-count" in capsys.readouterr().out


def test_list_reads_the_heads_and_imports_no_recipe(capsys):
    assert zoo("list") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "tiny-count an abacus, made of wood none how counting works 1 s" in text
    assert "helper" not in text
    assert "recipes.tiny_count" not in sys.modules


def test_a_recipe_may_be_a_folder_whose_recipe_py_holds_the_method(tiny_recipes, tmp_path, capsys):
    folder = tiny_recipes / "big_count"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "notes.py").write_text("SAID = 'Counting far is hard.'")
    method = RECIPE.replace("tiny", "big").replace('"Counting is easy."', "SAID")
    imported = "import warnings\n\nfrom recipes.big_count.notes import SAID\n"
    (folder / "recipe.py").write_text(method.replace("import warnings\n", imported, 1))
    assert zoo("list") == 0
    assert {"big-count", "tiny-count"} <= set(capsys.readouterr().out.split())
    assert zoo("run big-count --limit 5 --out big") == 0
    assert "Counting far is hard." in capsys.readouterr().out
    assert json.loads((tmp_path / "big" / "config.json").read_text())["recipe"] == "big_count"


def test_a_setting_that_a_recipe_refuses_is_named_as_an_option(tiny_recipes, capsys):
    refusal = 'raise SettingError("far_limit", "is 1; give 2 or more")'
    old = 'raise InputError(f"limit is {config.limit}, expected 2 or more; give --limit 10")'
    recipe = RECIPE.replace(old, refusal)
    imported = (
        "from zoo.detectors.settings import SettingError\nfrom zoo.report.result import Result"
    )
    file = tiny_recipes / "tiny_count.py"
    file.write_text(recipe.replace("from zoo.report.result import Result", imported))
    assert zoo("run tiny-count --limit 1 --out a") == 2
    assert capsys.readouterr().err == "error: --far-limit is 1; give 2 or more\n"


def test_a_recipe_that_is_no_python_is_named(tiny_recipes, capsys):
    (tiny_recipes / "broken.py").write_text("def run(:")
    assert zoo("list") == 2
    assert "broken.py is no valid Python: line 1" in capsys.readouterr().err


def test_compare_shows_runs_and_their_spread_over_seeds(capsys, tmp_path):
    for seed in (0, 2):
        assert zoo(f"run tiny-count --seed {seed} --out s{seed}") == 0
    capsys.readouterr()
    assert zoo("compare s0 s2 --out table.csv") == 0
    text = capsys.readouterr().out
    assert "0.910 ± 0.014" in text
    assert "The runs differ in: seed (0, 2)" in text
    assert "data differ" not in text
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["run"].tolist() == ["s0", "s0", "s2", "s2"]
    assert table["roc_auc"].tolist() == [0.9, 0.9, 0.92, 0.92]
    assert zoo("compare s0 s2 --out table.csv") == 2
    assert "table.csv exists already" in capsys.readouterr().err


def test_compare_says_when_the_data_differ(capsys):
    assert zoo("run tiny-count --limit 5 --out a") == 0
    assert zoo("run tiny-count --limit 6 --out b") == 0
    capsys.readouterr()
    assert zoo("compare a b") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "data differ, so their numbers do not compare: n_test: 5, 6" in text


def test_compare_writes_a_page_with_the_commands_of_the_runs(tmp_path, capsys):
    for seed in (0, 2):
        assert zoo(f"run tiny-count --seed {seed} --out s{seed}") == 0
    assert zoo("compare s0 s2 s0 --html page.html") == 0
    assert "page: page.html" in capsys.readouterr().out
    page = (tmp_path / "page.html").read_text()
    assert "2 runs of tiny count" in page and 'href="./s2/report.html"' in page
    assert "zoo run tiny-count --seed 2 --backend" in page
    assert zoo("compare s0 s2 --html page.html") == 2
    assert "page.html exists already; give --overwrite or another --html" in capsys.readouterr().err
    assert zoo("compare s0 --html page.html --overwrite") == 0
    assert "With one run, skill cannot be told from chance" in (tmp_path / "page.html").read_text()


def test_compare_names_a_page_that_cannot_be_written(capsys):
    assert zoo("run tiny-count --out a") == 0
    capsys.readouterr()
    assert zoo("compare a --html a --overwrite") == 2
    assert "a is a folder; give --html the name of a file" in capsys.readouterr().err
    assert zoo("compare a --html none/page.html") == 2
    assert "none does not exist; make that folder first" in capsys.readouterr().err
    assert zoo("compare a/metrics.json") == 2
    assert "metrics.json is a file; give the run folder" in capsys.readouterr().err


def test_compare_refuses_an_unfinished_run(tmp_path, capsys):
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{}")
    assert zoo("compare half") == 2
    assert "half is incomplete: metrics.json" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["--help", "--version", "list"])
def test_what_needs_no_recipe_imports_nothing_heavy(command, tiny_recipes):
    heavy = {"keras", "jax", "torch", "tensorflow", "matplotlib", "numpy", "pandas", "tyro"}
    code = f"""if True:
        import sys
        from zoo.cli import main as cli
        try:
            cli.main([{command!r}])
        except SystemExit:
            pass
        sys.exit(", ".join({heavy} & set(sys.modules)) or 0)"""
    home = Path(cli.__file__).parents[2]
    path = {"PYTHONPATH": os.pathsep.join(map(str, (tiny_recipes.parent, home)))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "zoo" in done.stdout
