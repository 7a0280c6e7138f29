"""What `zoo bench` measured: a single HTML page that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

from zoo.bench import tables
from zoo.bench.figure_speed import speed_bars
from zoo.errors import InputError
from zoo.report.page import Cell, Table, embedded, png, templates

SPEEDS = ("train", "score", "predict")


def render(found: Mapping[str, Any]) -> str:
    """Make the page.

    Args:
        found: results as `zoo.bench.results.read` gives them.

    Returns:
        The whole HTML document; all text from the data is escaped.

    Raises:
        ValueError: no rows.
    """
    rows = found["rows"]
    if not rows:
        raise InputError("results: no rows, expected one or more; measure something")
    compared = any(row.get("train_ratio") for row in rows if row["backend"] != "native")
    caption = "Speed by model and backend; whiskers are 95 % intervals over the rounds."
    page = templates(jinja2.PackageLoader("zoo.bench", "")).get_template("bench.html.j2")
    return page.render(
        title="backend benchmark",
        lead=lead(found),
        interrupted=bool(found.get("interrupted")),
        failed=[row for row in rows if row.get("status") == "failed"],
        chart=[embedded("speed", png(speed_bars(rows)), caption)] if compared else [],
        tables=[
            {"title": title, "table": group_table(own), "remarks": tables.remarks(own)}
            for title, own in tables.groups(rows)
        ],
        peers=[
            {"title": title, "table": peer_table(own), "remarks": tables.remarks(own)}
            for title, own in tables.peer_groups(rows)
        ],
        machine=tables.machine_lines(found["environment"]),
    )


def lead(found: Mapping[str, Any]) -> str:
    """One sentence: how many models on which backends, and how noisy the machine was."""
    rows = found["rows"]
    rows = [row for row in rows if not row.get("peer")]
    models = len({row["model"] for row in rows})
    backends = [name for name in dict.fromkeys(row["backend"] for row in rows) if name != "native"]
    text = f"{models} model{'s' if models > 1 else ''} on {', '.join(backends) or 'no backend'}"
    if any(row["backend"] == "native" for row in rows):
        text += ", beside a hand-written PyTorch loop of the same network"
    noise = found["environment"].get("noise_percent")
    return f"{text}." if noise is None else f"{text}; repetitions vary by {noise:.1f} %."


def group_table(rows: list[Mapping[str, Any]]) -> Table:
    """One model: a row a backend, the fastest marked."""
    heads = [Cell(name, numeric=number > 0) for number, name in enumerate(tables.HEADS)]
    best = {verb: max((row.get(f"{verb}_per_second") or 0) for row in rows) for verb in SPEEDS}
    columns = {tables.HEADS.index(f"{verb}/s"): verb for verb in SPEEDS}
    cells = []
    for row in rows:
        texts = tables.cells(row)
        marks = {
            column
            for column, verb in columns.items()
            if row.get(f"{verb}_per_second") and row[f"{verb}_per_second"] == best[verb]
        }
        cells.append([Cell(text, n > 0, n in marks) for n, text in enumerate(texts)])
    tags = [["baseline"] if row["backend"] == "native" else [] for row in rows]
    return Table(heads, cells, tags)


def peer_table(rows: list[Mapping[str, Any]]) -> Table:
    """One detector of another library beside ours."""
    heads = [Cell(name, numeric=number > 0) for number, name in enumerate(tables.PEER_HEADS)]
    cells = [[Cell(text, n > 0) for n, text in enumerate(tables.peer_cells(row))] for row in rows]
    return Table(heads, cells, [["baseline"] if n == 0 else [] for n in range(len(rows))])
