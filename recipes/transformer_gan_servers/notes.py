"""Notes of the server recipe."""

from recipes.common import collapse_notes
from zoo.evaluation import metrics


def notes(config, task, contestants, judged):
    """Return what a reader of the numbers must know."""
    said = [
        f"The honest threshold comes from the last {config.validation:.0%} of the training rows, "
        f"not trained on ({config.threshold}); the adaptive one is the median + {config.mad:g} · "
        f"MAD of the scores that are judged, and needs no labels.",
    ]
    if task.labelled and config.level == "windows":
        said.append(
            "Rows marked as published chose epoch and threshold on the test labels; compare them "
            "with each other and with nothing else."
        )
    if task.labelled:
        if task.y.min() == task.y.max():
            said.append("The test part holds one class only, so ROC-AUC is undefined.")
        else:
            share = metrics.all_positive_f1(task.y)
            said.append(f"Flagging all {config.level} would get an F1 of {share:.2f}.")
    if {"gan_joint", "gan_separate"} <= set(judged) and task.labelled:
        joint, separate = (judged[f"gan_{k}"].numbers["pr_auc"] for k in ("joint", "separate"))
        better = "neither" if joint == separate else "joint" if joint > separate else "separate"
        said.append(
            f"PR-AUC of the joint coupling {joint:.3f}, of the separate one {separate:.3f}: "
            f"{better} scores better here."
        )
    if task.anomalies_in_training:
        said.append(
            f"{task.anomalies_in_training} windows of the training rows hold labelled anomalies "
            f"(contaminated: {config.contaminated})."
        )
    if config.pooling == "quantile" and config.level == "windows":
        said.append(
            f"A window's error is the one that {config.anomalous_share:.0%} of its rows exceed, "
            f"since that share makes a window anomalous; --pooling mean is the published way."
        )
    return (*said, *collapse_notes(contestants))
