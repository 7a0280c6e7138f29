"""The result of a recipe: everything that run folder, report and terminal show of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.report.table import row_names

if TYPE_CHECKING:
    import keras
    import pandas as pd
    from matplotlib.figure import Figure

    from zoo.report.metric_names import Metric


@dataclass(frozen=True)
class Result:
    """The outcome of one run of a recipe.

    Attributes:
        recipe: module name of the recipe, `hybrid_svdd_images`.
        summary: one sentence on the experiment and its data.
        config: the recipe's (frozen, possibly nested) `Config` dataclass.
        metrics: flat, name to number, text or bool; the names are the contract in DESIGN.md.
        history: one row per epoch: `epoch`, one column per loss term, and text columns such as
            `variant` or `phase` that say which line a row belongs to.
        scores: one row per test sample: `score`, `label` (1 = anomaly) where it is known, and
            whatever names the sample.
        comparison: one row per variant, first column `variant`. An optional column `kind` says
            `model` (the default), `baseline` (a one-second method) or `trivial`.
        top: the most anomalous samples, one row each, highest score first.
        model: the Keras model to save, or None.
        figures: file name stem to figure, in the order of the report.
        captions: file name stem to the sentence under the figure.
        notes: remarks for the reader: data checks, collapse, the score of a trivial detector.
        own_metrics: name to metric of the numbers and columns that only this recipe has.
    """

    recipe: str
    summary: str
    config: Any
    metrics: dict[str, Any]
    history: pd.DataFrame
    scores: pd.DataFrame
    comparison: pd.DataFrame | None = None
    top: pd.DataFrame | None = None
    model: keras.Model | None = None
    figures: dict[str, Figure] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    own_metrics: dict[str, Metric] = field(default_factory=dict)

    def __post_init__(self):
        strays = [stem for stem in self.captions if stem not in self.figures]
        if strays:
            raise InputError(
                f"result of recipe {self.recipe!r} has captions for {', '.join(strays)}, but its "
                f"figures are {', '.join(self.figures) or 'none'}; use the same names in both"
            )
        if self.comparison is not None and "variant" not in self.comparison.columns:
            raise InputError(
                f"comparison of recipe {self.recipe!r} has the columns "
                f"{', '.join(map(str, self.comparison.columns))}, but no column 'variant'; "
                "name each row there"
            )

    @property
    def prevalence(self) -> float | None:
        """Return the share of anomalies in the labelled test set, 0 to 1; None without labels."""
        if "label" not in self.scores or not self.scores["label"].notna().any():
            return None
        return float(self.scores["label"].mean())

    @property
    def collapsed(self) -> list[str]:
        """Return the variants that collapsed, or the recipe's name if it has none and collapsed."""
        table = self.comparison
        if table is not None and "collapsed" in table:
            is_collapsed = table["collapsed"] == 1
            return [name for name, bad in zip(row_names(table), is_collapsed, strict=True) if bad]
        return [self.recipe] if self.metrics.get("collapsed") else []
