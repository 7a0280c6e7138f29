"""The results as tables: in the terminal and as Markdown, a block a model, a row a backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zoo.bench.results import row_name
from zoo.bench.subjects import SUBJECTS
from zoo.report import terminal

if TYPE_CHECKING:
    from zoo.bench.comparison import Change

HEADS = (
    "backend",
    "train/s",
    "× native",
    "score/s",
    "× native",
    "predict/s",
    "× native",
    "p50 ms",
    "memory MB",
    "compile s",
    "% of peak",
    "p99 ms",
    "first s",
)
PEER_HEADS = ("backend", "train/s", "× theirs", "ROC-AUC (of seeds)", "fit s", "memory MB")
CHANGE_HEADS = ("row", "measure", "then", "now", "now / then", "")
DASH = "–"


def groups(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Title and rows of each model, device and batch size; peers left out."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("peer"):
            continue
        found.setdefault((row["model"], row["device"], row["batch_size"]), []).append(row)
    for (model, device, size), own in found.items():
        title = SUBJECTS[model].title if model in SUBJECTS else model
        parameters = next((row["parameters"] for row in own if row["parameters"]), None)
        flops = next((row["flops_per_sample"] for row in own if row["flops_per_sample"]), None)
        facts = [f"batch {size}", device]
        facts += [f"{parameters:,} parameters"] if parameters else []
        facts += [f"{_short(flops)} operations a sample"] if flops else []
        yield f"{model}: {title} ({', '.join(facts)})", own


def cells(row: Mapping[str, Any]) -> list[str]:
    """A row's texts under `HEADS`; what failed says so."""
    status = row.get("status", "ok")
    if row["train_per_second"] is None:
        return [row["backend"], status, *[DASH] * (len(HEADS) - 2)]
    name = row["backend"] if status == "ok" else f"{row['backend']} ({status})"
    return [
        name,
        _count(row["train_per_second"]),
        ratio(row, "train"),
        _count(row["score_per_second"]),
        ratio(row, "score"),
        _count(row.get("predict_per_second")),
        ratio(row, "predict"),
        _number(row["p50_ms"], ".2f"),
        _number(row["peak_memory_mb"], ",.0f"),
        _number(row["compile_seconds"], ".1f"),
        _number(row.get("fraction_of_peak"), ".1%").rstrip("%"),
        _number(row["p99_ms"], ".2f"),
        _number(row.get("first_result_seconds"), ".1f"),
    ]


def ratio(row: Mapping[str, Any], verb: str) -> str:
    """`1.20 [1.15, 1.27]`, the interval where several rounds give one; a dash for native itself."""
    value = row.get(f"{verb}_ratio")
    if value is None or row["backend"] in ("native", "pyod", "deepod"):
        return DASH
    low, high = row.get(f"{verb}_ratio_low"), row.get(f"{verb}_ratio_high")
    text = f"{value:.2f}"
    return text if low is None or high is None else f"{text} [{low:.2f}, {high:.2f}]"


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table a model, and below it what went wrong and whether the scores agree."""
    for title, own in groups(rows):
        terminal.print_texts(title, HEADS, map(cells, own), remarks(own))


def remarks(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences below a block: errors, and by how much scores differ."""
    lines = [f"{row['backend']}: {row['error']}" for row in rows if row.get("error")]
    initial = [row["score_difference"] for row in rows if row.get("score_difference") is not None]
    trained = [
        row["trained_difference"] for row in rows if row.get("trained_difference") is not None
    ]
    if len(initial) > 1:
        lines.append(
            f"a sample's scores differ by {max(initial):.0e} of it at most from equal weights, by "
            f"{max(trained):.0e} after an epoch"
        )
    return lines


def markdown(found: Mapping[str, Any]) -> str:
    """The tables of a results file as Markdown, with the machine above them."""
    environment = found["environment"]
    lines = [*(f"- {line}" for line in machine_lines(environment)), ""]
    blocks = [(groups(found["rows"]), HEADS, cells)]
    blocks += [(peer_groups(found["rows"]), PEER_HEADS, peer_cells)]
    for parts, heads, texts in blocks:
        for title, own in parts:
            lines += [f"### {title}", "", f"| {' | '.join(heads)} |"]
            lines += ["|" + "|".join([" --- ", *[" ---: "] * (len(heads) - 1)]) + "|"]
            lines += [f"| {' | '.join(texts(row))} |" for row in own]
            lines += ["", *(f"{line[0].upper()}{line[1:]}.  " for line in remarks(own)), ""]
    return "\n".join(lines).rstrip() + "\n"


def machine_lines(environment: Mapping[str, Any]) -> list[str]:
    """The machine, the versions and the noise, a sentence each."""
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


def peer_groups(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Title and rows of each detector of another library."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("peer"):
            found.setdefault(row["model"], []).append(row)
    for model, own in found.items():
        yield f"{model}: {own[0]['peer']} (batch {own[0]['batch_size']})", own


def peer_cells(row: Mapping[str, Any]) -> list[str]:
    """A row's texts under `PEER_HEADS`."""
    if row["train_per_second"] is None:
        return [row["backend"], row.get("status", ""), *[DASH] * (len(PEER_HEADS) - 2)]
    aucs = row.get("roc_aucs") or []
    spread = f" ({min(aucs):.3f} to {max(aucs):.3f})" if len(aucs) > 1 else ""
    return [
        row["backend"],
        _count(row["train_per_second"]),
        ratio(row, "peer"),
        _number(row.get("roc_auc"), ".3f") + spread,
        _number(row.get("fit_seconds"), ".1f"),
        _number(row["peak_memory_mb"], ",.0f"),
    ]


def print_peers(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table a detector of another library."""
    for title, own in peer_groups(rows):
        terminal.print_texts(title, PEER_HEADS, map(peer_cells, own), remarks(own))


def change_cells(changes: Sequence[Change]) -> list[list[str]]:
    """A row of texts under `CHANGE_HEADS` for each change; withheld ones show a dash."""
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
