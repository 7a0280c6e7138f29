"""The command `zoo growth`: time and memory of fitting and scoring over the number of rows.

Heavy modules are imported inside the functions, so that `zoo --help` stays quick.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.cli.start import check_files, tell
from zoo.errors import InputError

HEADS = ("rows", "backend", "fit s", "score s", "memory MB")
MEASURES = {"fit_seconds": ".2f", "score_seconds": ".3f", "peak_memory_mb": ",.0f"}


def growth(options: argparse.Namespace) -> int:
    """Measure one size after the other, print, and write the files asked for.

    Args:
        options: as `add_parsers` parses them.

    Returns:
        The exit code: 0; 1 if a size failed; 130 after Ctrl-C, which keeps the sizes measured.

    Raises:
        InputError: a size or window that is too small.
        BackendError: a backend that is not installed.
        FileExistsError: a file to write exists, and no `--overwrite`.
        OSError: a file cannot be written.
    """
    from zoo.bench import growth as measured
    from zoo.bench.machine import describe_machine
    from zoo.report import strict_json

    check_files(options, "out", "chart")
    backends = _backends(options.backends)
    sizes, rows, interrupted = sorted(set(options.rows or measured.SIZES)), [], False
    if options.chart is not None and len(sizes) < 2:
        raise InputError(f"a chart of growth needs two sizes; give --rows {sizes[0]} and another")
    try:
        for name in backends:
            for size in sizes:
                tell(f"{size:,} rows on {name}")
                rows += measured.growth([size], [name], options.window)
    except KeyboardInterrupt:
        interrupted = True
    _print(rows, options.window)
    if options.out is not None:
        strict_json.write(options.out, {"environment": describe_machine(), "growth": rows})
        print(f"results: {options.out}")
    if options.chart is not None and _can_be_drawn(rows):
        from zoo.bench.figure_growth import growth_lines

        growth_lines(rows).savefig(options.chart, dpi=120)
        print(f"chart: {options.chart}")
    if interrupted:
        print("interrupted; what was measured until then was kept", file=sys.stderr)
        return 130
    return int(any(row["status"] != "ok" for row in rows))


def add_parsers(commands: Any) -> None:
    """Add the command to the subparsers of `zoo`."""
    parser = commands.add_parser(
        "growth", help="measure time and memory of fitting and scoring over the number of rows"
    )
    add = parser.add_argument
    add("--rows", nargs="+", type=int, metavar="N", help="sizes (10^4, 10^5, 10^6, 10^7)")
    add("--window", type=int, metavar="N", help="rows per window of a series; a table unless given")
    add("--backends", nargs="+", metavar="BACKEND", help="all that are installed unless given")
    add("--out", type=Path, metavar="FILE.json", help="write the numbers there")
    add("--chart", type=Path, metavar="FILE.png", help="draw them there")
    add("--overwrite", action="store_true", help="replace files that exist")


def _backends(names: Sequence[str] | None) -> Sequence[str]:
    from zoo.backend import check_installed, installed

    names = names or installed()
    for name in names or (None,):
        check_installed(name)
    return names


def _can_be_drawn(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a backend has results of two sizes; after an interruption it may not."""
    known = [(row["backend"], row["rows"]) for row in rows if row["status"] == "ok"]
    return len(set(known)) > len({name for name, _ in known})


def _print(rows: Sequence[Mapping[str, Any]], window: int | None) -> None:
    from zoo.bench.growth import order_of_growth
    from zoo.report import terminal

    cells = [
        [f"{row['rows']:,}", row["backend"]]
        + [
            format(row[key], form) if key in row else row["status"]
            for key, form in MEASURES.items()
        ]
        for row in rows
    ]
    notes = []
    for name in dict.fromkeys(row["backend"] for row in rows):
        own = [row for row in rows if row["backend"] == name and row["status"] == "ok"]
        if len({row["rows"] for row in own}) > 1:
            times = (10 ** order_of_growth(own, key) for key in MEASURES)
            fit, score, memory = (f"{each:.1f}" for each in times)
            notes.append(
                f"{name}: ten times the rows take {fit} times as long to fit, {score} to score, "
                f"and {memory} times the memory"
            )
    title = "A table" if window is None else f"A series, windows of {window} rows"
    terminal.print_texts(title, HEADS, cells, notes)


COMMANDS = {"growth": growth}
"""Command to the function that runs it; it takes parsed options and returns the exit code."""
