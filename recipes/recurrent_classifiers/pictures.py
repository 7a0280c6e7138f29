"""Tables and figures of the recurrent recipe."""

import numpy as np
import pandas as pd

from recipes.recurrent_classifiers.rows import FORECAST, PRETRAINED
from zoo import explain
from zoo.report import figures
from zoo.report.table import row_names

CHARTED = 5  # series
JUDGED_BY = ("pr_auc", "roc_auc", "f1", "vus_pr")


def score_table(windows, judged, main):
    """Return a line per test window: when it ends, its series, its label, every row's score."""
    pairs = list(zip(windows.parts("test"), windows.rows("test"), strict=True))
    table = {
        "timestamp": np.concatenate([series.times[rows] for series, rows in pairs]),
        "series": np.repeat([series.name for series, _ in pairs], [len(rows) for _, rows in pairs]),
        "score": judged[main.name].scores,
        "label": windows.y["test"],
    }
    return pd.DataFrame(table | {f"score_{name}": one.scores for name, one in judged.items()})


def top_table(table, windows, main, count=10):
    """Return the most anomalous test windows, and which of their rows raised the score."""
    top = table.nlargest(count, "score")[["timestamp", "series", "score", "label"]]
    x = windows.x("test", main.input)[top.index]
    added = explain.integrated_gradients(main.contestant.model, x).sum(axis=-1)
    rows = ["last row", *(f"{back} back" for back in range(1, x.shape[1]))][::-1]
    return top.assign(because=explain.reasons(added, rows))


def pictures(config, series, windows, comparison, judged, main, history):
    """Return the figures and their captions.

    Args:
        config: The recipe's.
        series: The labelled series.
        windows: Their windows.
        comparison: The table of the run.
        judged: Name of a row to its outcome.
        main: The row that leads the report.
        history: Losses by epoch, row and phase.
    """
    rng = np.random.default_rng(config.seed)
    chosen = [series[n] for n in sorted(rng.permutation(len(series))[:CHARTED])]
    drawn = {
        "series": figures.series_grid(
            {each.name: (each.times, each.values[:, 0], each.labels) for each in chosen},
            f"{len(chosen)} of the {len(series)} series, chosen at random by seed {config.seed}",
            series[0].columns[0],
        )
    }
    captions = {
        "series": f"The first {config.train:.0%} of each trains, the next {config.validation:.0%} "
        f"choose thresholds, the rest judges."
    }
    judgeable = comparison[comparison["pr_auc"].notna() & (comparison["kind"] != "trivial")]
    if len(judgeable):
        drawn |= heat_maps(config, judgeable)
        captions["cells_by_input"] = "Each cell on each input, trained anew from the same weights."
        captions["table"] = "The rows of the table above by their four measures."
    for stem, (table, caption) in losses_of(config, history).items():
        drawn[f"training_{stem}"] = figures.training_curves(table)
        captions[f"training_{stem}"] = caption
    simple = judgeable[judgeable["kind"] == "baseline"]
    longest = int(np.argmax([each.labels[config.window :].sum() for each in windows.parts("test")]))
    best_simple = [simple.loc[simple["pr_auc"].idxmax(), "variant"]] if len(simple) else []
    for name in [main.name, *best_simple]:
        stem = "flags" if name == main.name else "flags_baseline"
        drawn[stem] = flags(windows, longest, judged[name])
        captions[stem] = (
            f"{name}, on the test part of the series with the most labelled rows there; the "
            f"threshold was chosen on validation, for all series at once."
        )
    return {"figures": drawn, "captions": captions}


def heat_maps(config, judgeable):
    """Return the cells by their inputs, and every row by every measure."""
    best = judgeable.loc[judgeable["pr_auc"].idxmax()]
    simple = judgeable.loc[judgeable["kind"] == "baseline", "pr_auc"].max()
    every = judgeable[list(JUDGED_BY)].set_axis(row_names(judgeable)).dropna(axis=1, how="all")
    drawn = {
        "table": figures.table_heat_map(
            every,
            f"The highest PR-AUC is {best['pr_auc']:.3f}, the better Z-score's {simple:.3f}",
            "larger is better",
        )
    }
    cells = judgeable[judgeable["variant"].isin(config.cells)]
    cells = cells[cells["imbalance"] == config.imbalance]
    if len(cells):
        best = cells.loc[cells["pr_auc"].idxmax()]
        grid = cells.pivot(index="variant", columns="input", values="pr_auc")
        grid = grid.reindex(index=list(config.cells), columns=list(config.inputs))
        drawn["cells_by_input"] = figures.table_heat_map(
            grid.rename_axis(index="cell", columns="input"),
            f"Of the cells, {best['variant']} on {best['input']} input has the highest PR-AUC",
            "PR-AUC",
        )
    return drawn


def losses_of(config, history):
    """Return losses that may be compared, as `training_curves` draws them, and captions."""
    is_cell = history["variant"].isin(config.cells) & (history["imbalance"] == config.imbalance)
    is_cure = history["variant"].isin(("gru",)) & ~is_cell
    is_forecast = history["variant"] == FORECAST
    scaled = history["input"].isin(history["input"][is_forecast])
    is_tuned = (history["variant"] == PRETRAINED) | (history["variant"].eq("lstm") & scaled)
    words = (history["variant"] + ", " + history["phase"]).str.removesuffix(", ")
    groups = {
        "cells": (is_cell, history["input"], history["variant"], "A panel an input."),
        "cures": (is_cure, history["imbalance"], history["variant"], "A panel a cure."),
        "pretrained": (
            (is_forecast | is_tuned) & is_forecast.any(),
            np.where(is_forecast, "of_forecast", "of_labels"),
            words,
            "First without labels, then with them; beside it, the same from random weights.",
        ),
    }
    return {
        stem: (in_panels(history[chosen], np.asarray(panel)[chosen], line[chosen]), caption)
        for stem, (chosen, panel, line, caption) in groups.items()
        if chosen.any()
    }


def in_panels(history, panel, line):
    """Return the losses with a column a panel and a row an epoch of a line."""
    table = pd.DataFrame({"epoch": history["epoch"], "variant": line})
    for name in dict.fromkeys(panel):
        table[f"loss_{name}"] = history["loss"].where(panel == name)
        table[f"val_loss_{name}"] = history["val_loss"].where(panel == name)
    return table


def flags(windows, number, one):
    """Draw the test part of one series, its scores by a row, and what its threshold flags."""
    part, rows = windows.parts("test")[number], windows.rows("test")[number]
    scores = np.full(len(part), np.nan)
    scores[rows] = windows.by_series(one.scores, "test")[number]
    return figures.series_scores(
        part.times,
        part.values[:, 0],
        scores,
        one.numbers.get("threshold"),
        part.labels,
        value_label=part.columns[0],
    )
