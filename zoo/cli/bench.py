"""The command `zoo bench`: speed and memory of every backend, stock Keras and a native loop.

Heavy modules are imported inside the functions, so that `zoo --help` stays quick.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.start import check_files, tell

if TYPE_CHECKING:
    from zoo.bench.comparison import Shortfall
    from zoo.bench.run import Outcome, Plan

QUICK_ROUNDS, QUICK_SECONDS = 3, 0.4
ROUNDS, SECONDS = 4, 0.4
RECHECK_FACTOR = 3  # times the rounds, where a row is measured again before it fails


def bench(options: argparse.Namespace) -> int:
    """Measure, print, and write the files asked for.

    Args:
        options: as `add_parsers` parses them.

    Returns:
        The exit code: 0; 1 if a model failed on a backend, or a ratio fell below 0.7 of its
        recorded value; 130 after Ctrl-C.

    Raises:
        InputError: an unknown model, backend, engine or device.
        ResultsError: a file that `zoo bench` did not write.
        FileExistsError: a file to write exists, and no `--overwrite`.
        OSError: a file cannot be read or written.
    """
    from zoo.bench import comparison, results, run, tables
    from zoo.bench.machine import describe_machine

    if options.inputs:
        return _measure_inputs(options)
    check_files(options, "out", "markdown", "chart", "html", "record")
    old = None if options.compare is None else results.read(options.compare)
    recorded = [] if options.against is None else comparison.read_record(options.against)
    interrupted, code = False, 0
    if options.shown is not None:
        found = results.read_all(options.shown)
        tables.print_rows(found["rows"])
        tables.print_peers(found["rows"])
    else:
        plan = _plan(options)
        if options.models == [] and options.peers is not None:
            outcome = run.Outcome(describe_machine())
        else:
            outcome = run.measure(plan, tell, tables.print_rows)
        if options.peers is not None and not outcome.interrupted:
            _measure_peers(options, plan, outcome)
        found = {"environment": outcome.environment, "rows": outcome.rows}
        found["interrupted"] = interrupted = outcome.interrupted
        if options.out is not None:
            results.write(options.out, outcome)
    for line in tables.machine_lines(found["environment"]):
        print(line)
    _write(options, found)
    if old is not None:
        _print_changes(found, old)
    if interrupted:
        print("interrupted; what was measured until then was kept", file=sys.stderr)
        return 130
    if options.against is not None:
        missed = comparison.shortfalls(found["rows"], recorded)
        if missed and options.shown is None:
            missed = _second_look(plan, missed, recorded)
        code = _print_shortfalls(missed, len(recorded))
    failed = [row for row in found["rows"] if row.get("status") == "failed"]
    for row in failed:
        print(f"failed: {results.row_name(results.identity(row))}: {row['error']}", file=sys.stderr)
    return 1 if failed else code


def add_parsers(commands: Any) -> None:
    """Add the command to the subparsers of `zoo`."""
    parser = commands.add_parser("bench", help="measure speed and memory of every backend")
    add = parser.add_argument_group("what to measure").add_argument
    add("--models", nargs="*", metavar="MODEL", help="lenet_svdd, gru_64 ...; all unless given")
    add(
        "--backends",
        nargs="+",
        metavar="BACKEND",
        help="tensorflow, jax, torch, native (a PyTorch loop without Keras); all unless given",
    )
    add(
        "--engines",
        nargs="+",
        metavar="ENGINE",
        help="stock (Keras without the zoo), reference, fast; all unless given (quick: fast)",
    )
    add("--device", nargs="+", default=["cpu"], metavar="DEVICE", help="cpu, gpu; cpu unless given")
    add("--batch-size", nargs="+", type=int, metavar="N", help="each model's own unless given")
    add("--rounds", type=int, metavar="N", help=f"repetitions ({ROUNDS}; quick: {QUICK_ROUNDS})")
    add(
        "--seconds",
        type=float,
        metavar="S",
        help=f"of a repetition ({SECONDS}; quick: {QUICK_SECONDS})",
    )
    add(
        "--peers",
        nargs="*",
        metavar="PEER",
        help="measure PyOD and DeepOD too, where installed: pyod_autoencoder, pyod_vae, "
        "pyod_deep_svdd, deepod_svdd, deepod_usad; with --models and no name, nothing else",
    )
    add(
        "--inputs",
        action="store_true",
        help="measure instead how fast fit is by the form of its input: arrays, a frame, lists",
    )
    add("--quick", action="store_true", help="three models, the fast engine: two minutes")
    add = parser.add_argument_group("files").add_argument
    add("--out", type=Path, metavar="FILE.json", help="write the numbers there")
    add("--markdown", type=Path, metavar="FILE.md", help="write the tables there")
    add("--chart", type=Path, metavar="FILE.png", help="draw the ratios to native there")
    add("--html", type=Path, metavar="FILE.html", help="write a self-contained page there")
    add(
        "--compare",
        type=Path,
        metavar="OLD.json",
        help="print what became slower since an earlier --out",
    )
    add(
        "--against",
        type=Path,
        metavar="RECORD.json",
        help="fail where a ratio to native fell below 0.7 of what --record wrote",
    )
    add("--record", type=Path, metavar="RECORD.json", help="write the ratios to native there")
    add(
        "--from",
        dest="shown",
        nargs="+",
        type=Path,
        metavar="FILE.json",
        help="measure nothing, show what earlier --out wrote; several files become one table",
    )
    add("--overwrite", action="store_true", help="replace files that exist")


def _plan(options: argparse.Namespace) -> Plan:
    from zoo.bench import run

    given = {
        "models": options.models,
        "backends": options.backends,
        "engines": options.engines,
        "devices": options.device,
        "batch_sizes": options.batch_size,
        "rounds": options.rounds,
        "seconds": options.seconds,
    }
    usual = {"rounds": ROUNDS, "seconds": SECONDS}
    if options.quick:
        usual = {"rounds": QUICK_ROUNDS, "seconds": QUICK_SECONDS}
        usual |= {"models": run.QUICK, "engines": run.QUICK_ENGINES}
    if options.models == [] and options.peers is not None:
        del given["models"]
    return run.Plan(**{**usual, **{name: each for name, each in given.items() if each is not None}})


def _measure_peers(options: argparse.Namespace, plan: Plan, outcome: Outcome) -> None:
    """Add the rows of other libraries' models to an outcome."""
    from zoo.bench import tables
    from zoo.bench.contestants import NATIVE
    from zoo.bench.peers import run as peers
    from zoo.bench.peers.registry import PEERS

    names = options.peers or tuple(PEERS)
    on = [name for name in plan.backends if name != NATIVE]
    rows, outcome.interrupted = peers.measure(names, on, plan.rounds, tell=tell)
    outcome.rows += rows
    tables.print_peers(rows)


def _measure_inputs(options: argparse.Namespace) -> int:
    """Measure and print how fast `fit` is by the form of its input."""
    from zoo.backend import check_installed, installed
    from zoo.bench import inputs

    names = options.backends or installed()
    for name in names or (None,):
        check_installed(name)
    rows = inputs.measure(names, options.rounds or ROUNDS, options.seconds or SECONDS, tell)
    inputs.print_inputs(rows)
    return int(any(row["error"] for row in rows))


def _write(options: argparse.Namespace, found: Mapping[str, Any]) -> None:
    """Write the files asked for, and print their names."""
    from zoo.bench import comparison, tables

    if options.out is not None and options.shown is None:
        print(f"results: {options.out}")
    if options.markdown is not None:
        options.markdown.write_text(tables.markdown(found), encoding="utf-8")
        print(f"tables: {options.markdown}")
    if options.chart is not None:
        from zoo.bench.figure_speed import speed_bars

        speed_bars(found["rows"]).savefig(options.chart, dpi=120)
        print(f"chart: {options.chart}")
    if options.html is not None:
        from zoo.bench import page as bench_page

        options.html.write_text(bench_page.render(found), encoding="utf-8")
        print(f"page: {options.html}")
    if options.record is not None:
        comparison.record(options.record, found["rows"])
        print(f"ratios: {options.record}")


def _print_changes(found: Mapping[str, Any], old: Mapping[str, Any]) -> None:
    from zoo.bench import comparison, results, tables
    from zoo.report import terminal

    machine = comparison.other_machine(found, old)
    if machine:
        print(
            f"warning: changes are not reported between different machines ({'; '.join(machine)})",
            file=sys.stderr,
        )
    for line in comparison.other_versions(found, old):
        print(line)
    rows = tables.change_cells(comparison.changes(found, old))
    notes = [
        f"in one of the two only: {results.row_name(row)}"
        for row in comparison.unmatched(found, old)
    ]
    terminal.print_texts("Before and now", tables.CHANGE_HEADS, rows, notes)


def _second_look(
    plan: Plan, missed: Sequence[Shortfall], recorded: Sequence[Mapping[str, Any]]
) -> list[Shortfall]:
    """Measure slow rows again, with more rounds, so that a busy machine fails nothing."""
    from zoo.bench import comparison, run, tables
    from zoo.bench.contestants import FAST, NATIVE

    still = []
    for model in dict.fromkeys(each.row[0] for each in missed):
        rows = {each.row for each in missed if each.row[0] == model}
        again = replace(
            plan,
            models=(model,),
            backends=(*dict.fromkeys(row[1] for row in rows), NATIVE),
            engines=(FAST,),
            devices=tuple(dict.fromkeys(row[3] for row in rows)),
            rounds=RECHECK_FACTOR * plan.rounds,
        )
        print(f"{model} was slow; measuring again, {again.rounds} rounds")
        outcome = run.measure(again, tell, tables.print_rows)
        if outcome.interrupted:
            raise KeyboardInterrupt
        own = [past for past in recorded if comparison.identity(past) in rows]
        still += comparison.shortfalls(outcome.rows, own)
    return still


def _print_shortfalls(missed: Sequence[Shortfall], count: int) -> int:
    for each in missed:
        print(f"too slow: {each}", file=sys.stderr)
    if not missed:
        print(f"no ratio of {count} rows fell below 0.7 of its recorded value")
    return int(bool(missed))


COMMANDS = {"bench": bench}
"""Command to the function that runs it; it takes parsed options and returns the exit code."""
