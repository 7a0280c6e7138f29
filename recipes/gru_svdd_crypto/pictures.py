"""Tables and figures of the candle recipe."""

import keras
import numpy as np
import pandas as pd

from zoo import explain
from zoo.data.candles.ohlcv import FEATURES, candle_features, describe_move
from zoo.report import figures
from zoo.report.projections import pca_map, tsne_map

MOST_POINTS = 1500  # windows as they are in a map of embeddings


def score_table(task, judged, main):
    """Return one row per window, as it was (label 0) or with an injected event (label 1)."""
    stops = task.events["stop"] - 1
    table = pd.DataFrame(
        {
            "timestamp": task.test.index[np.concatenate([task.ends, stops])],
            "score": judged[main].scores,
            "label": task.labels,
            "event": [""] * len(task.ends) + task.events["kind"].to_list(),
        }
    )
    return table.assign(**{f"score_{name}": each.scores for name, each in judged.items()})


def top_table(task, ends, scores, contributions, window):
    """Return the most anomalous windows: when, what kind of move, and what made the score."""
    start, end = task.test.index[ends - window + 1], task.test.index[ends]
    moves = [describe_move(task.test, end - window + 1, end + 1) for end in ends]
    because = explain.reasons(contributions, FEATURES)
    return pd.DataFrame(
        {"start": start, "end": end, "score": scores, "move": moves, "because": because}
    )


def pictures(config, task, judged, ends, contributions):
    """Return the figures and their captions.

    Args:
        config: The recipe's.
        task: Its data.
        judged: Name of the contestant to its outcome.
        ends: The last candle of each of the most anomalous windows.
        contributions: What each number of these windows adds to the score.
    """
    main = judged[config.variants[0]]
    per_candle = np.full(len(task.test), np.nan)
    per_candle[task.ends] = main.scores[: len(task.ends)]
    first = slice(ends[0] - config.window + 1, ends[0] + 1)
    drawn = {
        "price": figures.price_chart(
            task.test.index,
            task.test["close"],
            ends,
            main.numbers["threshold"],
            per_candle,
            title=f"The {len(ends)} most anomalous windows of {task.names[1]}",
        ),
        "why": figures.window_contributions(
            candle_features(task.test)[first],
            contributions[0],
            FEATURES,
            times=task.test.index[first],
        ),
    }
    captions = {
        "price": f"Each mark is the last candle of a window of {config.window}; the threshold is "
        f"the {config.percentile:g}th percentile of held-out training scores.",
        "why": "Integrated gradients of the most anomalous window, from the mean of training: "
        "which feature raised the score, and when.",
    }
    rows = np.random.default_rng(config.seed).choice(
        len(task.x_test), min(MOST_POINTS, len(task.x_test)), False
    )
    shown = np.concatenate([task.x_test[np.sort(rows)], task.x_events])
    labels = np.repeat([0, 1], [len(rows), len(task.x_events)])
    for name in config.variants:
        maps, said = embedding_maps(name, judged[name], shown, labels, config.seed)
        drawn |= maps
        captions |= said
    return {"figures": drawn, "captions": captions}


def embedding_maps(name, judged, x, labels, seed):
    """Return the embeddings of windows as PCA and as t-SNE draw them, and the captions."""
    model, threshold = judged.contestant.model, judged.numbers["threshold"]
    embeddings = model.encoder.predict(x, batch_size=1024, verbose=0)
    center = keras.ops.convert_to_numpy(model.sphere.center)
    outside = np.sum((embeddings - center) ** 2, axis=1) > threshold
    flat, close = pca_map(embeddings, center), tsne_map(embeddings, seed, center=center)
    drawn = {
        f"pca_{name}": figures.embedding_map(
            flat.points,
            labels,
            f"PCA of embeddings, {name} center",
            flat.center,
            radius=float(np.sqrt(threshold)),
            method="PCA",
        ),
        f"tsne_{name}": figures.embedding_map(
            close.points,
            labels[close.index],
            f"t-SNE of embeddings, {name} center",
            close.center,
            outside=outside[close.index],
        ),
    }
    what = "Windows of the test coin; anomalies are the injected events."
    captions = {
        f"pca_{name}": f"{what} The circle is the threshold. {flat.note}.",
        f"tsne_{name}": f"{what} Rings mark windows beyond the threshold. {close.note}.",
    }
    return drawn, captions
