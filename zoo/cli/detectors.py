"""The commands of `zoo` for detectors: fit, score, explain, watch, inspect, export.

Nothing heavy is imported up here, as in `zoo.cli.main`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import getsource
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from zoo.cli.start import early_options, readable_warnings, start_backend
from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.data.tables.dialect import Dialect


@dataclass(frozen=True)
class FitOptions:
    """Options of `zoo fit` that every method shares."""

    out: Path  # file to write, model.zoo for one
    ignore: tuple[str, ...] = ()  # columns to leave out: times, names
    keep: tuple[str, ...] = ()  # columns to learn although they look like times, counters or labels
    columns: tuple[str, ...] = ()  # columns to read; names of the cells if the file has no header
    label_column: str | None = None  # column of labels; rows of anomalies are not trained on
    normal_label: str | None = None  # value of the label column that means normal
    separator: str = ","  # between cells; tab for a tab
    decimal: str = "."  # or ,
    thousands: str | None = None  # between groups of three digits
    encoding: str = "utf-8"  # of the file
    overwrite: bool = False  # replace the file if it exists
    method: str = "autoencoder"  # which detector, autoencoder by default
    backend: Literal["auto", "tensorflow", "jax", "torch"] = "auto"  # auto: the first installed
    device: Literal["auto", "cpu", "gpu"] = "auto"  # gpu: CUDA or Apple Metal
    engine: Literal["auto", "fast", "reference"] = "auto"  # reference: by Keras' public API alone
    traceback: bool = False  # show where an error came from


def fit(words: Sequence[str]) -> None:
    """Fit a detector on a CSV file and save it: `zoo fit DATA.csv --method M --out model.zoo`.

    Args:
        words: the CSV file and the options: those of `FitOptions` and every setting of the method.

    Raises:
        ValueError: data or settings that cannot be used.
        FileNotFoundError: no such CSV file.
        FileExistsError: `--out` exists, and no `--overwrite`.
    """
    early = early_options(words, "method")
    if early.method is None and {"-h", "--help"} & set(words):
        print(fit_help())
        return
    from zoo.detectors import registry

    method = early.method or FitOptions.method
    registry.require_known(method)  # before a backend is imported, which takes seconds
    import tyro

    start_backend(early.backend, early.device, early.engine)
    from zoo.cli.csv_files import options_named, read_features
    from zoo.data.tables.dialect import Dialect
    from zoo.report import terminal

    with readable_warnings():
        kind = registry.get(method)
        plain = tyro.conf.arg(name="")
        path, detector, options = tyro.cli(
            tuple[
                Annotated[
                    Path,
                    tyro.conf.Positional,
                    tyro.conf.arg(
                        name="", metavar="DATA.csv", help="rows to learn from, with a header"
                    ),
                ],
                Annotated[kind, plain],
                Annotated[tyro.conf.FlagCreatePairsOff[FitOptions], plain],
            ],
            prog="zoo fit",
            description=f"Fit a detector on a CSV file. Methods: {', '.join(registry.names())}.",
            args=list(words),
        )
        if options.out.exists() and not options.overwrite:
            raise FileExistsError(f"{options.out} exists already; give --overwrite or another name")
        if not options.out.parent.is_dir():
            raise FileNotFoundError(f"{options.out.parent} does not exist; make that folder first")
        with options_named():
            dialect = Dialect(
                options.separator, options.decimal, options.thousands, options.encoding
            )
            table, _, notes = read_features(
                path,
                options.ignore,
                options.label_column,
                missing=detector.missing != "error",
                dialect=dialect,
                columns=options.columns,
                keep=options.keep,
                normal_label=options.normal_label,
                windowed=detector.window is not None,
            )
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        with settings_as_options():
            detector.fit(table)
        detector.save(options.out)
    terminal.print_facts(detector_facts(detector, len(table)))
    print(f"saved: {options.out}")


@contextmanager
def settings_as_options() -> Iterator[None]:
    """Name a refused setting as the option that it is on the command line: `--batch-size`."""
    from zoo.detectors.settings import SettingError

    try:
        yield
    except SettingError as error:
        raise InputError(f"--{error.name.replace('_', '-')} {error.said}") from error


def fit_help() -> str:
    """Return the help of `zoo fit` without a method: the methods and the options that all share."""
    from zoo.detectors import registry

    source = getsource(FitOptions)
    options = re.findall(r"^    (\w+): .*  # (.+)$", source, re.MULTILINE)
    return "\n".join(
        [
            "usage: zoo fit DATA.csv --out MODEL.zoo [--method METHOD] [options]",
            "",
            "Fit a detector on a CSV file with a header and save it.",
            "",
            "methods:",
            *(f"  {name}" for name in registry.names()),
            "",
            "options:",
            *(f"  --{name.replace('_', '-'):<13} {text}" for name, text in options),
            "",
            "zoo fit --method METHOD --help shows the settings of a method.",
        ]
    )


def score(
    path: Path,
    data: Path,
    out: Path,
    overwrite: bool = False,
    dialect: Dialect | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Score a CSV file of any length with a saved detector.

    Args:
        path: `.zoo` file.
        data: CSV file with the columns of the training; others are left alone.
        out: CSV file to write.
        overwrite: replace `out` if it exists.
        dialect: how the CSV file is written.
        columns: of a CSV file without a header, the names of its cells.
    """
    import time

    import zoo
    from zoo.cli.csv_files import options_named, score_file

    detector = zoo.load(path)
    start = time.perf_counter()
    with options_named():
        rows = score_file(detector, data, out, overwrite, dialect, columns)
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
    dialect: Dialect | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Print what made the most anomalous rows of a CSV file anomalous.

    Args:
        path: `.zoo` file.
        data: CSV file with the columns of the training.
        count: rows to explain.
        top: features a row.
        method: auto, error, integrated_gradients or occlusion.
        out: CSV file for the table.
        overwrite: replace `out` if it exists.
        dialect: how the CSV file is written.
        columns: of a CSV file without a header, the names of its cells.
    """
    import zoo
    from zoo.cli.csv_files import explain_file, options_named
    from zoo.report import terminal

    if out is not None and out.exists() and not overwrite:
        raise FileExistsError(f"{out} exists already; give --overwrite or another --out")
    with settings_as_options(), options_named():
        table = explain_file(zoo.load(path), data, count, top, method, dialect, columns)
    shown = table.assign(share=table["share"].map("{:.0%}".format))
    terminal.print_table(shown.rename(columns={"row": "line"}), "What made these rows anomalous")
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
    from zoo.detectors import artifact
    from zoo.report import terminal

    manifest, weights = artifact.read(path)
    calibration, made = manifest["calibration"], manifest["training"]
    losses = made["history"].get("val_loss") or made["history"].get("loss") or [None]
    terminal.print_facts(
        {
            "method": manifest["method"],
            "fitted on": f"{manifest['kind']}, samples of shape {tuple(manifest['sample_shape'])}",
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
    """Return the facts about a fitted detector that the terminal shows."""
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


def watch(options: argparse.Namespace) -> None:
    """Score lines as they arrive."""
    import zoo
    from zoo.cli import watching
    from zoo.cli.csv_files import options_named
    from zoo.detectors.stream import Drift

    detector = zoo.load(options.model)
    drift = Drift() if options.adapt else None
    follow = not options.stop
    dialect = _dialect(options)
    with options_named():
        watching.watch(
            detector, options.source, None, options.columns, drift, follow, dialect=dialect
        )


def add_parsers(commands: Any) -> None:
    """Add the commands of this module to the subparsers of `zoo`."""
    commands.add_parser("fit", help="fit a detector on a CSV file (zoo fit --help: its options)")
    scoring = commands.add_parser("score", help="score a CSV file of any length")
    explaining = commands.add_parser("explain", help="say what made the most anomalous rows so")
    watching = commands.add_parser("watch", help="score lines as they arrive")
    inspecting = commands.add_parser("inspect", help="show what a .zoo file holds")
    exporting = commands.add_parser("export", help="write a .zoo file as ONNX, for one")
    for command in (scoring, explaining, watching, inspecting, exporting):
        command.add_argument("model", type=Path, metavar="MODEL.zoo", help="what zoo fit saved")
        command.add_argument("--backend", default="auto", help="tensorflow, jax, torch or auto")
        command.add_argument("--device", default="auto", help="cpu, gpu or auto")
        command.add_argument("--engine", default="auto", help="fast, reference or auto")
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
    for command in (scoring, explaining, watching):
        _add_reading(command)
    watching.add_argument("--adapt", action="store_true", help="let the threshold follow drift")
    watching.add_argument("--stop", action="store_true", help="stop at the end of FILE.csv")


def _add_reading(command: argparse.ArgumentParser) -> None:
    """Add the options that say how a CSV file is written: those of `FitOptions`."""
    command.add_argument("--columns", nargs="+", help="names of the cells; else the first line")
    command.add_argument("--separator", default=",", help="between cells; tab for a tab")
    command.add_argument("--decimal", default=".", help=". or ,")
    command.add_argument("--thousands", help="between groups of three digits")
    command.add_argument("--encoding", default="utf-8", help="of the file")


def _dialect(given: argparse.Namespace) -> Dialect:
    from zoo.cli.csv_files import options_named
    from zoo.data.tables.dialect import Dialect

    with options_named():
        return Dialect(given.separator, given.decimal, given.thousands, given.encoding)


COMMANDS = {
    "score": lambda given: score(
        given.model, given.data, given.out, given.overwrite, _dialect(given), given.columns or ()
    ),
    "explain": lambda given: explain(
        given.model,
        given.data,
        given.count,
        given.top,
        given.method,
        given.out,
        given.overwrite,
        _dialect(given),
        given.columns or (),
    ),  # fmt: skip
    "watch": watch,
    "inspect": lambda given: inspect(given.model),
    "export": lambda given: export(given.model, given.out, given.format, given.overwrite),
}
"""Name of a command to the function that runs it; `fit` reads its own options, by method."""
