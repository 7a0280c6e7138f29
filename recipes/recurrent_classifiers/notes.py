"""Notes of the recurrent recipe."""

from recipes.common import collapse_notes
from recipes.recurrent_classifiers.rows import has_both
from zoo.report.table import row_names


def notes(config, series, windows, comparison, rows, buffer):
    """Return what a reader of the numbers must know."""
    counts = [
        f"{part} {len(y):,} windows, {int(y.sum()):,} anomalous" for part, y in windows.y.items()
    ]
    without = sum(not part.labels.any() for part in windows.parts("training"))
    said = [
        f"{'; '.join(counts)}. {without} of {len(series)} series have no anomaly to learn from.",
        "Scores of all series are pooled for ROC-AUC, PR-AUC and F1. Each threshold, the Z-scores' "
        "included, is the one with the best F1 on the validation part, whose labels it uses.",
    ]
    both = sum(has_both(y) for y in windows.by_series(windows.y["test"], "test"))
    said.append(
        f"VUS-PR is the mean over the {both} test parts with anomalies and normals, with margins "
        f"of up to {buffer} rows."
    )
    if not has_both(windows.y["validation"]):
        said.append(
            "The validation parts hold one kind only, so that no F1 can choose a threshold: it is "
            "the 99th percentile of their scores, and the row on top is simply the first."
        )
    if not has_both(windows.y["test"]):
        said.append(
            "The test parts hold one kind only: ROC-AUC and PR-AUC have no value there; what was "
            "flagged is in the table."
        )
    behind = comparison.loc[comparison["pr_auc_over_z_score"] <= 0]
    simple = comparison.loc[comparison["kind"] == "baseline", "pr_auc"].max()
    if len(behind):
        deep = sum(row.contestant.model is not None for row in rows)
        said.append(
            f"{len(behind)} of {deep} deep rows do not beat the better Z-score, PR-AUC "
            f"{simple:.3f}: {'; '.join(row_names(behind))}."
        )
    irregular = [each.name for each in series if each.irregular_steps]
    if irregular:
        said.append(
            f"{len(irregular)} series have steps of unequal length ({irregular[0]} for one); a "
            f"window counts rows, whatever their time."
        )
    return (*said, *collapse_notes({row.name: row.contestant for row in rows}))
