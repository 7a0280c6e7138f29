"""Finished runs side by side: a single HTML page that needs no network and no script."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pandas as pd

from zoo.errors import InputError
from zoo.report import comparison, figures, metric_names
from zoo.report import table as tables
from zoo.report.page import Cell, Table, embedded, plain_table, png, templates
from zoo.report.saved_run import SavedRun

METRICS = ("roc_auc", "pr_auc", "vus_pr", "f1")  # none that was chosen on the test labels
MAX_BARS = 24  # of a figure; the best are drawn
MAX_GROUPS = 6  # of runs on equal data; more get no bars
MAX_PANELS, MAX_LINES = 12, 8  # of the learning curves
MAX_LABEL = 30  # characters that tell a group of runs from another
MAX_NAMED_SETTINGS = 4  # settings named in the sentence at the top


class RunLine(NamedTuple):
    """A run with the command that repeats it.

    Attributes:
        name: as everywhere on the page.
        facts: recipe, backend, device, seed.
        command: the line that runs it again, or None.
        report: address of its report.html, relative to the page.
    """

    name: str
    facts: str
    command: str | None
    report: str


class Group(NamedTuple):
    """A variant of runs that differ only in the seed, or a baseline.

    Attributes:
        name: variant, and what tells the group from others where there are several.
        kind: `model`, `baseline` or `trivial`.
        rows: of `runs_table`.
        eligible: whether it may be called the best: no collapse, not chosen on test labels.
    """

    name: str
    kind: str
    rows: pd.DataFrame
    eligible: bool


@metric_names.with_own_metrics
def render(runs: Sequence[SavedRun], home: str | Path = ".") -> str:
    """Return the page.

    Args:
        runs: finished runs, at least one, of one recipe or several.
        home: folder the page will lie in, from which it links the runs' reports.

    Returns:
        The whole HTML document; all text from the data is escaped.

    Raises:
        ValueError: no runs.
        RunFolderError: a run's scores or history cannot be read.
    """
    if not runs:
        raise InputError("runs: none given, expected one or more; give run folders")
    table = comparison.runs_table(runs)
    table = table.assign(name=tables.variant_names(table))
    names = comparison.run_names(runs)
    data = _differing_data(runs)
    metrics = [name for name in METRICS if name in table and table[name].notna().any()]
    differences, unmatched = comparison.score_differences(runs)
    spread = comparison.spread_over_seeds(runs)
    several = spread is not None and (spread["seeds"] > 1).any()
    verdicts = _verdicts(runs, metrics)
    backends = sorted({str(name) for name in table["backend"].dropna()})
    page = templates().get_template("comparison.html.j2")
    return page.render(
        title=_title(runs),
        lead=lead(runs),
        alone=len(runs) == 1,
        data=data,
        several_recipes=len(_recipes(runs)) > 1,
        collapsed=_collapsed(table),
        verdicts=verdicts,
        bars=[part for part in verdicts if part["bars"]],
        seeds_draw_data=_seeds_draw_data(runs),
        tables=[
            {"title": metric_names.metric(name).title, "table": variants_table(table, names, name)}
            for name in metrics
        ],
        meanings=[
            (metric_names.metric(name).title, metric_names.metric(name).meaning) for name in metrics
        ],
        spread=_spread_table(spread, metrics, ranked=not data) if several else None,
        backends=_listed(backends) if len(backends) > 1 else "",
        backend_bars=_backend_bars(runs, metrics),
        differences=None if differences is None else _differences_table(differences),
        unmatched=unmatched,
        settings=_settings_table(runs, names),
        curves=_learning_curves(runs, names),
        runs=[_run_line(run, name, home) for run, name in zip(runs, names, strict=True)],
    )


def lead(runs: Sequence[SavedRun]) -> str:
    """Return one sentence: the number of runs, their recipes, and their differences."""
    table = comparison.runs_table(runs)
    kinds = dict(zip(tables.variant_names(table), tables.row_kinds(table), strict=True))
    counts = [
        _count(sum(kind == wanted for kind in kinds.values()), word)
        for wanted, word in (("model", "variant"), ("baseline", "one-second baseline"))
        if wanted in kinds.values()
    ]
    text = f"{_count(len(runs), 'run')} of {' and '.join(_recipes(runs))}, "
    text += f"{' and '.join(counts) or 'no variant'}"
    if len(runs) == 1:
        return f"{text}."
    differ = [
        f"{word} ({', '.join(dict.fromkeys(table[word].dropna().astype(str)))})"
        for word in ("backend", "device", "seed")
        if table[word].nunique() > 1
    ]
    settings = [name for name in _differing_settings(runs) if name != "seed"]
    differ += [name.replace("_", " ") for name in settings[:MAX_NAMED_SETTINGS]]
    if len(settings) > MAX_NAMED_SETTINGS:
        differ.append(_count(len(settings) - MAX_NAMED_SETTINGS, "other setting"))
    return f"{text}. The runs differ in {_listed(differ) or 'nothing but chance'}."


def verdict(groups: Sequence[Group], metrics: Sequence[str]) -> str:
    """Return which variant is best, whether by more than chance, and the best baseline."""
    if not metrics:
        return "No run has a metric that ranks; their data may have no labels."
    metric = metrics[0]
    title = metric_names.metric(metric).title
    known = [group for group in groups if _knows(group, metric) and group.eligible]
    ranked = sorted(known, key=lambda group: _mean(group, metric), reverse=True)
    models = [group for group in ranked if group.kind == "model"]
    if not models:
        return ""
    best, spread = models[0], _std(models[0], metric)
    value = metric_names.shown(metric, _mean(best, metric))
    if np.isfinite(spread):
        value = metric_names.shown_with_spread(metric, _mean(best, metric), spread)
        value += f" over {len(_by_seed(best, metric))} seeds"
    text = f"Highest {title}: {best.name}, {value}."
    if len(models) > 1:
        text += f" {_distance_to_next(best, models[1], metric)}"
    baselines = [group for group in ranked if group.kind == "baseline"]
    if baselines:
        simple = metric_names.shown(metric, _mean(baselines[0], metric))
        text += f" The best one-second baseline, {baselines[0].name}, gets {simple}."
    return text


def variants_table(table: pd.DataFrame, names: Sequence[str], metric: str) -> Table:
    """Return the table of one metric: a row per variant, a column per run, the best marked.

    Args:
        table: from `comparison.runs_table`, with a column `name`.
        names: of the runs, in their order.
        metric: the column to show.
    """
    variants = list(dict.fromkeys(table["name"]))
    rows = [[Cell(name), *(Cell("–", True) for _ in names)] for name in variants]
    for column, run in enumerate(names, start=1):
        own = table[table["run"] == run]
        kinds, groups = tables.row_kinds(own), tables.ranking_groups(own)
        best = metric_names.best_rows(metric, own[metric].astype(float), kinds, groups)
        facts = zip(own["name"], own[metric], best, tables.row_tags(own), strict=True)
        for name, value, is_best, tags in facts:
            tag = "collapsed" if "collapsed" in tags else ""
            shown = metric_names.shown(metric, value)
            cell = Cell(shown, True, bool(is_best) and not tag, tag)
            rows[variants.index(name)][column] = cell
    kinds = dict(zip(table["name"], tables.row_kinds(table), strict=True))
    tags = [[kinds[name]] if kinds[name] != "model" else [] for name in variants]
    return Table([Cell("Variant"), *(Cell(name, True) for name in names)], rows, tags)


def _verdicts(runs: Sequence[SavedRun], metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Return names, a verdict and one figure per metric for each group of runs on equal data."""
    gathered = comparison.data_groups(runs)
    every = dict(zip(map(id, runs), comparison.run_names(runs), strict=True))
    found = []
    for members in gathered:
        groups = _groups(members)
        known = [name for name in metrics if any(_knows(group, name) for group in groups)]
        names = [every[id(run)] for run in members] if len(gathered) > 1 else []
        drawn = _bars(groups, known) if len(gathered) <= MAX_GROUPS else []
        found.append({"names": names, "text": verdict(groups, known), "bars": drawn})
    return found


def _knows(group: Group, metric: str) -> bool:
    return metric in group.rows and bool(group.rows[metric].notna().any())


def _groups(runs: Sequence[SavedRun]) -> list[Group]:
    """Group models by variant and settings; baselines, which use no backend, come once."""
    found = []
    table = comparison.runs_table(runs)
    table = table.assign(name=tables.variant_names(table))
    names = comparison.run_names(runs)
    by_run = dict(zip(map(id, runs), names, strict=True))
    kinds = np.array(tables.row_kinds(table))
    for is_model in (True, False):
        gathered = comparison.seed_groups(runs, by_backend=is_model)
        labels = _labels(gathered, by_run)
        for members, label in zip(gathered, labels, strict=True):
            of_group = table["run"].isin([by_run[id(run)] for run in members])
            rows = table[of_group & ((kinds == "model") == is_model)]
            for name, own in rows.groupby("name", sort=False):
                tags = [word for words in tables.row_tags(own) for word in words]
                whole = f"{name} ({label})" if label else str(name)
                whole += " (collapsed)" if "collapsed" in tags else ""
                eligible = "collapsed" not in tags and not any(tables.is_as_published(own))
                kind = tables.row_kinds(own)[0]
                found.append(Group(whole, kind, own, eligible))
    return found


def _labels(gathered: Sequence[Sequence[SavedRun]], names: dict[int, str]) -> list[str]:
    """Return a label for each group of runs: backend and settings, else the names of its runs."""
    if len(gathered) == 1:
        return [""]
    firsts = [members[0] for members in gathered]
    backends = [run.metrics.get("backend") or run.environment.get("backend") for run in firsts]
    settings = comparison.differing_settings(firsts)
    labels = []
    for index, (members, backend) in enumerate(zip(gathered, backends, strict=True)):
        words = [str(backend)] if len(set(backends)) > 1 else []
        words += [
            f"{name.rpartition('.')[2].replace('_', ' ')} {values[index]}"
            for name, values in settings.items()
            if name != "seed" and values[index] is not None
        ]
        label = ", ".join(words)
        fits = label and len(label) <= MAX_LABEL
        labels.append(label if fits else ", ".join(names[id(run)] for run in members))
    if len(set(labels)) < len(labels):
        return [", ".join(names[id(run)] for run in members) for members in gathered]
    return labels


def _bars(groups: Sequence[Group], metrics: Sequence[str]) -> list[dict[str, str]]:
    """Draw one figure per metric: mean and spread of every group, or of the best ones."""
    drawn = []
    for metric in metrics:
        known = [group for group in groups if _knows(group, metric)]
        kept = sorted(known, key=lambda group: _mean(group, metric), reverse=True)[:MAX_BARS]
        table = pd.DataFrame(
            {
                "variant": [group.name for group in kept],
                "kind": [group.kind for group in kept],
                metric: [_mean(group, metric) for group in kept],
                f"{metric}_std": [_std(group, metric) for group in kept],
            }
        )
        if table[f"{metric}_std"].isna().all():
            table = table.drop(columns=f"{metric}_std")
        title = metric_names.metric(metric).title
        words = [f"{title} of each variant"]
        if f"{metric}_std" in table:
            words.append("means over seeds with their standard deviation")
        if len(known) > len(kept):
            words.append(f"the best {len(kept)} of {len(known)}")
        picture = png(figures.comparison_bars(table, metric))
        drawn.append(embedded(f"bars_{metric}", picture, f"{'; '.join(words)}."))
    return drawn


def _backend_bars(runs: Sequence[SavedRun], metrics: Sequence[str]) -> list[dict[str, str]]:
    """Draw the first metric of each group of runs that differ only in seed and backend."""
    drawn = []
    for members in comparison.seed_groups(runs, by_backend=False):
        table = comparison.runs_table(members)
        known = [name for name in metrics if name in table and table[name].notna().any()]
        if table["backend"].nunique() < 2 or not known:
            continue
        names = _listed(comparison.run_names(members))
        caption = f"{metric_names.metric(known[0]).title} by backend, equal settings: {names}."
        picture = png(figures.backend_bars(table, known[0]))
        drawn.append(embedded(f"backends_{len(drawn)}", picture, caption))
    return drawn


def _learning_curves(runs: Sequence[SavedRun], names: Sequence[str]) -> list[dict[str, str]]:
    """Draw the losses of each recipe: one panel per variant, one line per run."""
    drawn = []
    for recipe in dict.fromkeys(run.recipe for run in runs):
        pairs = zip(runs, names, strict=True)
        own = [(run, name) for run, name in pairs if run.recipe == recipe]
        if losses := _losses(own[:MAX_LINES]):
            table, left_out = losses
            caption = "Loss over the epochs, one panel per variant, one line per run"
            caption += f": {recipe.replace('_', ' ')}." if len(_recipes(runs)) > 1 else "."
            if len(own) > MAX_LINES:
                caption += f" The first {MAX_LINES} of {len(own)} runs."
            if left_out:
                caption += f" {_count(left_out, 'variant')} left out."
            picture = png(figures.training_curves(table))
            drawn.append(embedded(f"learning_curves_{recipe}", picture, caption))
    return drawn


def _losses(pairs: Sequence[tuple[SavedRun, str]]) -> tuple[pd.DataFrame, int] | None:
    """Return histories as `training_curves` draws them, and the number of variants left out.

    None if no run has losses.
    """
    parts = []
    for run, name in pairs:
        history = run.history()
        if not {"epoch", "loss"} <= set(history) or history["loss"].isna().all():
            continue
        words = [column for column in history if not pd.api.types.is_numeric_dtype(history[column])]
        panel = pd.Series("", history.index)
        if words:
            panel = history[words].fillna("").astype(str).agg(", ".join, axis=1)
        wanted = [column for column in ("epoch", "loss", "val_loss") if column in history]
        parts.append(history[wanted].assign(run=name, panel=panel.str.removesuffix(", ")))
    if not parts:
        return None
    every = pd.concat(parts, ignore_index=True)
    panels = list(dict.fromkeys(every.loc[every["loss"].notna(), "panel"]))
    table = every[["epoch", "run"]].copy()
    for panel in panels[:MAX_PANELS]:
        for column in ("loss", "val_loss"):
            if column in every:
                name = f"{column}_{panel}" if panel else column
                table[name] = every[column].where(every["panel"] == panel)
    return table, max(0, len(panels) - MAX_PANELS)


def _spread_table(spread: pd.DataFrame, metrics: Sequence[str], ranked: bool) -> Table:
    """Return variants with mean ± standard deviation; the best mean of each metric is marked."""
    spread = spread[spread["seeds"] > 1]
    order = {name: place for place, name in enumerate(dict.fromkeys(spread["variant"]))}
    spread = spread.sort_values("variant", key=lambda names: names.map(order), kind="stable")
    words = tables.text_columns(spread)
    differing = [name for name in ("recipe", "backend") if spread[name].nunique() > 1]
    keys = ["variant", *words, *differing, "seeds", "run"]
    shown = spread[keys].copy()
    shown["variant"] = shown["variant"].replace("", "(all)")
    for name in metrics:
        pairs = zip(spread[f"{name}_mean"], spread[f"{name}_std"], strict=True)
        shown[name] = [metric_names.shown_with_spread(name, *pair) for pair in pairs]
    shown = shown.rename(columns={"seeds": "Seeds", "run": "Runs"})
    table = plain_table(shown, most=len(shown))
    kinds, groups = tables.row_kinds(spread), tables.ranking_groups(spread)
    heads = list(table.heads)
    for column, name in enumerate(shown.columns):
        if name not in metrics:
            continue
        heads[column] = heads[column]._replace(numeric=True)
        best = metric_names.best_rows(name, spread[f"{name}_mean"], kinds, groups) & ranked
        for row, is_best in zip(table.rows, best, strict=True):
            row[column] = row[column]._replace(numeric=True, best=bool(is_best))
    return table._replace(heads=heads, tags=tables.row_tags(spread))


def _differences_table(differences: pd.DataFrame) -> Table:
    several = differences["recipe"].nunique() > 1
    named = differences if several else differences.drop(columns="recipe")
    named = named.assign(variant=named["variant"].replace("", "(all)"))
    for column in ("difference", "in_deviations"):
        named[column] = [f"{value:.2g}" for value in named[column]]
    named = named.rename(
        columns={
            "backends": "Backends",
            "seeds": "Pairs",
            "samples": "Scores",
            "difference": "Largest difference",
            "in_deviations": "in deviations",
            "rank_correlation": "Rank correlation",
        }
    )
    table = plain_table(named, most=len(named))
    first = [
        index for index, name in enumerate(named) if name in ("Largest difference", "in deviations")
    ]
    for cells in (table.heads, *table.rows):
        for index in first:
            cells[index] = cells[index]._replace(numeric=True)
    return table


def _settings_table(runs: Sequence[SavedRun], names: Sequence[str]) -> Table | None:
    """Return a row per differing setting, a column per run; None if none differs."""
    values = _differing_settings(runs)
    for name, own in _versions(runs).items():
        if len(set(own)) > 1:
            values[name] = own
    if not values:
        return None
    rows = [[Cell(name), *(Cell(_said(value)) for value in own)] for name, own in values.items()]
    return Table([Cell("Setting"), *map(Cell, names)], rows, [[] for _ in rows])


def _differing_settings(runs: Sequence[SavedRun]) -> dict[str, list[Any]]:
    """Return settings that differ within a recipe, one value per run, None in other recipes."""
    found: dict[str, list[Any]] = {}
    for recipe in dict.fromkeys(run.recipe for run in runs):
        places = [place for place, run in enumerate(runs) if run.recipe == recipe]
        for name, values in comparison.differing_settings([runs[n] for n in places]).items():
            row = found.setdefault(name, [None] * len(runs))
            for place, value in zip(places, values, strict=True):
                row[place] = value
    return found


def _differing_data(runs: Sequence[SavedRun]) -> list[str]:
    """Return `comparison.differing_data` within each recipe, and whether recipes differ."""
    recipes = _recipes(runs)
    found = [f"recipe: {', '.join(recipes)}"] if len(recipes) > 1 else []
    for recipe in dict.fromkeys(run.recipe for run in runs):
        phrases = comparison.differing_data([run for run in runs if run.recipe == recipe])
        found += [phrase for phrase in phrases if phrase not in found]
    return found


def _versions(runs: Sequence[SavedRun]) -> dict[str, list[str]]:
    """Return backend, device and versions of each run's machine."""
    wanted = ("backend", "backend_version", "device", "device_name", "keras", "zoo", "platform")
    return {
        name.replace("_", " "): [
            str(run.environment.get(name, run.metrics.get(name, "–"))) for run in runs
        ]
        for name in wanted
    }


def _run_line(run: SavedRun, name: str, home: str | Path) -> RunLine:
    seed = run.metrics.get("seed", run.config.get("seed"))
    facts = [
        run.recipe.replace("_", " "),
        run.metrics.get("backend") or run.environment.get("backend"),
        run.metrics.get("device") or run.environment.get("device"),
        None if seed is None else f"seed {seed}",
    ]
    report = Path(os.path.abspath(run.path)) / "report.html"
    try:
        address = quote(Path(os.path.relpath(report, home)).as_posix())
        address = address if address.startswith((".", "/")) else f"./{address}"
    except ValueError:  # on another drive
        address = report.as_uri()
    return RunLine(name, ", ".join(str(fact) for fact in facts if fact), run.command, address)


def _collapsed(table: pd.DataFrame) -> list[str]:
    if "collapsed" not in table:
        return []
    bad = table[table["collapsed"] == 1]
    return [f"{name} in {run}" for name, run in zip(bad["name"], bad["run"], strict=True)]


def _seeds_draw_data(runs: Sequence[SavedRun]) -> bool:
    """Return whether two runs that differ only in the seed have different test labels."""
    for one, other in combinations(runs, 2):
        settings = set(comparison.differing_settings([one, other]))
        if one.recipe == other.recipe and settings == {"seed"}:
            labels = [run.scores().get("label") for run in (one, other)]
            if all(each is not None for each in labels) and not labels[0].equals(labels[1]):
                return True
    return False


def _distance_to_next(best: Group, second: Group, metric: str) -> str:
    """Return a sentence on the distance to the next group."""
    gap = _mean(best, metric) - _mean(second, metric)
    noise = max(_std(best, metric), _std(second, metric))
    if gap < 0.0005:
        return f"The next, {second.name}, is level with it."
    text = f"The next, {second.name}, is {gap:.3f} behind"
    if not np.isfinite(_std(best, metric) + _std(second, metric)):
        return f"{text}; with one seed each, how much of that is chance is not known."
    if gap > 2 * noise:
        return f"{text}, more than twice the standard deviation over seeds."
    return f"{text}, which seeds alone can do: the standard deviation over them is {noise:.3f}."


def _by_seed(group: Group, metric: str) -> pd.Series:
    """Return one number per seed; a baseline is the same under every backend."""
    return group.rows.groupby("seed", dropna=False)[metric].mean()


def _mean(group: Group, metric: str) -> float:
    return float(_by_seed(group, metric).mean())


def _std(group: Group, metric: str) -> float:
    """Return the standard deviation over seeds, NaN for one seed."""
    return float(_by_seed(group, metric).std())


def _title(runs: Sequence[SavedRun]) -> str:
    recipes = _recipes(runs)
    return recipes[0] if len(recipes) == 1 else f"{len(recipes)} recipes side by side"


def _recipes(runs: Sequence[SavedRun]) -> list[str]:
    return list(dict.fromkeys(run.recipe.replace("_", " ") for run in runs))


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _said(value: Any) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
