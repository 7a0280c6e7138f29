"""Tables and figures of the server recipe."""

import numpy as np
import pandas as pd
from keras import ops

from recipes.transformer_gan_servers.baselines import centered
from zoo import explain
from zoo.models import Autoencoder, TransformerGAN
from zoo.report import figures


def score_table(config, task, judged):
    """Return one row per window or point that was judged."""
    step = config.stride if config.level == "windows" else 1
    length = config.window if config.level == "windows" else 1
    counts = [len(x) if config.level == "windows" else len(x) + config.window - 1
              for x in task.x_test]  # fmt: skip
    first = np.concatenate([np.arange(count) * step for count in counts])
    main = judged[config.variants[0]]
    table = pd.DataFrame({
        "server": np.repeat(task.names, counts),
        "first_row": first,
        "last_row": first + length - 1,
        "score": main.scores,
    })  # fmt: skip
    if task.labelled:
        table["label"] = task.y
    return table.assign(**{f"score_{name}": each.scores for name, each in judged.items()})


def top_table(config, task, judged, count=5):
    """Return the most anomalous windows, apart from each other, and what raised their scores."""
    found = []
    ranked = score_table(config, task, {config.variants[0]: judged}).sort_values(
        "score", ascending=False
    )
    for row in ranked.itertuples():
        near = [r for r in found if r.server == row.server]
        if all(abs(row.first_row - other.first_row) >= config.window for other in near):
            found.append(row)
        if len(found) == count:
            break
    because = explain.reasons(
        errors_at(config, task, judged.contestant.model, found), task.columns, 3
    )
    return pd.DataFrame(found)[["server", "first_row", "last_row", "score"]].assign(because=because)


def window_at(config, task, row):
    """Return the judged window that starts nearest to a row of the table, and its first row."""
    x = task.x_test[task.names.index(row.server)]
    step = config.stride if config.level == "windows" else 1
    number = min(row.first_row // step, len(x) - 1)
    return x[number], number * step


def errors_at(config, task, model, rows):
    """Return the squared error of every number of the windows at rows of the score table."""
    x = np.stack([window_at(config, task, row)[0] for row in rows])
    if config.normalize == "center" and isinstance(model, Autoencoder):
        x = centered(x)
    return explain.error_map(model, x)


def pictures(config, servers, task, contestants, judged, cures):
    """Return the figures and their captions.

    Args:
        config: The recipe's.
        servers: The rows of each server, as they were.
        task: Their windows.
        contestants: Name to contestant.
        judged: Name to outcome.
        cures: F1 by threshold and continuation, or None.
    """
    main = config.variants[0]
    best = judged[main]
    labels = task.y if task.labelled else None
    drawn, captions = {}, {}
    if labels is not None and 0 < labels.sum() < len(labels):
        shown = {n: judged[n].scores for n in list(contestants)[:8]}
        drawn["precision_recall"] = figures.precision_recall_curves(
            {name: (labels, scores) for name, scores in shown.items()},
            points={main: best.fixed},
        )  # fmt: skip
        captions["precision_recall"] = "The dot is the threshold from held-out normal rows."
        drawn["scores"] = figures.score_histogram(
            best.scores, labels, {"held-out normals": best.fixed, "adaptive": best.adaptive}
        )
        captions["scores"] = f"Scores of {main}, and its two thresholds."
    first = len(task.x_test[0]) if config.level == "windows" else len(servers[0].test)
    rows = np.arange(first) * config.stride + config.window - 1
    rows = rows if config.level == "windows" else np.arange(first)
    level = np.abs(task.scaled(servers[0].test)).mean(axis=1)[rows]
    drawn["series"] = figures.series_scores(
        rows, level, best.scores[:first], best.adaptive, task.labels[0],
        f"{task.names[0]}: what {main} flags", "mean |z| of the metrics",
    )  # fmt: skip
    captions["series"] = f"Each of the {config.level} that were judged; the line is adaptive."
    if cures is not None:
        drawn["cures"] = figures.table_heat_map(
            cures, "What cures drift: F1 by threshold and continuation", "F1"
        )
        captions["cures"] = (
            "Rows: how row errors become a window's score, and where the threshold comes from. "
            "Columns: detector, and whether the test part continues the training process."
        )
    row = next(score_table(config, task, {main: best}).nlargest(1, "score").itertuples())
    rows = window_at(config, task, row)[1] + np.arange(config.window)
    drawn["why"] = figures.window_contributions(
        servers[task.names.index(row.server)].test[rows],
        errors_at(config, task, best.contestant.model, [row])[0],
        task.columns,
        times=rows,
    )
    captions["why"] = (
        f"The most anomalous window of {row.server}: the metrics that {main} could not "
        f"reconstruct, and in which rows."
    )
    drawn |= attention_pictures(config, task, best)
    captions |= {
        name: "Row: the step that looks; column: the step it looks at. One colour scale for both "
        "windows, logarithmic; the mark in its legend is even attention."
        for name in drawn
        if name.startswith("attention")
    }
    return {"figures": drawn, "captions": captions}


def attention_pictures(config, task, judged):
    """Return the attention of the most normal and of the most anomalous window."""
    model = judged.contestant.model
    if not isinstance(model, TransformerGAN):
        return {}
    table = score_table(config, task, {config.variants[0]: judged}).sort_values("score")
    ends = {"normal": next(table.itertuples()), "anomalous": next(table[::-1].itertuples())}
    x = np.stack([window_at(config, task, row)[0] for row in ends.values()])
    view = model.view(ops.convert_to_tensor(x))[0]
    weights = explain.attention_weights(model.transformer, view)
    return {
        f"attention_{kind}": figures.attention_maps(
            weights[i],
            f"Attention in the {'least' if kind == 'normal' else 'most'} anomalous window",
            highest=float(weights.max()),
        )
        for i, kind in enumerate(ends)
    }
