"""Notes of the card recipe."""

import pandas as pd

from recipes.common import collapse_notes
from zoo.data.arrays.checks import constant_columns


def notes(config, task, contestants, numbers):
    """Return what a reader of the numbers must know."""
    said = [
        f"f1, precision and recall are taken at the threshold of the rule "
        f"{config.threshold.replace('_', ' ')}, fitted to {len(task.x_valid):,} held-out training "
        f"rows to flag {config.false_alarm_rate:.1%} of normals; on the test normals it flags "
        f"{numbers['false_alarms'] or 0:.1%}. best_f1 is chosen on the test labels.",
    ]
    if config.data != "card_transdata":
        said.append(f"These are rows of {task.name}; its figures say nothing of other tables.")
    if task.anomalies_in_training:
        what = "trained on" if config.contaminated == "keep" else "left out"
        found = task.anomalies_in_training
        said.append(f"The random training part held {found} anomalies, {what}.")
    if task.y_test.all() or not task.y_test.any():
        kind = "anomalies" if task.y_test.all() else "normals"
        said.append(
            f"All {len(task.y_test):,} test rows are {kind}: ROC-AUC and PR-AUC are undefined, and "
            f"their curves are left out."
        )
    constant = constant_columns(pd.DataFrame(task.x_train, columns=list(task.columns)))
    if constant:
        said.append(f"Constant in training, any change is an error: {', '.join(constant)}.")
    return (*said, *collapse_notes(contestants))
