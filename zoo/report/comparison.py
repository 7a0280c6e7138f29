"""Several finished runs side by side: one table, the spread over seeds, and whether data differ."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.report.config import flat_config
from zoo.report.saved_run import SavedRun
from zoo.report.table import SETTING_COLUMNS, row_kinds, row_names, text_columns

DATA_METRICS = ("n_train", "n_test")


def run_names(runs: Sequence[SavedRun]) -> list[str]:
    """Return the name of each run's folder, with as many parents as tell it from the others."""
    paths = [Path(os.path.abspath(run.path)).parts for run in runs]

    def name(own: tuple[str, ...]) -> str:
        length = 1
        while length < len(own) and any(
            other[-length:] == own[-length:] for other in paths if other != own
        ):
            length += 1
        return "/".join(own[-length:])

    return [name(own) for own in paths]


def runs_table(runs: Sequence[SavedRun]) -> pd.DataFrame:
    """Return one row per run and variant.

    Args:
        runs: finished runs, of one recipe or several.

    Returns:
        Columns `run`, `recipe`, `variant`, `kind`, `backend`, `device`, `seed`, then every metric;
        a run without variants has one row, whose variant is empty.
    """
    rows = []
    for run, name in zip(runs, run_names(runs), strict=True):
        common = {
            "run": name,
            "recipe": run.recipe,
            "variant": "",
            "kind": "model",
            "backend": _backend(run),
            "device": run.metrics.get("device") or run.environment.get("device"),
            "seed": _seed(run),
        }
        if run.comparison is None:
            rows.append(common | run.metrics)
        else:
            rows += [common | row for row in run.comparison.to_dict("records")]
    table = pd.DataFrame(rows)
    metrics = [name for name in table.columns if name not in SETTING_COLUMNS]
    return table[[*SETTING_COLUMNS, *metrics]]


def spread_over_seeds(runs: Sequence[SavedRun]) -> pd.DataFrame | None:
    """Return mean and standard deviation of runs that differ only in the seed, per variant.

    Args:
        runs: finished runs, of one recipe or several.

    Returns:
        One row per recipe, config, backend and variant (and columns of words, such as `input`) with
        at least two runs: `recipe`, `variant`, `kind`, `backend`, those columns, `run` (their
        names), `runs` and `seeds` (how many), then `<metric>_mean` and `<metric>_std` (sample
        standard deviation). None if no two runs belong together.
    """
    table = runs_table(runs)
    keys = [_all_but_seed(run) for run in runs for _ in range(_row_count(run))]
    metrics = [
        name
        for name in table.columns.difference(SETTING_COLUMNS, sort=False)
        if pd.api.types.is_numeric_dtype(table[name])
        and not pd.api.types.is_bool_dtype(table[name])
    ]
    rows = []
    compared = {name for run in runs if run.comparison is not None for name in run.comparison}
    words = [name for name in text_columns(table) if name in compared]
    labels = ["recipe", "variant", "kind", "backend", *words]
    for key, group in table.groupby([keys, *labels], sort=False, dropna=False):
        if len(group) < 2:
            continue
        row: dict[str, Any] = dict(zip(labels, key[1:], strict=True))
        row |= {"run": ", ".join(group["run"]), "runs": len(group)}
        row |= {"seeds": group["seed"].nunique()}
        for name in metrics:
            row[f"{name}_mean"] = group[name].mean()
            row[f"{name}_std"] = group[name].std()
        rows.append(row)
    return pd.DataFrame(rows) if rows else None


def seed_groups(runs: Sequence[SavedRun], by_backend: bool = True) -> list[list[SavedRun]]:
    """Group runs that differ only in the seed.

    Args:
        runs: finished runs, of one recipe or several.
        by_backend: keep backends apart; False puts them together.
    """
    groups: dict[Any, list[SavedRun]] = {}
    for run in runs:
        key = _all_but_seed(run), _backend(run) if by_backend else None
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def score_differences(runs: Sequence[SavedRun]) -> tuple[pd.DataFrame | None, list[str]]:
    """Return how far scores of the same sample differ where only the backend differs.

    Args:
        runs: finished runs, of one recipe or several.

    Returns:
        One row per recipe, model and pair of backends: `recipe`, `variant`, `backends`, `seeds` and
        `samples` (how many were compared), `difference` (the largest), `in_deviations` (that, in
        standard deviations of the score) and `rank_correlation` (Spearman's, the lowest of the
        seeds). None if nothing can be compared. And a phrase for each pair of runs whose scores.csv
        do not list the same samples.
    """
    found, problems = [], []
    for group in seed_groups(runs, by_backend=False):
        for one, other in combinations(group, 2):
            if _seed(one) != _seed(other) or _backend(one) == _backend(other):
                continue
            scores = [run.scores() for run in (one, other)]
            columns = [[name for name in table if name.startswith("score")] for table in scores]
            samples = [
                table.drop(columns=named) for table, named in zip(scores, columns, strict=True)
            ]
            if columns[0] != columns[1] or not samples[0].equals(samples[1]):
                problems.append(" and ".join(run_names([one, other])))
                continue
            rows = _differences(*scores, _models(one, columns[0]))
            pair = {"recipe": one.recipe, "backends": f"{_backend(one)}, {_backend(other)}"}
            found += [pair | row for row in rows]
    if not found:
        return None, problems
    groups = pd.DataFrame(found).groupby(["recipe", "variant", "backends"], sort=False)
    table = groups.agg(
        seeds=("samples", "size"),
        samples=("samples", "sum"),
        difference=("difference", "max"),
        in_deviations=("in_deviations", "max"),
        rank_correlation=("rank_correlation", "min"),
    )
    return table.reset_index(), problems


def _models(run: SavedRun, columns: Sequence[str]) -> dict[str, str]:
    """Return the columns of scores.csv that hold a model's scores, with the model's name."""
    if run.comparison is None:
        return {"score": ""} if "score" in columns else {}
    kinds = dict(zip(row_names(run.comparison), row_kinds(run.comparison), strict=True))
    kinds |= dict(zip(run.comparison["variant"], row_kinds(run.comparison), strict=True))
    parts = {name: name.removeprefix("score_") for name in columns if name != "score"}
    models = {name: part for name, part in parts.items() if kinds.get(part, "model") == "model"}
    return models or {name: "" for name in columns if name == "score"}


def _differences(
    one: pd.DataFrame, other: pd.DataFrame, models: dict[str, str]
) -> list[dict[str, Any]]:
    rows = []
    for column, variant in models.items():
        gap = (one[column] - other[column]).abs()
        spread = one[column].std()
        rows.append(
            {
                "variant": variant,
                "samples": int(gap.notna().sum()),
                "difference": gap.max(),
                "in_deviations": gap.max() / spread if spread > 0 else float("nan"),
                "rank_correlation": one[column].corr(other[column], method="spearman"),
            }
        )
    return rows


def differing_settings(runs: Sequence[SavedRun]) -> dict[str, list[Any]]:
    """Return the config fields whose values differ between runs, by dotted name.

    Returns:
        Field name to one value per run, in the order of `runs`; None where a run lacks the field.
    """
    configs = [flat_config(run.config) for run in runs]
    names = dict.fromkeys(name for config in configs for name in config)
    columns = {name: [config.get(name) for config in configs] for name in names}
    return {name: values for name, values in columns.items() if _differ(values)}


def data_groups(runs: Sequence[SavedRun]) -> list[list[SavedRun]]:
    """Group runs whose numbers are comparable: those of equal recipe and data."""
    groups: list[list[SavedRun]] = []
    for run in runs:
        for group in groups:
            if group[0].recipe == run.recipe and not differing_data([group[0], run]):
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def differing_data(runs: Sequence[SavedRun]) -> list[str]:
    """Return the reasons why the runs' numbers are not comparable; empty if there are none.

    A setting is one of the data where a run's recipe declares it so (`zoo.report.config`).

    Returns:
        One phrase per data setting or sample count that differs: `dataset: digits, mnist`.
    """
    declared = {name for run in runs for name in run.data_settings}
    found = {name: values for name, values in differing_settings(runs).items() if name in declared}
    for name in DATA_METRICS:
        values = [run.metrics.get(name) for run in runs]
        if _differ(values):
            found[name] = values
    return [
        f"{name}: {', '.join(dict.fromkeys(map(str, values)))}" for name, values in found.items()
    ]


def _all_but_seed(run: SavedRun) -> str:
    config = {name: value for name, value in run.config.items() if name != "seed"}
    return json.dumps([run.recipe, config, run.metrics.get("n_test")], sort_keys=True)


def _backend(run: SavedRun) -> str | None:
    return run.metrics.get("backend") or run.environment.get("backend")


def _seed(run: SavedRun) -> Any:
    return run.metrics.get("seed", run.config.get("seed"))


def _row_count(run: SavedRun) -> int:
    return 1 if run.comparison is None else len(run.comparison)


def _differ(values: Sequence[Any]) -> bool:
    return len({json.dumps(value, sort_keys=True) for value in values}) > 1
