"""Names of metrics: title, meaning, direction, and the value of a detector without skill.

`METRICS` holds those of the contract. A recipe declares its own beside its result, and every page
that shows the result knows them (`declared`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np

Trivial = Literal["coin flip", "flag all"]
Floor = float | Literal["anomaly share", "F1 of flagging all"]


@dataclass(frozen=True)
class Metric:
    """How a metric is shown.

    Attributes:
        title: Its name for a reader.
        meaning: One short sentence.
        unit: Put after the number, with its space.
        best: Whether the largest or smallest of several variants is the best; None: no ranking.
        trivial: The detector without any skill to hold it against.
        counts: Whether it counts something, and so has no digits after the point.
        floor: What the trivial detector gets: a number; the share p of anomalies; or 2p / (1 + p),
            the F1 of flagging everything.
    """

    title: str
    meaning: str
    unit: str = ""
    best: Literal["largest", "smallest"] | None = None
    trivial: Trivial | None = None
    counts: bool = False
    floor: Floor | None = None


METRICS = {
    "roc_auc": Metric(
        "ROC-AUC",
        "Chance that a random anomaly scores above a random normal sample.",
        best="largest",
        trivial="coin flip",
        floor=0.5,
    ),
    "pr_auc": Metric(
        "PR-AUC",
        "Precision averaged over all recalls; its floor is the share of anomalies.",
        best="largest",
        trivial="coin flip",
        floor="anomaly share",
    ),
    "vus_pr": Metric(
        "VUS-PR",
        "PR-AUC of a series, averaged over margins around events in which alarms count in part.",
        best="largest",
    ),
    "vus_roc": Metric(
        "VUS-ROC",
        "ROC-AUC of a series, averaged over margins around events in which alarms count in part.",
        best="largest",
    ),
    "best_f1": Metric(
        "Best F1",
        "F1 at the threshold that suits the test labels best: an upper bound, not a forecast.",
        best="largest",
        trivial="flag all",
        floor="F1 of flagging all",
    ),
    "f1": Metric(
        "F1",
        "Harmonic mean of precision and recall at the fitted threshold.",
        best="largest",
        trivial="flag all",
        floor="F1 of flagging all",
    ),
    "precision": Metric(
        "Precision",
        "Share of the flagged samples that are anomalies, at the fitted threshold.",
        best="largest",
        trivial="flag all",
        floor="anomaly share",
    ),
    "recall": Metric(
        "Recall",
        "Share of the anomalies that are flagged, at the fitted threshold.",
        best="largest",
        trivial="flag all",
        floor=1.0,
    ),
    "event_f1": Metric(
        "Event F1",
        "Harmonic mean of event precision and event recall; one alarm over everything gets 1.",
        best="largest",
        trivial="flag all",
        floor=1.0,
    ),
    "event_precision": Metric(
        "Event precision",
        "Share of the unbroken alarms that touch a labelled event.",
        best="largest",
        trivial="flag all",
        floor=1.0,
    ),
    "event_recall": Metric(
        "Event recall",
        "Share of the labelled events of which at least one point is flagged.",
        best="largest",
        trivial="flag all",
        floor=1.0,
    ),
    "point_adjusted_f1": Metric(
        "Point-adjusted F1 (flatters)",
        "Best F1 when one hit counts as all points of its event: random scores reach 0.9, so it "
        "ranks nothing and does not compare with F1.",
    ),
    "threshold": Metric("Threshold", "Score above which a sample is flagged; fitted on normals."),
    "anomaly_rate": Metric("Flagged", "Share of the test samples that the threshold flags."),
    "n_train": Metric("Training samples", "Samples the detector learned from.", counts=True),
    "n_test": Metric("Test samples", "Samples it was judged on.", counts=True),
    "parameters": Metric("Parameters", "Numbers in the network.", counts=True),
    "epochs": Metric("Epochs", "Passes over the training samples.", counts=True),
    "fit_seconds": Metric("Training time", "Wall-clock time of the fit.", unit=" s"),
    "score_seconds": Metric("Scoring time", "Wall-clock time to score the test set.", unit=" s"),
    "backend": Metric("Backend", "Library that did the arithmetic."),
    "device": Metric("Device", "Where the arithmetic was done."),
    "seed": Metric("Seed", "Start of the random numbers.", counts=True),
    "collapsed": Metric("Collapsed", "Whether the detector maps everything to one point."),
    "variant": Metric("Variant", "Which method, with which settings."),
    "protocol": Metric("Protocol", "What the threshold and the weights were chosen on."),
}

AS_PUBLISHED = "_as_published"
SPREAD = "_std"

HEADLINES = ("roc_auc", "pr_auc", "vus_pr", "f1", "best_f1")


_own: ContextVar[Mapping[str, Metric]] = ContextVar("own metrics", default=MappingProxyType({}))


@contextmanager
def declared(own: Mapping[str, Metric]) -> Iterator[None]:
    """Know, inside the block, the metrics that a recipe declares beside its result.

    Args:
        own: Name to metric; such a name goes before one of the contract.

    Example:
        >>> with declared({"lead": Metric("Lead", "Minutes before the event.", unit=" min")}):
        ...     metric("lead").title
        'Lead'
    """
    token = _own.set({**_own.get(), **own})
    try:
        yield
    finally:
        _own.reset(token)


class Declaring(Protocol):
    """A result, or a finished run, with the metrics that only its recipe has."""

    own_metrics: Mapping[str, Metric]


def own_metrics(results: Iterable[Declaring]) -> dict[str, Metric]:
    """Return what results or finished runs declare, in one: name to metric."""
    return {name: own for result in results for name, own in result.own_metrics.items()}


def with_own_metrics(show: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function whose first argument is a result, or finished runs.

    Inside, the metrics that they declare are known.
    """

    @wraps(show)
    def shown(given: Any, *arguments: Any, **options: Any) -> Any:
        with declared(own_metrics(given if isinstance(given, Sequence) else [given])):
            return show(given, *arguments, **options)

    return shown


def metric(name: str) -> Metric:
    """Return the metric of a name; a longer name that begins with a known one is a part of it.

    `_std` at the end is its spread over seeds, which is not ranked; `_as_published` is measured by
    the source's own protocol, which chooses with the test labels in hand.

    >>> metric("roc_auc").title, metric("roc_auc_flash_crash").title, metric("log_volume").title
    ('ROC-AUC', 'ROC-AUC, flash crash', 'log volume')
    >>> metric("f1_as_published").title, metric("vus_pr_std").title
    ('F1, as published', 'VUS-PR ±')
    """
    known = {**METRICS, **_own.get()}
    if name in known:
        return known[name]
    if name.endswith(SPREAD):
        whole = metric(name.removesuffix(SPREAD))
        meaning = "Standard deviation over seeds."
        return replace(
            whole, title=f"{whole.title} ±", meaning=meaning, best=None, trivial=None, floor=None
        )
    if name.endswith(AS_PUBLISHED):
        whole = metric(name.removesuffix(AS_PUBLISHED))
        meaning = "As the source measures it, chosen with the test labels: no forecast."
        title = f"{whole.title}, as published"
        return replace(whole, title=title, meaning=meaning, trivial=None, floor=None)
    whole = max((each for each in known if name.startswith(f"{each}_")), key=len, default=None)
    if whole is None:
        return Metric(name.replace("_", " "), "")
    part = name.removeprefix(f"{whole}_").replace("_", " ")
    title = f"{known[whole].title}, {part}"
    return replace(known[whole], title=title, trivial=None, floor=None)


def trivial_value(name: str, prevalence: float | None) -> float | None:
    """Return what a detector without skill gets; None where that has no meaning.

    Args:
        name: A metric of the contract, or one that is known in this block (`declared`).
        prevalence: Share p of anomalies in the test set, 0 to 1; None if there are no labels.

    A coin flip ranks at random: ROC-AUC 0.5, PR-AUC p. Flagging everything has recall 1,
    precision p and F1 = 2p / (1 + p); it is one alarm that touches every event.

    >>> round(trivial_value("best_f1", 0.9), 3)
    0.947
    """
    floor = metric(name).floor
    if not isinstance(floor, str):
        return floor
    if prevalence is None:
        return None
    return prevalence if floor == "anomaly share" else 2 * prevalence / (1 + prevalence)


def shown(name: str, value: Any) -> str:
    """Return a metric's value as a reader wants it: three digits, thousands apart, unit.

    >>> shown("roc_auc", 0.98714), shown("n_test", 10000), shown("fit_seconds", 3.14159)
    ('0.987', '10,000', '3.1 s')
    """
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = metric(name).unit
    if isinstance(value, float) and metric(name).counts and value.is_integer():
        value = int(value)  # a column of counts with a gap in it
    if isinstance(value, int):
        return f"{value}{unit}" if name == "seed" else f"{value:,}{unit}"
    if isinstance(value, float):
        return f"{_rounded(value, digits=1 if unit else 3)}{unit}"
    return str(value)


def shown_with_spread(name: str, mean: float, spread: float) -> str:
    """Return a mean over seeds with its spread, a score's to as many digits as the score.

    Where there is none, `–`.

    >>> shown_with_spread("roc_auc", 0.9834, 0.0061), shown_with_spread("fit_seconds", 9.04, 0.31)
    ('0.983 ± 0.006', '9.0 s ± 0.3 s')
    """
    if not math.isfinite(mean):
        return "–"
    is_score = metric(name).best == "largest"
    return f"{shown(name, mean)} ± {f'{spread:.3f}' if is_score else shown(name, spread)}"


def best_rows(name: str, values: Any, kinds: Any = None, groups: Any = None) -> np.ndarray:
    """Which rows of a comparison hold the best value of a metric, as a reader sees them.

    Args:
        name: the metric.
        values: (rows,) numbers, NaN where a row has none.
        kinds: (rows,) `model`, `baseline` or `trivial`; trivial rows are never best. None: models.
        groups: (rows,) rows are ranked within theirs only, such as a protocol. None: all as one.

    Returns:
        (rows,) bool: ties after rounding are all best; none if the metric is not ranked.
    """
    import numpy as np

    values = np.asarray(values)
    if metric(name).best is None or not np.issubdtype(values.dtype, np.number):
        return np.zeros(len(values), bool)
    sign = 1 if metric(name).best == "largest" else -1
    ranked = sign * np.round(values.astype(float), 3)
    if kinds is not None:
        ranked[np.asarray(kinds) == "trivial"] = np.nan
    groups = np.zeros(len(ranked)) if groups is None else np.asarray(groups)
    best = np.zeros(len(ranked), bool)
    for group in np.unique(groups):
        members = (groups == group) & ~np.isnan(ranked)
        if members.any():
            best |= members & (ranked == ranked[members].max())
    return best


def _rounded(value: float, digits: int) -> str:
    if value.is_integer() and abs(value) >= 10:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.1f}" if abs(value) < 1e9 else f"{value:.4g}"
    is_tiny = 0 < abs(value) < 0.001 and digits == 3
    return f"{value:.3g}" if is_tiny else f"{value:.{digits}f}"
