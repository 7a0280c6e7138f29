"""A fitted threshold comes back from the JSON that `to_dict` gave."""

from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.evaluation.thresholds.base import Threshold
from zoo.evaluation.thresholds.gaussian import Gaussian
from zoo.evaluation.thresholds.mahalanobis import Mahalanobis
from zoo.evaluation.thresholds.median_mad import MedianMAD
from zoo.evaluation.thresholds.peaks_over_threshold import PeaksOverThreshold
from zoo.evaluation.thresholds.percentile import Percentile
from zoo.evaluation.thresholds.rolling import Rolling

KINDS = (Percentile, Gaussian, MedianMAD, PeaksOverThreshold, Mahalanobis, Rolling)


def from_dict(saved: dict[str, Any]) -> Threshold | Rolling:
    """Return the fitted threshold that `to_dict` described.

    Raises:
        ValueError: The kind is none of this package's.

    Example:
        >>> from_dict(Percentile(q=50).fit([1, 2, 3]).to_dict()).threshold_
        2.0
    """
    kinds = {kind.__name__: kind for kind in KINDS}
    if saved.get("kind") not in kinds:
        raise InputError(
            f"a threshold of kind {saved.get('kind')!r} is unknown, expected one of "
            f"{', '.join(kinds)}"
        )
    parameters = {
        name: from_dict(value) if isinstance(value, dict) else value
        for name, value in saved["parameters"].items()
    }
    threshold = kinds[saved["kind"]](**parameters)
    for name, value in saved["learned"].items():
        setattr(threshold, name, np.asarray(value) if isinstance(value, list) else value)
    return threshold
