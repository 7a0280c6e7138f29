"""The report of one run: a single HTML page that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zoo.report import metric_names
from zoo.report.config import flat_config
from zoo.report.page import Table, embedded, plain_table, templates
from zoo.report.table import (
    PROTOCOL,
    is_as_published,
    ranking_groups,
    row_kinds,
    row_names,
    row_tags,
)

if TYPE_CHECKING:
    import pandas as pd

    from zoo.report.result import Result


class MetricLine(NamedTuple):
    """A metric with its meaning and the value of a detector without skill."""

    title: str
    name: str
    value: str
    meaning: str
    trivial: str


@metric_names.with_own_metrics
def render(
    result: Result, environment: Mapping[str, Any], command: str, pictures: Mapping[str, bytes]
) -> str:
    """Return the page.

    Args:
        result: what the recipe returned.
        environment: versions, backend, device, cores, seed; may be nested.
        command: the command line that reproduces the run.
        pictures: figure name to PNG bytes, in the order shown.

    Returns:
        The whole HTML document; all text from the data is escaped.
    """
    lines = metric_lines(result.metrics, result.prevalence)
    headlines = [line for line in lines if line.name in metric_names.HEADLINES]
    page = templates().get_template("report.html.j2")
    return page.render(
        title=result.recipe.replace("_", " "),
        summary=result.summary,
        command=command,
        collapsed=result.collapsed,
        verdict=verdict(result),
        headlines=headlines,
        metrics=lines,
        by_protocol=result.comparison is not None and PROTOCOL in result.comparison,
        comparison=None if result.comparison is None else comparison_table(result.comparison),
        notes=result.notes,
        figures=[
            embedded(stem, picture, result.captions.get(stem, ""))
            for stem, picture in pictures.items()
        ],
        top=None if result.top is None else plain_table(result.top),
        config=_shown_items(flat_config(result.config)),
        environment=_shown_items(flat_config(environment)),
    )


def verdict(result: Result) -> str:
    """Return which variant is best, and whether a one-second baseline beats it.

    Rows chosen with the test labels, as published, are left out.
    """
    table = result.comparison
    if table is None or "roc_auc" not in table or table["roc_auc"].isna().all():
        auc = result.metrics.get("roc_auc")
        if auc is None or not np.isfinite(auc):
            return "The data has no labels, so nothing here says how many anomalies were found."
        return f"ROC-AUC {auc:.3f}, where a coin flip gets 0.500."
    named = table.assign(kind=row_kinds(table), variant=row_names(table))
    sound = ~named["variant"].isin(result.collapsed) & ~np.array(is_as_published(table))
    ranked = named[sound].dropna(subset=["roc_auc"]).sort_values("roc_auc")
    models, baselines = ranked[ranked["kind"] == "model"], ranked[ranked["kind"] == "baseline"]
    if models.empty:
        return ""
    best = models.iloc[-1]
    text = f"Best variant: {best['variant']}, ROC-AUC {best['roc_auc']:.3f}."
    if baselines.empty:
        return text
    simple = baselines.iloc[-1]
    gain = best["roc_auc"] - simple["roc_auc"]
    relation = "ahead of" if gain >= 0.0005 else "behind" if gain <= -0.0005 else "level with"
    return (
        f"{text} It is {relation} the best one-second baseline, {simple['variant']}, "
        f"{simple['roc_auc']:.3f}."
    )


def metric_lines(metrics: Mapping[str, Any], prevalence: float | None) -> list[MetricLine]:
    """Return the metrics for the page, in the order of the contract, then any others.

    Args:
        metrics: name to value.
        prevalence: share of anomalies in the test set, 0 to 1; None without labels.
    """
    order = [name for name in metric_names.METRICS if name in metrics]
    order += [name for name in metrics if name not in metric_names.METRICS]
    lines = []
    for name in order:
        known = metric_names.metric(name)
        trivial = metric_names.trivial_value(name, prevalence)
        has_value = metrics[name] is not None and trivial is not None
        lines.append(
            MetricLine(
                title=known.title,
                name=name,
                value=metric_names.shown(name, metrics[name]),
                meaning=known.meaning,
                trivial=f"{trivial:.3f} ({known.trivial})" if has_value else "",
            )
        )
    return lines


def comparison_table(comparison: pd.DataFrame) -> Table:
    """Return the table of variants; the best of each ranked column (and protocol) is marked.

    Trivial rows are not ranked.

    Columns that are equal in all rows, such as the number of samples, are left to the CSV.

    Args:
        comparison: one row per variant, optionally with a column `kind`.
    """
    kinds, tags = row_kinds(comparison), row_tags(comparison)
    groups = ranking_groups(comparison)
    comparison = comparison.drop(columns=_omitted_columns(comparison))
    table = plain_table(comparison, most=len(comparison))
    for column, name in enumerate(comparison.columns):
        best = metric_names.best_rows(name, comparison[name], kinds, groups)
        for row in np.flatnonzero(best):
            table.rows[row][column] = table.rows[row][column]._replace(best=True)
    return table._replace(tags=tags)


def _omitted_columns(comparison: pd.DataFrame) -> list[str]:
    """Return columns that are equal in all rows, and those shown as a tag."""
    return [
        name
        for name in comparison.columns
        if name in ("kind", "collapsed")
        or (
            name != "variant"
            and metric_names.metric(name).best is None
            and comparison[name].nunique(dropna=False) <= 1
        )
    ]


def _shown_items(flat: Mapping[str, Any]) -> list[tuple[str, str]]:
    def text(value: Any) -> str:
        if isinstance(value, (list, tuple)):
            return ", ".join(map(str, value)) or "(none)"
        return str(value)

    return [(name, text(value)) for name, value in flat.items()]
