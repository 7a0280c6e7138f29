"""Results of `zoo bench` as a single HTML page that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

from zoo.bench import tables
from zoo.bench.contestants import NATIVE, STOCK
from zoo.bench.figure_speed import speed_bars
from zoo.errors import InputError
from zoo.report.page import Cell, Table, embedded, png, templates


def render(found: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        found: results from `zoo.bench.results.read`.

    Returns:
        The whole HTML document; all text from the data is escaped.

    Raises:
        InputError: no rows.
    """
    rows = found["rows"]
    if not rows:
        raise InputError("results: no rows, expected one or more; measure something")
    compared = any(row.get("train_ratio") for row in rows if row["engine"] != NATIVE)
    caption = (
        "Speed by model and backend. Bars: the fast engine, with 95 % intervals over the rounds; "
        "circles: the reference engine; diamonds: stock Keras."
        if any(row["engine"] == STOCK for row in rows)
        else "Speed by model and backend, with 95 % intervals over the rounds."
    )
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
    """Return one sentence: how many models on which backends, and how noisy the machine was."""
    rows = found["rows"]
    rows = [row for row in rows if not row.get("peer")]
    models = len({row["model"] for row in rows})
    backends = [name for name in dict.fromkeys(row["backend"] for row in rows) if name != NATIVE]
    text = f"{models} model{'s' if models > 1 else ''} on {', '.join(backends) or 'no backend'}"
    others = ["stock Keras"] if any(row["engine"] == STOCK for row in rows) else []
    if any(row["engine"] == NATIVE for row in rows):
        others.append("a hand-written PyTorch loop of the same network")
    if others:
        text += f", compared with {' and '.join(others)}"
    noise = found["environment"].get("noise_percent")
    return f"{text}." if noise is None else f"{text}; repetitions vary by {noise:.1f} %."


def group_table(rows: list[Mapping[str, Any]]) -> Table:
    """Return the table of one model: a row per contestant, the fastest marked."""
    shown = tables.columns(rows)
    words = ("backend", "engine")
    heads = [Cell(column.head, numeric=column.head not in words) for column in shown]
    best = {
        column.verb: max((row.get(f"{column.verb}_per_second") or 0) for row in rows)
        for column in shown
        if column.verb
    }
    cells = []
    for row in rows:
        texts = tables.cells(row, shown)
        cells.append(
            [
                Cell(
                    text,
                    head.numeric,
                    bool(column.verb)
                    and best[column.verb] > 0
                    and row.get(f"{column.verb}_per_second") == best[column.verb],
                )
                for text, head, column in zip(texts, heads, shown, strict=True)
            ]
        )
    tags = [["baseline"] if row["engine"] == NATIVE else [] for row in rows]
    return Table(heads, cells, tags)


def peer_table(rows: list[Mapping[str, Any]]) -> Table:
    """Return the table of a model of another library and ours."""
    heads = [Cell(name, numeric=number > 0) for number, name in enumerate(tables.PEER_HEADS)]
    cells = [[Cell(text, n > 0) for n, text in enumerate(tables.peer_cells(row))] for row in rows]
    return Table(heads, cells, [["baseline"] if n == 0 else [] for n in range(len(rows))])
