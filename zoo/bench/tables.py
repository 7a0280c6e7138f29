"""Results as tables for terminal and Markdown: a block per model, a row per contestant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from zoo.bench.comparison import Change
from zoo.bench.contestants import NATIVE, STOCK, title
from zoo.bench.results import row_name
from zoo.bench.subjects import SUBJECTS
from zoo.report import terminal

Row = Mapping[str, Any]

PEER_HEADS = ("backend", "train/s", "× theirs", "ROC-AUC (of seeds)", "fit s", "memory MB")
CHANGE_HEADS = ("row", "measure", "then", "now", "now / then", "")
DASH = "–"


class Column(NamedTuple):
    """A column of the tables.

    Attributes:
        head: its title; two columns may share one.
        text: takes a row, returns the text of its cell.
        verb: `train`, `score` or `predict` where it holds speeds, so that the fastest is marked.
    """

    head: str
    text: Callable[[Row], str]
    verb: str = ""


def columns(rows: Sequence[Row]) -> list[Column]:
    """Return the columns for some rows; those of engines only where there are several engines."""
    several = len({row["engine"] for row in rows if row["engine"] != NATIVE}) > 1
    with_stock = any(row["engine"] == STOCK for row in rows)
    found = [Column("backend", backend)]
    found += [Column("engine", engine)] if several else []
    for verb in ("train", "score", "predict"):
        found.append(Column(f"{verb}/s", _speed(verb), verb))
        found.append(Column("× native", _ratio_to_native(verb)))
        found += [Column("× stock", _ratio_to_stock(verb))] if with_stock else []
    return [
        *found,
        Column("p50 ms", lambda row: _number(row["p50_ms"], ".2f")),
        Column("memory MB", lambda row: _number(row["peak_memory_mb"], ",.0f")),
        Column("compile s", lambda row: _number(row["compile_seconds"], ".1f")),
        Column("% of peak", lambda row: _number(row.get("fraction_of_peak"), ".1%").rstrip("%")),
        Column("p99 ms", lambda row: _number(row["p99_ms"], ".2f")),
        Column("first s", lambda row: _number(row.get("first_result_seconds"), ".1f")),
    ]


def groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield title and rows of each model, device and batch size; peers are left out."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row.get("peer"):
            continue
        found.setdefault((row["model"], row["device"], row["batch_size"]), []).append(row)
    for (model, device, size), own in found.items():
        name = SUBJECTS[model].title if model in SUBJECTS else model
        parameters = next((row["parameters"] for row in own if row["parameters"]), None)
        flops = next((row["flops_per_sample"] for row in own if row["flops_per_sample"]), None)
        facts = [f"batch {size}", device]
        facts += [f"{parameters:,} parameters"] if parameters else []
        facts += [f"{_short(flops)} operations a sample"] if flops else []
        yield f"{model}: {name} ({', '.join(facts)})", own


def heads(shown: Sequence[Column]) -> list[str]:
    """Return the titles of columns."""
    return [column.head for column in shown]


def cells(row: Row, shown: Sequence[Column]) -> list[str]:
    """Return the texts of a row under some columns; a row without numbers says why."""
    names = [column for column in shown if column.head in ("backend", "engine")]
    if row["train_per_second"] is None:
        texts = [column.text(row) for column in names] + [row.get("status", "")]
        return texts + [DASH] * (len(shown) - len(texts))
    return [column.text(row) for column in shown]


def backend(row: Row) -> str:
    """Return the backend of a row, with its status where that is not `ok`."""
    status = row.get("status", "ok")
    measured = row["train_per_second"] is not None
    return f"{row['backend']} ({status})" if measured and status != "ok" else row["backend"]


def engine(row: Row) -> str:
    """Return the title of a row's engine; a dash for the native loop, which has none."""
    return DASH if row["engine"] == NATIVE else title(row["engine"])


def ratio_text(row: Row, name: str) -> str:
    """Return `1.20 [1.15, 1.27]`, with the interval where several rounds give one."""
    value = row.get(name)
    if value is None:
        return DASH
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    text = f"{value:.2f}"
    return text if low is None or high is None else f"{text} [{low:.2f}, {high:.2f}]"


def print_rows(rows: Sequence[Row]) -> None:
    """Print a table per model, with errors and the agreement of scores below it."""
    for name, own in groups(rows):
        shown = columns(own)
        texts = [cells(row, shown) for row in own]
        terminal.print_texts(name, heads(shown), texts, remarks(own))


def remarks(rows: Sequence[Row]) -> list[str]:
    """Return the sentences below a block: errors, and how far scores of contestants differ."""
    lines = [f"{_name(row)}: {row['error']}" for row in rows if row.get("error")]
    initial = [row["score_difference"] for row in rows if row.get("score_difference") is not None]
    trained = [
        row["trained_difference"] for row in rows if row.get("trained_difference") is not None
    ]
    if len(initial) > 1:
        lines.append(
            f"scores of a sample differ by at most {max(initial):.0e} of their value with equal "
            f"weights, by {max(trained):.0e} after one epoch"
        )
    return lines


def markdown(found: Mapping[str, Any]) -> str:
    """Return the tables of a results file as Markdown, with the machine above them."""
    environment = found["environment"]
    lines = [*(f"- {line}" for line in machine_lines(environment)), ""]
    for name, own in groups(found["rows"]):
        shown = columns(own)
        lines += _markdown_table(name, own, heads(shown), [cells(row, shown) for row in own])
    for name, own in peer_groups(found["rows"]):
        lines += _markdown_table(name, own, PEER_HEADS, [peer_cells(row) for row in own])
    return "\n".join(lines).rstrip() + "\n"


def machine_lines(environment: Mapping[str, Any]) -> list[str]:
    """Return the machine, the versions and the noise, one line each."""
    lines = [
        f"{environment.get('cpu')}, {environment.get('cores')} cores, "
        f"{environment.get('memory_gib')} GiB, {environment.get('platform')}"
    ]
    if environment.get("accelerator"):
        lines.append(environment["accelerator"])
    versions = {"Python": environment.get("python"), **(environment.get("versions") or {})}
    lines.append(", ".join(f"{name} {version}" for name, version in versions.items()))
    for device, peak in (environment.get("matmul_peak") or {}).items():
        lines.append(f"float32 matrix products, {device}: {_short(peak)} operations a second")
    if environment.get("noise_percent") is not None:
        noise = f"{environment['noise_percent']:.1f} %"
        lines.append(f"noise (median absolute deviation of a row's repetitions): {noise}")
    if environment.get("date"):
        lines.append(environment["date"])
    return lines


def _markdown_table(
    name: str, rows: Sequence[Row], titles: Sequence[str], texts: Sequence[Sequence[str]]
) -> list[str]:
    words = sum(head in ("backend", "engine") for head in titles)
    rule = [" --- "] * words + [" ---: "] * (len(titles) - words)
    return [
        f"### {name}",
        "",
        f"| {' | '.join(titles)} |",
        f"|{'|'.join(rule)}|",
        *(f"| {' | '.join(row)} |" for row in texts),
        "",
        *(f"{line[0].upper()}{line[1:]}.  " for line in remarks(rows)),
        "",
    ]


def _name(row: Row) -> str:
    several = row["engine"] not in (row["backend"], "fast")
    return f"{row['backend']} ({title(row['engine'])})" if several else row["backend"]


def _speed(verb: str) -> Callable[[Row], str]:
    return lambda row: _count(row.get(f"{verb}_per_second"))


def _ratio_to_native(verb: str) -> Callable[[Row], str]:
    return lambda row: DASH if row["engine"] == NATIVE else ratio_text(row, f"{verb}_ratio")


def _ratio_to_stock(verb: str) -> Callable[[Row], str]:
    """Return the text of the ratio to stock Keras; its interval is in the results file only."""

    def text(row: Row) -> str:
        return DASH if row["engine"] == STOCK else _number(row.get(f"{verb}_stock_ratio"), ".2f")

    return text


def _count(value: float | None) -> str:
    if value is None:
        return DASH
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _number(value: float | None, form: str) -> str:
    return DASH if value is None else format(value, form)


def _short(value: float) -> str:
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"


def peer_groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield title and rows of each model of another library."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("peer"):
            found.setdefault(row["model"], []).append(row)
    for model, own in found.items():
        yield f"{model}: {own[0]['peer']} (batch {own[0]['batch_size']})", own


def peer_cells(row: Row) -> list[str]:
    """Return the texts of a row under `PEER_HEADS`."""
    if row["train_per_second"] is None:
        return [row["backend"], row.get("status", ""), *[DASH] * (len(PEER_HEADS) - 2)]
    aucs = row.get("roc_aucs") or []
    spread = f" ({min(aucs):.3f} to {max(aucs):.3f})" if len(aucs) > 1 else ""
    return [
        row["backend"],
        _count(row["train_per_second"]),
        DASH if row["engine"] == row["backend"] else ratio_text(row, "peer_ratio"),
        _number(row.get("roc_auc"), ".3f") + spread,
        _number(row.get("fit_seconds"), ".1f"),
        _number(row["peak_memory_mb"], ",.0f"),
    ]


def print_peers(rows: Sequence[Row]) -> None:
    """Print a table per model of another library."""
    for name, own in peer_groups(rows):
        terminal.print_texts(name, PEER_HEADS, map(peer_cells, own), remarks(own))


def change_cells(changes: Sequence[Change]) -> list[list[str]]:
    """Return a row of texts under `CHANGE_HEADS` per change; a dash where machines differ."""
    return [
        [
            row_name(each.row),
            each.measure,
            _count(each.before) if each.measure.endswith("/s") else f"{each.before:.2f}",
            _count(each.now) if each.measure.endswith("/s") else f"{each.now:.2f}",
            _number(each.change, ".2f"),
            each.verdict,
        ]
        for each in changes
    ]
