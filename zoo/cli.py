"""The command `zoo`: run recipes and compare them; fit detectors, score and watch with them.

Nothing heavy is imported up here: help and list must come at once, and the backend has to be chosen
before Keras, and so before any recipe, is imported.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import importlib.util
import linecache
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import zoo

if TYPE_CHECKING:
    from zoo.report.result import Result

HEAD_LINE = re.compile(r"^(Source|Data|Shows|Time|Run):[ \t]*(.*)", re.MULTILINE)


@dataclass(frozen=True)
class RunOptions:
    """Where a recipe is run and what becomes of its outcome."""

    out: Path | None = None  # run folder to write; None: runs/<recipe>-<date>-<time>
    overwrite: bool = False  # replace the run folder if it exists
    published: bool = False  # set what is not given here as the source project has it
    backend: Literal["auto", "tensorflow", "jax", "torch"] = "auto"  # auto: the first installed
    device: Literal["auto", "cpu", "gpu"] = "auto"  # gpu: CUDA or Apple Metal
    traceback: bool = False  # show where an error came from


@dataclass(frozen=True)
class FitOptions:
    """What a detector is fitted on and where it goes."""

    out: Path  # file to write, model.zoo for one
    ignore: tuple[str, ...] = ()  # columns to leave out: times, names
    label_column: str | None = None  # column of 0 and 1; rows with 1 are not trained on
    overwrite: bool = False  # replace the file if it exists
    method: str = "autoencoder"  # which detector
    backend: Literal["auto", "tensorflow", "jax", "torch"] = "auto"  # auto: the first installed
    device: Literal["auto", "cpu", "gpu"] = "auto"  # gpu: CUDA or Apple Metal
    traceback: bool = False  # show where an error came from


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after `zoo`; None takes them from the process.

    Returns:
        The exit code: 0, 2 for an error the user can cure, 130 after Ctrl-C.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(argv)
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        if "--traceback" in argv or not _is_for_the_user(error):
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
    early = _early_options(words)
    _start_backend(early.backend, early.device)

    from zoo.report import terminal
    from zoo.report.config import reproducing_command
    from zoo.report.run_folder import RunFolder

    with _readable_warnings():
        recipe = importlib.import_module(f"recipes.{module_name}")
        config, options, usual = _parse(recipe, module_name, words)
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        out = options.out or Path("runs") / f"{module_name}-{stamp}"
        with RunFolder(out, options.overwrite) as folder:
            result = recipe.run(config)
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
    from zoo.report import comparison, terminal
    from zoo.report.run_folder import load_run

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
    terminal.print_runs(table, comparison.spread_over_seeds(runs), settings, data)
    if out is not None:
        table.to_csv(out, index=False)
        print(f"table: {out}")
    if html is not None:
        from zoo.report import comparison_page

        html.write_text(comparison_page.render(runs, html.parent), encoding="utf-8")
        print(f"page: {html}")


def fit(words: Sequence[str]) -> None:
    """Fit a detector on a CSV file and save it: `zoo fit DATA.csv --method M --out model.zoo`.

    Args:
        words: the CSV file and the options: those of `FitOptions` and every setting of the method.

    Raises:
        ValueError: data or settings that cannot be used.
        FileNotFoundError: no such CSV file.
        FileExistsError: `--out` exists, and no `--overwrite`.
    """
    import tyro

    early = _early_options(words, "method")
    _start_backend(early.backend, early.device)
    from zoo.estimators import METHODS
    from zoo.files import read_features
    from zoo.report import terminal

    name = (early.method or FitOptions.method).replace("_", "-")
    if name not in METHODS:
        close = difflib.get_close_matches(name, METHODS, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"there is no method {name!r}{hint}\nmethods: {', '.join(METHODS)}")
    plain = tyro.conf.arg(name="")
    with _readable_warnings():
        path, detector, options = tyro.cli(
            tuple[
                Annotated[
                    Path,
                    tyro.conf.Positional,
                    tyro.conf.arg(
                        name="", metavar="DATA.csv", help="rows to learn from, with a header"
                    ),
                ],
                Annotated[METHODS[name], plain],
                Annotated[tyro.conf.FlagCreatePairsOff[FitOptions], plain],
            ],
            prog="zoo fit",
            description=f"Fit a detector on a CSV file. Methods: {', '.join(METHODS)}.",
            args=list(words),
        )
        if options.out.exists() and not options.overwrite:
            raise FileExistsError(f"{options.out} exists already; give --overwrite or another name")
        if not options.out.parent.is_dir():
            raise FileNotFoundError(f"{options.out.parent} does not exist; make that folder first")
        table, _ = read_features(
            path, options.ignore, options.label_column, missing=detector.missing != "error"
        )
        detector.fit(table)
        detector.save(options.out)
    terminal.print_facts(detector_facts(detector, len(table)))
    print(f"saved: {options.out}")


def score(path: Path, data: Path, out: Path, overwrite: bool = False) -> None:
    """Score a CSV file of any length with a saved detector.

    Args:
        path: `.zoo` file.
        data: CSV file with the columns of the training; others are left alone.
        out: CSV file to write.
        overwrite: replace `out` if it exists.
    """
    import time

    import zoo
    from zoo.files import score_file

    detector = zoo.load(path)
    start = time.perf_counter()
    rows = score_file(detector, data, out, overwrite)
    seconds = time.perf_counter() - start
    print(f"{rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} a second: {out}")


def explain(
    path: Path,
    data: Path,
    count: int = 5,
    top: int = 3,
    method: str = "auto",
    out: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Print what made the strangest rows of a CSV file strange.

    Args:
        path: `.zoo` file.
        data: CSV file with the columns of the training.
        count: rows to explain.
        top: features a row.
        method: auto, error, integrated_gradients or occlusion.
        out: CSV file for the table.
        overwrite: replace `out` if it exists.
    """
    import zoo
    from zoo.files import explain_file
    from zoo.report import terminal

    if out is not None and out.exists() and not overwrite:
        raise FileExistsError(f"{out} exists already; give --overwrite or another --out")
    table = explain_file(zoo.load(path), data, count, top, method)
    shown = table.assign(share=table["share"].map("{:.0%}".format))
    terminal.print_table(shown.rename(columns={"row": "line"}), "What made the strangest rows")
    if out is not None:
        table.to_csv(out, index=False)
        print(f"table: {out}")


def export(path: Path, out: Path, format: str = "onnx", overwrite: bool = False) -> None:
    """Write a saved detector as a graph for another runtime.

    Args:
        path: `.zoo` file.
        out: file to write; a folder for saved_model.
        format: onnx, saved_model or openvino.
        overwrite: replace `out` if it exists.
    """
    import zoo

    if out.exists() and not overwrite:
        raise FileExistsError(f"{out} exists already; give --overwrite or another name")
    found = zoo.load(path).export(out, format)
    print(f"{found.format}: {found.path} (scores differ by {found.difference:.1e} at most)")


def inspect(path: Path) -> None:
    """Print what a `.zoo` file holds, without building the model."""
    from zoo import artifact
    from zoo.report import terminal

    manifest, weights = artifact.read(path)
    calibration, made = manifest["calibration"], manifest["training"]
    losses = made["history"].get("val_loss") or made["history"].get("loss") or [None]
    terminal.print_facts(
        {
            "method": manifest["method"],
            "judges": f"{manifest['kind']}, samples of shape {tuple(manifest['sample_shape'])}",
            "features": ", ".join(manifest["feature_names"] or [str(manifest["n_features"])]),
            "threshold": f"{calibration['limit']:.6g}: {calibration['rule']}",
            "scaling, missing": "{scaling}, {missing}".format(**manifest["preparation"]),
            "weights": f"{made['parameters']:,} ({len(weights):,} bytes)",
            "training": f"{len(losses)} epochs, last loss {losses[-1]}",
            "collapsed": made["collapsed"],
            "versions": ", ".join(f"{k} {v}" for k, v in manifest["versions"].items()),
            "saved": manifest["saved"],
            "settings": ", ".join(f"{k}={v}" for k, v in manifest["settings"].items()),
        }
    )


def detector_facts(detector: Any, rows: int) -> dict[str, Any]:
    """What a fit came to, for the terminal."""
    calibration, history = detector.calibration_, detector.history_
    losses = history.get("val_loss", history["loss"])
    return {
        "method": type(detector).__name__,
        "trained on": f"{rows:,} rows of {detector.n_features_in_} features ({detector.kind_})",
        "epochs": f"{len(losses)}, the best with a held-out loss of {min(losses):.4g}"
        if "val_loss" in history
        else len(losses),
        "threshold": f"{calibration.limit:.6g}: {calibration.rule}",
        "collapsed": "yes; do not use it" if detector.collapsed_ else "no",
    }


def recipe_files() -> dict[str, Path]:
    """Find the recipes, by module name: files of the package `recipes` with a `run`; imports none.

    Raises:
        FileNotFoundError: the package is not installed, or holds no recipe.
    """
    spec = importlib.util.find_spec("recipes")
    folders = list(spec.submodule_search_locations or []) if spec else []
    files = sorted(path for folder in folders for path in Path(folder).glob("[!_]*.py"))
    recipes = {path.stem: path for path in files if _defines_run(path)}
    if not recipes:
        where = ", ".join(folders) or "no package of that name"
        raise FileNotFoundError(
            f"no recipes found (looked for the package 'recipes': {where}); "
            "install keras-anomaly-zoo again"
        )
    return recipes


def find_recipe(name: str) -> str:
    """The module name of a recipe, however its words are joined.

    Raises:
        ValueError: there is none; the message lists those that exist, the closest first.
    """
    names = [stem.replace("_", "-") for stem in recipe_files()]
    wanted = name.replace("_", "-")
    if wanted in names:
        return wanted.replace("-", "_")
    close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"there is no recipe {name!r}{hint}\nrecipes: {', '.join(names)}")


def read_head(path: Path) -> dict[str, str]:
    """What a recipe says about itself: `name`, `source`, `data`, `shows`, `time` and `run`.

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
    return head | {"name": path.stem.replace("_", "-")}


def _dispatch(argv: list[str]) -> int:
    if argv[:1] == ["run"]:
        if len(argv) > 1 and not argv[1].startswith("-"):
            run(argv[1], argv[2:])
            return 0
        return _ask_for_recipe(argv[1:])
    if argv[:1] == ["fit"]:
        fit(argv[1:])
        return 0
    options = _parser().parse_args(argv)
    if options.command in ("score", "explain", "watch", "inspect", "export"):
        _start_backend(options.backend, options.device)
    if options.command == "list":
        list_recipes()
    elif options.command == "inspect":
        inspect(options.model)
    elif options.command == "score":
        score(options.model, options.data, options.out, options.overwrite)
    elif options.command == "explain":
        explain(
            options.model, options.data, options.count, options.top, options.method,
            options.out, options.overwrite,
        )  # fmt: skip
    elif options.command == "export":
        export(options.model, options.out, options.format, options.overwrite)
    elif options.command == "watch":
        _watch(options)
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
    """The parser of everything but `zoo run RECIPE`, whose options tyro reads from the recipe."""
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
    commands.add_parser("fit", help="fit a detector on a CSV file (zoo fit --help: its options)")
    scoring = commands.add_parser("score", help="score a CSV file of any length")
    explaining = commands.add_parser("explain", help="say what made the strangest rows strange")
    watching = commands.add_parser("watch", help="score lines as they come in")
    inspecting = commands.add_parser("inspect", help="show what a .zoo file holds")
    exporting = commands.add_parser("export", help="write a .zoo file as ONNX, for one")
    for command in (scoring, explaining, watching, inspecting, exporting):
        command.add_argument("model", type=Path, metavar="MODEL.zoo", help="what zoo fit saved")
        command.add_argument("--backend", default="auto", help="tensorflow, jax, torch or auto")
        command.add_argument("--device", default="auto", help="cpu, gpu or auto")
    scoring.add_argument("data", type=Path, metavar="DATA.csv", help="rows to score")
    explaining.add_argument("data", type=Path, metavar="DATA.csv", help="rows to look at")
    explaining.add_argument("--count", type=int, default=5, help="rows to explain")
    explaining.add_argument("--top", type=int, default=3, help="features a row")
    explaining.add_argument(
        "--method", default="auto", help="auto, error, integrated_gradients or occlusion"
    )
    explaining.add_argument(
        "--out", type=Path, metavar="FILE.csv", help="write the table there too"
    )
    explaining.add_argument(
        "--overwrite", action="store_true", help="replace FILE.csv if it exists"
    )
    scoring.add_argument("--out", type=Path, required=True, metavar="SCORES.csv")
    scoring.add_argument("--overwrite", action="store_true", help="replace SCORES.csv")
    exporting.add_argument("out", type=Path, metavar="OUT", help="file to write")
    exporting.add_argument("--format", default="onnx", help="onnx, saved_model or openvino")
    exporting.add_argument("--overwrite", action="store_true", help="replace OUT")
    watching.add_argument(
        "source", type=Path, nargs="?", metavar="FILE.csv", help="a growing file; else stdin"
    )
    watching.add_argument("--columns", nargs="+", help="names of the cells; else the first line")
    watching.add_argument("--adapt", action="store_true", help="let the threshold follow drift")
    watching.add_argument("--stop", action="store_true", help="stop at the end of FILE.csv")
    for command in commands.choices.values():
        command.add_argument("--traceback", action="store_true", help="show an error's origin")
    return parser


def _watch(options: argparse.Namespace) -> None:
    import zoo
    from zoo.files import watch
    from zoo.stream import Drift

    detector = zoo.load(options.model)
    drift = Drift() if options.adapt else None
    watch(detector, options.source, None, options.columns, drift, follow=not options.stop)


def _early_options(words: Sequence[str], *names: str) -> argparse.Namespace:
    """Read --backend, --device and `names` only: what is needed before anything is imported."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--device", default="auto")
    for name in names:
        parser.add_argument(f"--{name}")
    return parser.parse_known_args(words)[0]


def _start_backend(name: str, device: str) -> None:
    from zoo import backend

    _quiet_tensorflow()
    backend.choose(None if name == "auto" else name, device)


def _quiet_tensorflow() -> None:
    """Keep its start-up chatter and retracing advice, which no user can act on, from the terminal.

    Keras imports TensorFlow, where it is installed, to save a model under any backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _parse(
    recipe: ModuleType, name: str, words: Sequence[str]
) -> tuple[Any, RunOptions, dict[str, Any]]:
    """Config, options, and the settings that stood in for the config's defaults, by field.

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
    """Settings of the source project, or what the recipe's `settings(config)` has for this data."""
    if not published:
        return recipe.settings(config) if hasattr(recipe, "settings") else {}
    if not hasattr(recipe, "PUBLISHED"):
        raise ValueError(
            f"{name.replace('_', '-')} has no other settings than the source project's that it "
            f"names; leave --published out"
        )
    return recipe.PUBLISHED


@contextmanager
def _readable_warnings() -> Iterator[None]:
    """Print a UserWarning as one sentence, without the file and line it came from."""
    usual = warnings.showwarning

    def show(message, category, filename, lineno, file=None, line=None):
        if issubclass(category, UserWarning):
            print(f"warning: {message}", file=sys.stderr)
        else:
            usual(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _is_for_the_user(error: BaseException) -> bool:
    """Is this an error about what the user gave, not one about our code?

    Every OSError names a file or a disk. A ValueError counts if a `raise` of the zoo or of a recipe
    made it, for NumPy's and Keras' own mean a mistake of ours, and keep their traceback.
    """
    if isinstance(error, OSError):
        return True
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    package = (trace.tb_frame.f_globals.get("__package__") or "").partition(".")[0]
    line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return package in ("zoo", "recipes") and line.lstrip().startswith("raise")


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _defines_run(path: Path) -> bool:
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "run" for node in _parsed(path).body
    )


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ValueError(
            f"recipe {path} is no valid Python: line {error.lineno}, {error.msg}; mend it"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
