"""Notes of the candle recipe."""

import numpy as np

from recipes.common import collapse_notes
from zoo.data.candles.synthetic import KINDS


def notes(config, task, contestants):
    """Return what a reader of the numbers must know."""
    per_kind = int(np.sum(task.events["kind"] == KINDS[0]))
    said = [
        f"ROC-AUC compares {len(task.events)} windows with an injected event ({per_kind} of each "
        f"kind) with the windows of {task.names[1]} as they are, some of which are anomalous in "
        f"truth.",
        f"The threshold is the {config.percentile:g}th percentile of the scores of the last "
        f"{config.validation:.0%} of {task.names[0]}, which were not trained on.",
    ]
    if task.constant:
        said.append(f"Constant in training, so of no use: {', '.join(task.constant)}.")
    return (*said, *collapse_notes(contestants))
