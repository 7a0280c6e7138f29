"""Scores and labels become numbers: arrays in, floats out, with NumPy and scikit-learn only."""

from zoo.metrics.detection import (
    all_positive_f1,
    at_threshold,
    best_f1,
    pr_auc,
    roc_auc,
    summarize,
)

__all__ = ["all_positive_f1", "at_threshold", "best_f1", "pr_auc", "roc_auc", "summarize"]
