"""Score rows as they arrive: bounded memory, the same scores as on the whole series."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zoo.data.arrays.windows import sliding_windows
from zoo.detectors import inputs
from zoo.detectors.calibration import Calibration
from zoo.detectors.outlier import OutlierDetector
from zoo.errors import InputError


@dataclass(frozen=True)
class Drift:
    """Settings of a threshold that follows slow drift.

    The threshold stays as many median absolute deviations above the median of the last `length`
    scores as the detector's own threshold lies above the median of normal scores. Anomalies that
    fill less than half of `length` hardly move a median; a change that lasts longer becomes normal.
    (Learning from unflagged scores alone would cut off their upper end each time, and the threshold
    would sink further and further.)

    Args:
        length: number of last scores for median and deviation, 100 or more.
        every: scores between two changes of the threshold.
    """

    length: int = 2000
    every: int = 100

    def __post_init__(self) -> None:
        if self.length < 100 or self.every < 1:
            raise InputError(
                f"found length={self.length} and every={self.every}; expected 100 or more, and 1 "
                f"or more"
            )


class StreamScorer:
    """A fitted detector that takes one row, or a few, at a time.

    It keeps the last `window - 1` rows and, with `drift`, the last scores, and no more however long
    the stream. Each score is that of the window ending at the row, as `anomaly_score` of the whole
    series gives it; rows of the warm-up have no score yet. (No hidden state is carried over:
    recurrent networks start each window from zero, and a carried state would score differently.)

    Args:
        detector: fitted detector for a table or a series.
        drift: how the threshold adapts; None keeps the detector's own.

    Raises:
        ValueError: a detector of windows or images; drift, and normal scores that are all equal.

    Example:
        >>> from zoo.detectors import Autoencoder
        >>> x = np.random.default_rng(0).normal(size=(300, 2))
        >>> stream = StreamScorer(Autoencoder(epochs=1, random_state=0).fit(x))
        >>> list(stream.push(x[0]).columns)
        ['score', 'anomaly', 'threshold']
    """

    def __init__(self, detector: OutlierDetector, drift: Drift | None = None) -> None:
        if detector.kind_ not in ("table", "series"):
            raise InputError(
                f"a stream has rows; this detector was fitted on {detector.kind_}: fit it on a "
                f"table, or on a series with window"
            )
        self.detector = detector
        self.drift = drift
        self.threshold = float(detector.calibration_.limit)
        self.rows_seen = 0
        self._kept = detector._window_length - 1
        self._recent = np.empty((0, detector.n_features_in_))
        self._last: np.ndarray | None = None  # the row before, filled, for missing="forward"
        self._scores: deque[float] = deque(maxlen=drift.length if drift else 0)
        self._since = 0
        self._distance = 0.0 if drift is None else _distance(detector.calibration_)

    def push(self, rows: Any) -> pd.DataFrame:
        """Score the next row, or the next few, in order of time.

        Args:
            rows: `(features,)` or `(n, features)` numbers, or a pandas frame with the columns of
                the training.

        Returns:
            A row for each: `score` (NaN in the warm-up), `anomaly` (0 or 1), and the `threshold`
            that the score was compared with.

        Raises:
            ValueError: rows that the detector cannot read; the stream is as it was before.
        """
        given = self._read(rows)
        filled = self._fill(given.values)
        scores = self._score(filled)
        anomaly, threshold = self._decide(scores)
        return pd.DataFrame(
            {"score": scores, "anomaly": anomaly, "threshold": threshold}, index=given.index
        )

    def state(self) -> dict[str, Any]:
        """Return what the stream remembers, for JSON; `restore` takes it."""
        return {
            "rows_seen": self.rows_seen,
            "recent": self._recent.tolist(),
            "last": None if self._last is None else self._last.tolist(),
            "threshold": self.threshold,
            "scores": list(self._scores),
            "since": self._since,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue where `state` was taken.

        Raises:
            ValueError: the state of a stream of another detector.
        """
        recent = np.asarray(state["recent"], dtype=np.float64)
        recent = recent.reshape(-1, self.detector.n_features_in_)
        if len(recent) > self._kept or not np.isfinite(recent).all():
            raise InputError("this is the state of a stream of another detector")
        self._recent = recent
        self._last = None if state["last"] is None else np.asarray(state["last"], np.float64)
        self.rows_seen, self._since = int(state["rows_seen"]), int(state["since"])
        self.threshold = float(state["threshold"])
        self._scores.clear()
        self._scores.extend(state["scores"])

    def explain(self) -> str:
        """Return a sentence on where the current threshold comes from."""
        if self.drift is None or len(self._scores) < self.drift.length:
            return f"{self.threshold:.6g}: {self.detector.calibration_.rule}"
        return (
            f"{self.threshold:.6g}: {self._distance:.3g} median absolute deviations above the "
            f"median of the last {self.drift.length} scores, as the detector's own threshold "
            f"({self.detector.calibration_.limit:.6g}) is above normal ones"
        )

    def _read(self, rows: Any) -> inputs.Given:
        if not hasattr(rows, "columns"):
            rows = np.asarray(rows)
            rows = rows[None] if rows.ndim == 1 else rows
        given = inputs.read(rows, self.detector.missing != "error")
        if given.values.ndim != 2:
            raise InputError(f"rows have shape {given.values.shape}; expected (n, features)")
        detector = self.detector
        names = getattr(detector, "feature_names_in_", None)
        return inputs.in_order(given, names, detector.n_features_in_, type(detector).__name__)

    def _fill(self, values: np.ndarray) -> np.ndarray:
        """Return values without NaN; `"forward"` remembers the row before."""
        if self.detector.missing == "forward" and self._last is not None:
            values = self.detector.preparation_.fill(np.concatenate([self._last[None], values]))[1:]
        else:
            values = self.detector.preparation_.fill(values)
        self._last = np.array(values[-1])  # a copy: the caller may reuse the memory
        return values

    def _score(self, values: np.ndarray) -> np.ndarray:
        detector = self.detector
        self.rows_seen += len(values)
        if not self._kept:
            return detector._scores(detector.preparation_.transform(values)).astype(float)
        known = np.concatenate([self._recent, values])
        self._recent = known[-self._kept :]
        scores = np.full(len(values), np.nan)
        complete = len(known) - self._kept
        if complete > 0:
            windows = sliding_windows(
                detector.preparation_.transform(known), detector._window_length
            )
            scores[-complete:] = detector._scores(windows)
        return scores

    def _decide(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return flags and thresholds, one row after another where the threshold follows drift."""
        if self.drift is None:
            return (scores > self.threshold).astype(int), np.full(len(scores), self.threshold)
        anomaly, threshold = np.zeros(len(scores), int), np.empty(len(scores))
        for i, score in enumerate(scores):
            threshold[i] = self.threshold
            anomaly[i] = score > self.threshold
            if np.isfinite(score):
                self._follow(score, self.drift)
        return anomaly, threshold

    def _follow(self, score: float, drift: Drift) -> None:
        self._scores.append(float(score))
        self._since += 1
        if len(self._scores) == drift.length and self._since >= drift.every:
            median, deviation = _median_and_deviation(np.array(self._scores))
            self.threshold, self._since = median + self._distance * deviation, 0


def _distance(calibration: Calibration) -> float:
    """Return how many median absolute deviations above the normal median the threshold is."""
    median, deviation = _median_and_deviation(calibration.scores)
    if deviation == 0:
        raise InputError(
            "drift cannot be followed: more than half of the normal scores are equal; fit on more "
            "data, or give drift=None"
        )
    return (calibration.limit - median) / deviation


def _median_and_deviation(scores: np.ndarray) -> tuple[float, float]:
    median = float(np.median(scores))
    return median, float(np.median(np.abs(scores - median)))
