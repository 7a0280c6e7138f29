"""Tables and figures of the image recipe."""

import keras
import numpy as np
import pandas as pd

from zoo import explain
from zoo.report import figures
from zoo.report.projections import tsne_map

SHOWN = 4  # most normal, and most anomalous, images that are explained


def score_table(task, class_names, judged, main):
    """Return one row per test image: the score of `main`, its label and class, every score."""
    table = pd.DataFrame(
        {
            "sample": np.arange(len(task.y_test)),
            "score": judged[main].scores,
            "label": task.y_test,
            "class": [class_names[number] for number in task.test_classes],
        }
    )
    return table.assign(**{f"score_{name}": each.scores for name, each in judged.items()})


def pictures(config, judged, raw, seen, main, targets, grid):
    """Return the figures and their captions.

    Args:
        config: The recipe's.
        judged: Name of the contestant to its outcome.
        raw: The task, its pixels as they were.
        seen: The task as the networks see it.
        main: Name of the contestant that leads the report.
        targets: Name of the contestant to its score in `keras.ops`, where it is not the model's.
        grid: ROC-AUC for pairs of weights, or None.
    """
    labels, scores = raw.y_test, judged[main].scores
    curves = {name: (labels, each.scores) for name, each in judged.items()}
    rule = f"{config.percentile:g}th percentile"
    drawn = {
        "roc": figures.roc_curves(curves),
        "score_histogram": figures.score_histogram(
            scores, labels, judged[main].numbers["threshold"], rule
        ),
        "samples": figures.gallery(raw.x_test, scores, labels),
        "grad_cam": grad_cam(judged, raw, seen, scores, targets),
    }
    captions = {
        "roc": "Each detector at every threshold; the area is the ROC-AUC of the table.",
        "score_histogram": f"Scores of the {main} variant; the threshold comes from held-out "
        "normal images, not from the test set.",
        "samples": f"Test images by the score of the {main} variant; the frame says what they are.",
        "grad_cam": f"Grad-CAM: where each variant's own score comes from, in the {SHOWN} most "
        f"normal and the {SHOWN} most anomalous test images of the {main} variant, whose scores "
        "stand above.",
    }
    if grid is not None:
        spread = np.nanmax(grid) - np.nanmin(grid)
        drawn["sweep"] = figures.table_heat_map(
            grid, f"The hybrid's two weights move its ROC-AUC by {spread:.3f}", "ROC-AUC"
        )
        captions["sweep"] = (
            "A hybrid for each pair of weights, from the same pretrained networks. To take the "
            "best cell would be to choose on the test labels."
        )
    for name, each in judged.items():
        model = each.contestant.model
        if model is None or name == "adaptive" and "baseline" in judged:
            continue
        drawn[f"tsne_{name}"], captions[f"tsne_{name}"] = embeddings(
            name, model, seen.x_test, labels, config.seed
        )
    return {"figures": drawn, "captions": captions}


def grad_cam(judged, raw, seen, scores, targets):
    """Return where the scores of the most normal and the most anomalous images come from."""
    order = np.argsort(scores)
    chosen = np.concatenate([order[:SHOWN], order[-SHOWN:][::-1]])
    models = {name: each.contestant.model for name, each in judged.items() if each.contestant.model}
    maps = {
        name: explain.grad_cam(
            model, seen.x_test[chosen], normal=seen.x_train[:200], score=targets.get(name)
        )
        for name, model in models.items()
    }
    return figures.attribution_grid(raw.x_test[chosen], maps, scores[chosen], raw.y_test[chosen])


def embeddings(name, model, x, labels, seed):
    """Return the embeddings of test images as t-SNE draws them, and the caption."""
    center = keras.ops.convert_to_numpy(model.sphere.center)
    embedded = model.encoder.predict(x, batch_size=1024, verbose=0)
    close = tsne_map(embedded, seed, center=center)
    drawn = figures.embedding_map(
        close.points, labels[close.index], f"Embeddings of the {name} variant", close.center
    )
    return drawn, f"{close.note}; the star is the center."
