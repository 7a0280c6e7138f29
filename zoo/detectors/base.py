"""`Detector`, the base class of every method: fitted, then saved, exported, explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zoo.detectors import artifact
from zoo.detectors.examples import Example, tiny
from zoo.detectors.explaining import explanation
from zoo.detectors.export import Exported, export
from zoo.detectors.outlier import OutlierDetector
from zoo.explain import Explanation


@dataclass(kw_only=True, eq=False, repr=False)
class Detector(OutlierDetector):
    """Base class of the methods: data in, scores, decisions and probabilities out.

    The kind of `X` follows from its shape: `(n, features)` is a table, or with `window` a series
    whose rows are in order of time; `(n, window, features)` are windows; `(n, height, width,
    channels)` are images.

    `fit` learns what is normal from data that are mostly normal; labels are ignored. Part of the
    data is held out, the last part of a series: it decides when training stops, and its scores set
    the threshold. Scores, thresholds and scaling are the same whichever backend runs.

    Every row of a series gets the score of the window that *ends* at it, so that a stream gets the
    same scores as the whole series. The first `window - 1` rows, the warm-up, get the score of the
    first window.

    A method is a subclass in a file of its own, a dataclass of its settings, and defines `make`.

    Args:
        window: rows per window, where `X` is a series; None for everything else.
        contamination: share of the training data that is anomalous, below ½: the threshold flags
            this share of them. 0: nothing in training is flagged. `"auto"`: the threshold is the
            score that normal data exceed with probability `false_alarm_rate`.
        false_alarm_rate: share of normal data that may be flagged, for `contamination="auto"`.
        scaling: `"standard"`, `"minmax"`, `"robust"` or `"none"`; images are scaled by their range.
        missing: how NaN is treated: `"error"`, `"mean"` (of the feature in training) or
            `"forward"` (the value of the row before, for series).
        epochs: most passes over the training data.
        batch_size: samples per step.
        learning_rate: of Adam.
        validation_fraction: share of the data held out, 0 for none.
        patience: epochs without a lower held-out loss before training stops.
        checkpoint: file written after every epoch, from which the same `fit` resumes after it was
            killed; None writes none.
        random_state: seed of weights, split, order and noise; a run repeats bit for bit on one
            backend. None draws one.
        verbose: as in Keras: 0 silent, 1 a progress bar, 2 a line per epoch.

    Attributes:
        model_: the trained `zoo.models.base.AnomalyModel`.
        preparation_: fitted scaling and filling.
        calibration_: scores of normal data, and the threshold.
        offset_: the threshold in scikit-learn's sign: an outlier's `score_samples` is below it.
        history_: log name to its values, one per epoch.
        n_features_in_: as in scikit-learn.
        feature_names_in_: as in scikit-learn, for a DataFrame.
    """

    @classmethod
    def examples(cls) -> Iterator[Example]:
        """Yield tiny instances, for the tests that every method passes.

        By default one: for a series if the method needs a window, else for a table. A method that
        takes other kinds of data, or has settings that change its model, yields more.
        """
        kind = "table" if cls.window is None else "series"
        yield Example(kind, tiny(cls), kind)

    def explain(
        self,
        X: Any,
        rows: Sequence[int] | None = None,
        count: int = 5,
        method: Literal["auto", "error", "integrated_gradients", "occlusion"] = "auto",
    ) -> Explanation:
        """Attribute anomaly scores to features, and in a series to steps.

        Args:
            X: data as for `predict`.
            rows: positions of the samples to explain, `[17, 3]`; None: the `count` most anomalous,
                in a series those whose windows do not overlap.
            count: how many, where `rows` is None.
            method: `"error"`: what could not be reconstructed or predicted;
                `"integrated_gradients"`: what the score gains on the way from the training mean;
                `"occlusion"`: what it loses where a feature is set to that mean. `"auto"`: the
                first where the score is such an error and nothing else; else the last for tables,
                and the second for windows and images.

        Returns:
            `zoo.explain.Explanation`: contributions in original units and by name, `table()`.

        Raises:
            ValueError: data, rows or a method that cannot be used.
        """
        return explanation(self, X, rows, count, method)

    def save(self, path: str | Path) -> Path:
        """Write one file that `zoo.load` reads under any backend: `zoo.detectors.artifact.save`."""
        return artifact.save(self, path)

    def export(
        self, path: str | Path, format: Literal["onnx", "saved_model", "openvino"] = "onnx"
    ) -> Exported:
        """Write a graph for another runtime, threshold inside: `zoo.detectors.export.export`."""
        return export(self, path, format)
