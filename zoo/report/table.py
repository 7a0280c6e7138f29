"""Tables of variants: their kinds and tags, names that tell rows apart, and which rows rank.

A comparison is a data frame with one row per variant and a column `variant`. Optional columns:
`kind` (`model`, `baseline` or `trivial`), `collapsed`, `protocol`, and columns of words, such as
`input`, that tell rows apart. pandas is imported where it is used, so that `zoo list` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SETTING_COLUMNS = ("run", "recipe", "variant", "kind", "backend", "device", "seed")
FLAGS = ("collapsed",)
PROTOCOL = "protocol"
AS_PUBLISHED = "as published"  # a protocol


def row_kinds(comparison: pd.DataFrame) -> list[str]:
    """Return `model`, `baseline` or `trivial` for each row; `model` where no kind is given."""
    if "kind" not in comparison:
        return ["model"] * len(comparison)
    return [str(kind) for kind in comparison["kind"].fillna("model")]


def row_tags(comparison: pd.DataFrame) -> list[list[str]]:
    """Return the words beside each row's variant: its kind unless `model`, and `collapsed`."""
    tags = [[kind] if kind != "model" else [] for kind in row_kinds(comparison)]
    if "collapsed" in comparison:
        for words, collapsed in zip(tags, comparison["collapsed"] == 1, strict=True):
            words += ["collapsed"] if collapsed else []
    return tags


def text_columns(comparison: pd.DataFrame) -> list[str]:
    """Return the columns of words that tell rows apart beside the variant, such as `input`."""
    import pandas as pd

    return [
        name
        for name in comparison.columns.difference(SETTING_COLUMNS, sort=False)
        if not pd.api.types.is_numeric_dtype(comparison[name])
        and name not in FLAGS
        and comparison[name].nunique(dropna=False) > 1
    ]


def row_names(comparison: pd.DataFrame) -> list[str]:
    """Return one name per row: its variant and, where rows share it, the words that differ.

    Args:
        comparison: one row per variant, with `variant` and any columns of words.

    Returns:
        Names such as `GRU (scaled, focal loss)` where the variant `GRU` occurs more than once.
    """
    shared = comparison["variant"].duplicated(keep=False)
    words = comparison[text_columns(comparison)].itertuples(index=False, name=None)
    names = []
    for variant, is_shared, row in zip(comparison["variant"], shared, words, strict=True):
        known = ", ".join(word for word in row if isinstance(word, str) and word)
        names.append(f"{variant} ({known})" if is_shared and known else str(variant))
    return names


def variant_names(runs: pd.DataFrame) -> list[str]:
    """Return one name per row of several runs, the same for a variant in every run.

    A name is the variant, the words that tell rows of one run apart, and the recipe where there
    are several recipes or no variants.

    Args:
        runs: from `zoo.report.comparison.runs_table`.
    """
    words = text_columns(runs)
    if "run" in runs:
        within = runs.groupby("run", sort=False)
        words = [name for name in words if within[name].nunique(dropna=False).max() > 1]
    names = row_names(runs[["variant", *words]])
    if "recipe" not in runs:
        return names
    recipes = runs["recipe"].astype(str).str.replace("_", " ")
    several = recipes.nunique() > 1
    return [
        f"{recipe}: {name}" if name and several else name or recipe
        for name, recipe in zip(names, recipes, strict=True)
    ]


def ranking_groups(comparison: pd.DataFrame) -> list[str]:
    """Return the group within which each row is ranked: its protocol, or one group for all."""
    if PROTOCOL not in comparison:
        return [""] * len(comparison)
    return [str(protocol) for protocol in comparison[PROTOCOL]]


def is_as_published(comparison: pd.DataFrame) -> list[bool]:
    """Return whether each row was chosen with the test labels, as its source project did."""
    return [group.replace("_", " ") == AS_PUBLISHED for group in ranking_groups(comparison)]
