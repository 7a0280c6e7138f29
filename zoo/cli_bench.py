"""The command `zoo bench`: speed and memory of every backend beside a hand-written loop.

Nothing heavy is imported up here, as in `zoo.cli`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

QUICK_ROUNDS, QUICK_SECONDS = 3, 0.4
ROUNDS, SECONDS = 5, 0.7


def bench(options: argparse.Namespace) -> int:
    """Measure, print, and write what was asked for.

    Args:
        options: as `add_parsers` reads them.

    Returns:
        The exit code: 0; 1 where a model failed on a backend; 130 after Ctrl-C.

    Raises:
        ValueError: an unknown model, backend or device.
    """
    from zoo.bench import results, run, tables

    plan = run.Plan(
        models=options.models or (run.QUICK if options.quick else tuple(run.SUBJECTS)),
        backends=options.backends or run.ALL,
        devices=options.device,
        batch_sizes=options.batch_size or (None,),
        rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
        seconds=options.seconds or (QUICK_SECONDS if options.quick else SECONDS),
    )
    outcome = run.measure(plan, _tell, tables.print_rows)
    for line in tables.machine_lines(outcome.environment):
        print(line)
    if options.out is not None:
        results.write(options.out, outcome)
        print(f"results: {options.out}")
    if outcome.interrupted:
        print("interrupted; what was measured until then is above", file=sys.stderr)
        return 130
    return int(any(row["status"] == "failed" for row in outcome.rows))


def add_parsers(commands: Any) -> None:
    """Add the command to the subparsers of `zoo`."""
    add = commands.add_parser(
        "bench", help="measure speed and memory of every backend"
    ).add_argument
    add("--models", nargs="+", metavar="MODEL", help="lenet_svdd, gru_64 ...; all unless given")
    add(
        "--backends",
        nargs="+",
        metavar="BACKEND",
        help="tensorflow, jax, torch, native; all unless given",
    )
    add("--device", nargs="+", default=["cpu"], metavar="DEVICE", help="cpu, gpu; cpu unless given")
    add("--batch-size", nargs="+", type=int, metavar="N", help="each model's own unless given")
    add("--rounds", type=int, metavar="N", help=f"repetitions ({ROUNDS}; quick: {QUICK_ROUNDS})")
    add("--seconds", type=float, metavar="S", help=f"of one ({SECONDS}; quick: {QUICK_SECONDS})")
    add("--quick", action="store_true", help="three models, fewer rounds: two minutes")
    add("--out", type=Path, metavar="FILE.json", help="write the numbers there")


def _tell(line: str) -> None:
    """Say what happens now: over the last such line where someone watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="\r", file=sys.stderr, flush=True)
    else:
        print(line, file=sys.stderr, flush=True)


COMMANDS = {"bench": bench}
"""Command to what runs it, given its parsed options; returns the exit code."""
