"""The command `zoo`: run recipes, compare them; fit detectors, score and watch with them; measure.

Nothing heavy is imported up here: help and list must come at once, and the backend has to be chosen
before Keras, and so before any recipe, is imported.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import zoo
from zoo.cli import bench as cli_bench
from zoo.cli import detectors as cli_detectors
from zoo.cli import growth as cli_growth
from zoo.cli.start import early_options, readable_warnings, start_backend
from zoo.errors import InputError, ZooError

if TYPE_CHECKING:
    from zoo.report.result import Result

MEASURING = {**cli_bench.COMMANDS, **cli_growth.COMMANDS}
HEAD_LINE = re.compile(r"^(Source|Data|Shows|Time|Run):[ \t]*(.*)", re.MULTILINE)


@dataclass(frozen=True)
class RunOptions:
    """Where a recipe is run and what becomes of its outcome."""

    out: Path | None = None  # run folder to write; None: runs/<recipe>-<date>-<time>
    overwrite: bool = False  # replace the run folder if it exists
    published: bool = False  # set what is not given here as the source project has it
    backend: Literal["auto", "tensorflow", "jax", "torch"] = "auto"  # auto: the first installed
    device: Literal["auto", "cpu", "gpu"] = "auto"  # gpu: CUDA or Apple Metal
    engine: Literal["auto", "fast", "reference"] = "auto"  # reference: by Keras' public API alone
    traceback: bool = False  # show where an error came from


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after `zoo`; None takes them from the process.

    Returns:
        The exit code: 0, 1 for a benchmark that failed or slowed, 2 for an error the user can cure,
        130 after Ctrl-C.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(argv)
    except KeyboardInterrupt as stop:
        print(str(stop) or "interrupted; nothing was written", file=sys.stderr)
        return 130
    except (ZooError, OSError) as error:  # every OSError names a file or a disk
        if "--traceback" in argv:
            raise
        print(f"error: {_one_line(error)}", file=sys.stderr)
        return 2


def list_recipes() -> None:
    """Print every recipe with its source, its data and what it shows; imports none of them."""
    from zoo.report import terminal

    terminal.print_recipes(read_head(path) for path in recipe_files().values())


def run(name: str, words: Sequence[str]) -> Result:
    """Run a recipe and leave its run folder.

    Args:
        name: the recipe's, with - or _.
        words: the options: those of `RunOptions` and every field of the recipe's `Config`.

    Raises:
        ValueError: no such recipe, or a setting, file or backend that cannot be used.
        RunFolderError: the run folder exists or cannot be written.
    """
    from zoo import backend

    module_name = find_recipe(name)
    early = early_options(words)
    start_backend(early.backend, early.device, early.engine)

    from zoo.detectors.settings import SettingError
    from zoo.report import terminal
    from zoo.report.config import reproducing_command
    from zoo.report.run_folder import RunFolder

    with readable_warnings():
        recipe = importlib.import_module(recipe_module(module_name))
        config, options, usual = _parse(recipe, module_name, words)
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        out = options.out or Path("runs") / f"{module_name}-{stamp}"
        with RunFolder(out, options.overwrite) as folder:
            try:
                result = recipe.run(config)
            except SettingError as error:  # names a field, which is an option here
                raise InputError(f"--{error.name.replace('_', '-')} {error.said}") from error
            environment = backend.describe() | {"seed": getattr(config, "seed", None)}
            used = environment["backend"]
            command = reproducing_command(
                module_name, config, used, options.device, usual, options.published
            )
            folder.save(result, environment, command)
        terminal.print_result(result)
        print(f"report: {folder.path / 'report.html'}")
    return result


def compare(
    paths: Sequence[Path],
    out: Path | None = None,
    overwrite: bool = False,
    html: Path | None = None,
) -> None:
    """Print finished runs side by side, with their spread over seeds.

    Args:
        paths: run folders.
        out: CSV file for the table, all metrics included.
        overwrite: replace `out` and `html` if they exist.
        html: file for a self-contained page: tables, figures, what differs, commands.

    Raises:
        RunFolderError: a folder is missing or incomplete.
        FileExistsError: `out` or `html` exists, and `overwrite` is False.
        FileNotFoundError: the folder that `html` is to lie in does not exist.
    """
    from zoo.report import comparison, metric_names, terminal
    from zoo.report.saved_run import load_run

    for option, file in (("--out", out), ("--html", html)):
        if file is not None and file.is_dir():
            raise IsADirectoryError(f"{file} is a folder; give {option} the name of a file")
        if file is not None and file.exists() and not overwrite:
            raise FileExistsError(f"{file} exists already; give --overwrite or another {option}")
        if file is not None and not file.parent.is_dir():
            raise FileNotFoundError(f"{file.parent} does not exist; make that folder first")
    runs = [load_run(path) for path in {os.path.abspath(path): path for path in paths}.values()]
    table = comparison.runs_table(runs)
    settings, data = comparison.differing_settings(runs), comparison.differing_data(runs)
    with metric_names.declared(metric_names.own_metrics(runs)):
        terminal.print_runs(table, comparison.spread_over_seeds(runs), settings, data)
    if out is not None:
        table.to_csv(out, index=False)
        print(f"table: {out}")
    if html is not None:
        from zoo.report import comparison_page

        html.write_text(comparison_page.render(runs, html.parent), encoding="utf-8")
        print(f"page: {html}")


def recipe_files() -> dict[str, Path]:
    """Find the recipes, by name, in the package `recipes`; imports none.

    A recipe is a file with a function `run`, or a folder with such a file `recipe.py`.

    Raises:
        FileNotFoundError: the package is not installed, or holds no recipe.
    """
    spec = importlib.util.find_spec("recipes")
    folders = list(spec.submodule_search_locations or []) if spec else []
    patterns = ("[!_]*.py", "[!_]*/recipe.py")
    files = [path for folder in folders for each in patterns for path in Path(folder).glob(each)]
    recipes = {_recipe_name(path): path for path in files if _defines_run(path)}
    recipes = dict(sorted(recipes.items()))
    if not recipes:
        where = ", ".join(folders) or "no package of that name"
        raise FileNotFoundError(
            f"no recipes found (looked for the package 'recipes': {where}); "
            "install keras-anomaly-zoo again"
        )
    return recipes


def recipe_module(name: str) -> str:
    """Return the module to import for a recipe that `recipe_files` found."""
    is_folder = recipe_files()[name].parent.name == name
    return f"recipes.{name}.recipe" if is_folder else f"recipes.{name}"


def find_recipe(name: str) -> str:
    """Return the name of a recipe, as `recipe_files` has it, however its words are joined.

    Raises:
        ValueError: there is none; the message lists those that exist, the closest first.
    """
    names = [stem.replace("_", "-") for stem in recipe_files()]
    wanted = name.replace("_", "-")
    if wanted in names:
        return wanted.replace("-", "_")
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise InputError(f"there is no recipe {name!r}{hint}\nrecipes: {', '.join(names)}")


def read_head(path: Path) -> dict[str, str]:
    """Return the head of a recipe: `name`, `source`, `data`, `shows`, `time` and `run`.

    Args:
        path: the recipe's file; its docstring has lines `Source: …`, which may go on, indented.
    """
    head = dict.fromkeys(("source", "data", "shows", "time", "run"), "")
    key = None
    for line in (ast.get_docstring(_parsed(path)) or "").splitlines():
        if found := HEAD_LINE.match(line):
            key = found[1].lower()
            head[key] = found[2]
        elif key and line.startswith(" "):
            head[key] += f" {line.strip()}"
        else:
            key = None
    return head | {"name": _recipe_name(path).replace("_", "-")}


def _dispatch(argv: list[str]) -> int:
    if argv[:1] == ["run"]:
        if len(argv) > 1 and not argv[1].startswith("-"):
            run(argv[1], argv[2:])
            return 0
        return _ask_for_recipe(argv[1:])
    if argv[:1] == ["fit"]:
        cli_detectors.fit(argv[1:])
        return 0
    options = _parser().parse_args(argv)
    if options.command in cli_detectors.COMMANDS:
        start_backend(options.backend, options.device, options.engine)
        cli_detectors.COMMANDS[options.command](options)
    elif options.command in MEASURING:
        return MEASURING[options.command](options)
    elif options.command == "list":
        list_recipes()
    elif options.command == "compare":
        compare(options.runs, options.out, options.overwrite, options.html)
    else:
        _parser().print_help()
    return 0


def _ask_for_recipe(words: Sequence[str]) -> int:
    """Answer `zoo run` without a recipe: help if asked for, else an error."""
    asked = any(word in ("-h", "--help") for word in words)
    names = ", ".join(stem.replace("_", "-") for stem in recipe_files())
    usage = f"usage: zoo run RECIPE [options]\nrecipes: {names}"
    detail = "zoo run RECIPE --help shows the options of a recipe"
    print(f"{usage}\n{detail}", file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


def _parser() -> argparse.ArgumentParser:
    """Return the parser of all but `zoo run RECIPE`, whose options tyro reads from the recipe."""
    parser = argparse.ArgumentParser(prog="zoo", description=zoo.__doc__)
    parser.add_argument("--version", action="version", version=f"zoo {zoo.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("list", help="show the recipes: source, data, what each shows")
    commands.add_parser("run", help="run a recipe (zoo run RECIPE --help: its options)")
    comparing = commands.add_parser("compare", help="put finished runs side by side")
    comparing.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folder")
    comparing.add_argument("--out", type=Path, metavar="FILE.csv", help="write the table there too")
    comparing.add_argument("--html", type=Path, metavar="FILE.html", help="write a page there too")
    comparing.add_argument("--overwrite", action="store_true", help="replace files that exist")
    cli_detectors.add_parsers(commands)
    cli_bench.add_parsers(commands)
    cli_growth.add_parsers(commands)
    for command in commands.choices.values():
        command.add_argument("--traceback", action="store_true", help="show an error's origin")
    return parser


def _parse(
    recipe: ModuleType, name: str, words: Sequence[str]
) -> tuple[Any, RunOptions, dict[str, Any]]:
    """Return config, options, and the settings that replaced the config's defaults, by field.

    Read twice where there are such settings, so that what was given stands, whatever its value.
    """
    import tyro

    options_kind = tyro.conf.FlagCreatePairsOff[RunOptions]  # no --no-overwrite
    plain = tyro.conf.arg(name="")  # no prefix: --epochs, not --config.epochs

    def read(**default):
        return tyro.cli(
            tuple[Annotated[recipe.Config, plain], Annotated[options_kind, plain]],
            prog=f"zoo run {name.replace('_', '-')}",
            description=HEAD_LINE.sub(r"\n\g<0>", recipe.__doc__ or ""),  # a paragraph each
            args=list(words),
            **default,
        )

    config, options = read()
    usual = _usual_settings(recipe, name, config, options.published)
    if usual:
        config, options = read(default=(replace(config, **usual), RunOptions()))
    return config, options, usual


def _usual_settings(
    recipe: ModuleType, name: str, config: Any, published: bool
) -> Mapping[str, Any]:
    """Return the source project's settings, or those that the recipe has for this data."""
    if not published:
        return recipe.settings(config) if hasattr(recipe, "settings") else {}
    if not hasattr(recipe, "PUBLISHED"):
        raise InputError(
            f"{name.replace('_', '-')} has no other settings than the source project's that it "
            f"names; leave --published out"
        )
    return recipe.PUBLISHED


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _recipe_name(path: Path) -> str:
    return path.parent.name if path.stem == "recipe" else path.stem


def _defines_run(path: Path) -> bool:
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "run" for node in _parsed(path).body
    )


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise InputError(
            f"recipe {path} is no valid Python: line {error.lineno}, {error.msg}; mend it"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
