"""Tables for the terminal: recipes, the numbers of a run, runs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from zoo.report import metric_names
from zoo.report.table import ranking_groups, row_kinds, row_tags, text_columns

if TYPE_CHECKING:
    import pandas as pd

    from zoo.report.result import Result

METRICS = ("roc_auc", "pr_auc", "vus_pr", "f1", "best_f1")
MAX_UNBROKEN = 16  # characters; shorter texts stay on one line
UNLIMITED = 10_000  # characters
LOG_WIDTH = 120  # characters, where the output is no terminal


def print_recipes(recipes: Iterable[Mapping[str, str]]) -> None:
    """Print one row per recipe.

    Args:
        recipes: mappings with `name`, `source`, `data`, `shows` and `time`.
    """
    table = _table(title=None)
    table.add_column("recipe", style="bold", no_wrap=True)
    columns = ("source", "data", "shows", "time")
    for column in columns:
        table.add_column(column, overflow="fold")
    for recipe in recipes:
        table.add_row(recipe["name"], *(Text(recipe[column]) for column in columns))
    console = _console()
    console.print(table)
    console.print(Text("zoo run RECIPE --help shows the options of a recipe"))


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values, one row each."""
    table = _table(title=None)
    table.add_column("", style="bold", no_wrap=True)
    table.add_column("", overflow="fold")
    table.show_header = False
    for name, value in facts.items():
        table.add_row(name, Text(str(value)))
    _console().print(table)


@metric_names.with_own_metrics
def print_result(result: Result) -> None:
    """Print the summary, the numbers (the comparison, else the metrics) and the notes of a run."""
    console = _console()
    console.print(Text(result.summary))
    if result.comparison is not None:
        keys = ("variant", *text_columns(result.comparison))
        shown = _readable(result.comparison, keys, (*METRICS, "fit_seconds"))
        _print_fitting(console, shown)
    else:
        table = _table(title=None)
        table.add_column("metric")
        table.add_column("value", justify="right")
        for name, value in result.metrics.items():
            table.add_row(metric_names.metric(name).title, metric_names.shown(name, value))
        console.print(table)
    for note in result.notes:
        console.print(Text(f"note: {note}"))


def print_runs(
    runs: pd.DataFrame,
    spread: pd.DataFrame | None,
    settings: Mapping[str, Sequence[Any]],
    data: Sequence[str],
) -> None:
    """Print the comparison of runs.

    Args:
        runs: from `comparison.runs_table`.
        spread: from `comparison.spread_over_seeds`.
        settings: from `comparison.differing_settings`.
        data: from `comparison.differing_data`.
    """
    console = _console()
    differing = [
        name for name in ("recipe", "backend", "device", "seed") if runs[name].nunique() > 1
    ]
    keys = ("run", "variant", *text_columns(runs), *differing)
    _print_fitting(console, _readable(runs, keys), mark_best=not data)
    if spread is not None:
        console.print(frame_table(_mean_and_spread(spread), "mean ± standard deviation over seeds"))
    if settings:
        found = "; ".join(_setting(name, values) for name, values in settings.items())
        console.print(Text(f"The runs differ in: {found}"))
    if data:
        text = "Their data differ, so their numbers do not compare: " + "; ".join(data)
        console.print(Text(text, style="bold yellow"))


def print_table(frame: pd.DataFrame, heading: str) -> None:
    """Print a table with a heading; nothing in it is marked as best."""
    _console().print(frame_table(frame, heading, mark_best=False))


def print_texts(
    heading: str, heads: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str] = ()
) -> None:
    """Print texts as they are, the first column to the left, the others to the right.

    Where the terminal is too narrow the last columns are left out, and named.

    Args:
        heading: above the table.
        heads: of the columns.
        rows: a text a column.
        notes: lines below.
    """
    console, rows = Console(highlight=False), list(rows)
    if not console.is_terminal:  # a file, which scrolls
        console.width = UNLIMITED

    def drawn(count: int) -> Table:
        table = _table(heading)
        for number, head in enumerate(heads[:count]):
            table.add_column(head, justify="right" if number else "left", no_wrap=True)
        for row in rows:
            table.add_row(*map(Text, row[:count]))
        return table

    endless = console.options.update(max_width=UNLIMITED)
    count = len(heads)
    while count > 2 and console.measure(drawn(count), options=endless).maximum > console.width:
        count -= 1
    console.print(drawn(count))
    for note in notes:
        console.print(Text(f"  {note}"))
    if count < len(heads):
        names = ", ".join(heads[count:])
        console.print(Text(f"  Left out here, where the terminal is too narrow: {names}"))


def frame_table(frame: pd.DataFrame, heading: str | None = None, mark_best: bool = True) -> Table:
    """Return a frame as a rich table: numbers right-aligned, the best of each metric bold.

    Args:
        frame: any columns; `kind` and `collapsed` are not shown as columns but beside `variant`,
            and trivial detectors are not ranked.
        heading: above the table.
        mark_best: make the best values bold.
    """
    table = _table(heading)
    kinds, groups = row_kinds(frame), ranking_groups(frame)
    columns = []
    for name in frame.columns.drop(["kind", "collapsed"], errors="ignore"):
        texts = [metric_names.shown(name, value) for value in frame[name]]
        if name == "variant":
            tags = [f" ({', '.join(words)})" if words else "" for words in row_tags(frame)]
            texts = [text + tag for text, tag in zip(texts, tags, strict=True)]
        best = metric_names.best_rows(name, frame[name], kinds, groups) & mark_best
        columns.append(
            [Text(text, "bold" if bold else "") for text, bold in zip(texts, best, strict=True)]
        )
        numeric = frame[name].dtype.kind in "ifb" or name.endswith(" ±")
        title = metric_names.metric(name.removesuffix(" ±")).title
        longest = max(map(len, [title, *texts]))
        stays_whole = numeric or longest <= MAX_UNBROKEN
        table.add_column(
            title,
            justify="right" if numeric else "left",
            min_width=longest if stays_whole else _longest_word([title, *texts]),
            no_wrap=stays_whole,
            overflow="fold",
        )
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    return table


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=LOG_WIDTH)


def _print_fitting(console: Console, frame: pd.DataFrame, mark_best: bool = True) -> None:
    """Print a table; where the terminal is too narrow, leave out its last metrics and name them."""
    left_out: list[str] = []
    metrics = [name for name in (*METRICS, "fit_seconds") if name in frame]
    table = frame_table(frame, mark_best=mark_best)
    endless = console.options.update(max_width=UNLIMITED)
    while (
        console.measure(table, options=endless).minimum > console.width
        and len(left_out) < len(metrics) - 1
    ):
        left_out.insert(0, metrics[-1 - len(left_out)])
        table = frame_table(frame.drop(columns=left_out), mark_best=mark_best)
    console.print(table)
    if left_out:
        names = ", ".join(metric_names.metric(name).title for name in left_out)
        console.print(Text(f"Left out here, where the terminal is too narrow: {names}"))


def _longest_word(texts: Iterable[str]) -> int:
    """Return the length of the longest word, so that none is broken unless it is very long."""
    return min(MAX_UNBROKEN, max((len(word) for text in texts for word in text.split()), default=1))


def _table(title: str | None) -> Table:
    return Table(
        title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )


def _readable(
    frame: pd.DataFrame, keys: Sequence[str], metrics: Sequence[str] = METRICS
) -> pd.DataFrame:
    """Return the identifying columns and the metrics for a terminal; the CSV holds the rest."""
    columns = [name for name in (*keys, "kind", *metrics, "collapsed") if name in frame.columns]
    return frame[columns].dropna(axis=1, how="all")


def _mean_and_spread(spread: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that tell groups apart, and each metric as a text column `<metric> ±`."""
    differing = [name for name in ("recipe", "backend") if spread[name].nunique() > 1]
    shown = spread[["variant", "kind", *text_columns(spread), *differing, "runs"]].copy()
    for name in METRICS:
        if f"{name}_mean" in spread:
            pairs = zip(spread[f"{name}_mean"], spread[f"{name}_std"], strict=True)
            shown[f"{name} ±"] = [
                metric_names.shown_with_spread(name, mean, std) for mean, std in pairs
            ]
    return shown


def _setting(name: str, values: Sequence[Any]) -> str:
    return f"{name} ({', '.join(dict.fromkeys(map(str, values)))})"
