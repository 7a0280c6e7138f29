"""Scores and labels become numbers: arrays in, floats out, with NumPy and scikit-learn only."""

from zoo.evaluation.metrics.by_kind import roc_auc_by_kind
from zoo.evaluation.metrics.chance import chance, expected_best
from zoo.evaluation.metrics.detection import (
    all_positive_f1,
    at_threshold,
    best_f1,
    pr_auc,
    roc_auc,
    summarize,
)
from zoo.evaluation.metrics.events import event_metrics
from zoo.evaluation.metrics.point_adjusted import point_adjusted_f1
from zoo.evaluation.metrics.vus import vus

__all__ = [
    "all_positive_f1",
    "at_threshold",
    "best_f1",
    "chance",
    "event_metrics",
    "expected_best",
    "point_adjusted_f1",
    "pr_auc",
    "roc_auc",
    "roc_auc_by_kind",
    "summarize",
    "vus",
]
