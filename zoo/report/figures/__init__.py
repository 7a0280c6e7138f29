"""The zoo's pictures in one house style; each function returns a matplotlib `Figure`.

Each takes an `ax` to draw in; one of several panels takes that axes' place in its grid.
"""

from zoo.report.figures.attention import attention_maps
from zoo.report.figures.attributions import attribution_grid
from zoo.report.figures.backends import backend_bars
from zoo.report.figures.comparisons import comparison_bars
from zoo.report.figures.confusion import confusion_matrix
from zoo.report.figures.contributions import contribution_bars, window_contributions
from zoo.report.figures.curves import precision_recall_curves, roc_curves
from zoo.report.figures.embeddings import embedding_map
from zoo.report.figures.feature_errors import feature_errors
from zoo.report.figures.heat_map import table_heat_map
from zoo.report.figures.images import gallery
from zoo.report.figures.labelled_series import series_grid, series_scores
from zoo.report.figures.lines import line_chart
from zoo.report.figures.scores import score_histogram
from zoo.report.figures.series import Event, price_chart
from zoo.report.figures.training import training_curves

__all__ = [
    "Event",
    "attention_maps",
    "attribution_grid",
    "backend_bars",
    "comparison_bars",
    "confusion_matrix",
    "contribution_bars",
    "embedding_map",
    "feature_errors",
    "gallery",
    "line_chart",
    "precision_recall_curves",
    "price_chart",
    "roc_curves",
    "score_histogram",
    "series_grid",
    "series_scores",
    "table_heat_map",
    "training_curves",
    "window_contributions",
]
