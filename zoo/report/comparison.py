"""Several finished runs side by side: one table, the spread over seeds, and whether data differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo.report.config import flat_config

if TYPE_CHECKING:
    import pandas as pd

    from zoo.report.run_folder import SavedRun

DATA_FIELDS = ("dataset", "normal_class", "train", "test", "folder", "path", "window", "stride")
DATA_METRICS = ("n_train", "n_test")
SETTING_COLUMNS = ("run", "recipe", "variant", "kind", "backend", "device", "seed")
FLAGS = ("collapsed",)
PROTOCOL = "protocol"
AS_PUBLISHED = "as published"  # a protocol


def row_kinds(comparison: pd.DataFrame) -> list[str]:
    """`model`, `baseline` or `trivial` for each row of a comparison; `model` if it says none."""
    if "kind" not in comparison:
        return ["model"] * len(comparison)
    return [str(kind) for kind in comparison["kind"].fillna("model")]


def row_tags(comparison: pd.DataFrame) -> list[list[str]]:
    """What a reader must know of each row beside its variant: its kind, unless it is a model, and
    whether it collapsed.
    """
    tags = [[kind] if kind != "model" else [] for kind in row_kinds(comparison)]
    if "collapsed" in comparison:
        for words, collapsed in zip(tags, comparison["collapsed"] == 1, strict=True):
            words += ["collapsed"] if collapsed else []
    return tags


def text_columns(comparison: pd.DataFrame) -> list[str]:
    """Columns of words that tell rows apart beside their variant: `input`, `imbalance`."""
    import pandas as pd

    return [
        name
        for name in comparison.columns.difference(SETTING_COLUMNS, sort=False)
        if not pd.api.types.is_numeric_dtype(comparison[name])
        and name not in FLAGS
        and comparison[name].nunique(dropna=False) > 1
    ]


def row_names(comparison: pd.DataFrame) -> list[str]:
    """One name per row: its variant and, where several rows share it, what tells them apart.

    Args:
        comparison: one row per variant, with `variant` and any columns of words.

    Returns:
        `GRU (scaled, focal loss)` for a row whose variant `GRU` is met more than once.
    """
    shared = comparison["variant"].duplicated(keep=False)
    words = comparison[text_columns(comparison)].itertuples(index=False, name=None)
    names = []
    for variant, is_shared, row in zip(comparison["variant"], shared, words, strict=True):
        known = ", ".join(word for word in row if isinstance(word, str) and word)
        names.append(f"{variant} ({known})" if is_shared and known else str(variant))
    return names


def ranking_groups(comparison: pd.DataFrame) -> list[str]:
    """What each row may be ranked against: a protocol's numbers compare with none but its own."""
    if PROTOCOL not in comparison:
        return [""] * len(comparison)
    return [str(protocol) for protocol in comparison[PROTOCOL]]


def is_as_published(comparison: pd.DataFrame) -> list[bool]:
    """Which rows chose with the test labels in hand, as their source did."""
    return [group.replace("_", " ") == AS_PUBLISHED for group in ranking_groups(comparison)]


def runs_table(runs: Sequence[SavedRun]) -> pd.DataFrame:
    """One row per run and variant.

    Args:
        runs: finished runs, of one recipe or several.

    Returns:
        Columns `run`, `recipe`, `variant`, `kind`, `backend`, `device`, `seed`, then every metric;
        a run without variants has one row, whose variant is empty.
    """
    import pandas as pd

    rows = []
    for run in runs:
        common = {
            "run": run.path.name,
            "recipe": run.recipe,
            "variant": "",
            "kind": "model",
            "backend": run.metrics.get("backend") or run.environment.get("backend"),
            "device": run.metrics.get("device") or run.environment.get("device"),
            "seed": run.metrics.get("seed", run.config.get("seed")),
        }
        if run.comparison is None:
            rows.append(common | run.metrics)
        else:
            rows += [common | row for row in run.comparison.to_dict("records")]
    table = pd.DataFrame(rows)
    metrics = [name for name in table.columns if name not in SETTING_COLUMNS]
    return table[[*SETTING_COLUMNS, *metrics]]


def spread_over_seeds(runs: Sequence[SavedRun]) -> pd.DataFrame | None:
    """Mean and standard deviation of runs that differ in nothing but the seed, per variant.

    Args:
        runs: finished runs, of one recipe or several.

    Returns:
        One row per recipe, config, backend and variant (and columns of words, such as `input`) with
        at least two runs: `recipe`, `variant`, `kind`, `backend`, those columns, `runs`, then
        `<metric>_mean` and `<metric>_std` (sample standard deviation). None if no two runs belong
        together.
    """
    import pandas as pd

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
        row: dict[str, Any] = dict(zip(labels, key[1:], strict=True)) | {"runs": len(group)}
        for name in metrics:
            row[f"{name}_mean"] = group[name].mean()
            row[f"{name}_std"] = group[name].std()
        rows.append(row)
    return pd.DataFrame(rows) if rows else None


def differing_settings(runs: Sequence[SavedRun]) -> dict[str, list[Any]]:
    """Config fields whose values differ between runs, by dotted name.

    Returns:
        Field name to one value per run, in the order of `runs`; None where a run lacks the field.
    """
    configs = [flat_config(run.config) for run in runs]
    names = dict.fromkeys(name for config in configs for name in config)
    columns = {name: [config.get(name) for config in configs] for name in names}
    return {name: values for name, values in columns.items() if _differ(values)}


def differing_data(runs: Sequence[SavedRun]) -> list[str]:
    """Why the runs' numbers must not be held against each other; empty if nothing speaks so.

    Returns:
        One phrase per data setting or sample count that differs: `dataset: digits, mnist`.
    """
    found = {
        name: values
        for name, values in differing_settings(runs).items()
        if name.rpartition(".")[2] in DATA_FIELDS
    }
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


def _row_count(run: SavedRun) -> int:
    return 1 if run.comparison is None else len(run.comparison)


def _differ(values: Sequence[Any]) -> bool:
    return len({json.dumps(value, sort_keys=True) for value in values}) > 1
