"""Shared parts of recipes: bounds on fields hold wherever they stand, numbers keep their names."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Annotated

import numpy as np
import pytest

from recipes.common import (
    Amount,
    Contestant,
    Count,
    NonEmpty,
    Share,
    check,
    collapse_notes,
    compare,
    facts,
    flag_everything,
    headline,
    judge,
)
from zoo.detectors.settings import Bounds, SettingError
from zoo.report.config import DataSetting, data_settings

pytestmark = pytest.mark.once


@dataclass(frozen=True)
class Inner:
    epochs: Annotated[int, Bounds(0)] | None = None


@dataclass(frozen=True)
class Config:
    window: DataSetting[Annotated[int, Bounds(2)]] = 12
    stride: Count | None = None
    units: NonEmpty[tuple[Count, ...]] = (8, 8)
    rate: Amount = 1e-3
    held_out: Share = 0.1
    name: DataSetting[str | None] = None
    inner: Inner = field(default_factory=Inner)


@pytest.mark.parametrize(
    "settings",
    [{}, {"stride": 1, "rate": 0.0, "window": 2}, {"inner": Inner(0)}, {"units": (1,)}],
)
def test_settings_within_their_bounds_pass(settings):
    check(Config(**settings))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"window": 1}, "window is 1; give 2 or more"),
        ({"stride": 0}, "stride is 0; give 1 or more"),
        ({"units": (8, 0)}, "units is 0; give 1 or more"),
        ({"units": ()}, "units is empty; give one or more"),
        ({"rate": -0.5}, "rate is -0.5; give 0 or more"),
        ({"rate": float("nan")}, "rate is nan; give 0 or more"),
        ({"held_out": 1.0}, "held_out is 1.0; give above 0 and below 1"),
        ({"inner": Inner(-1)}, "inner.epochs is -1; give 0 or more"),
    ],
)
def test_settings_outside_of_their_bounds_are_named(settings, sentence):
    with pytest.raises(SettingError) as caught:
        check(Config(**settings))
    assert str(caught.value) == sentence


def test_data_settings_are_those_that_are_marked():
    assert data_settings(Config()) == ["window", "name"]


def test_a_row_has_kind_detection_and_costs_and_the_headline_all_but_the_kind():
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    contestant = Contestant("baseline", lambda x: x, fit_seconds=2.0)
    judged = judge(contestant, scores[:2], scores, labels, threshold=np.max)
    row = judged.row
    assert row["threshold"] == 0.4 and row["recall"] == 0.5 and row["precision"] == 1.0
    assert (row["kind"], row["fit_seconds"], row["parameters"]) == ("baseline", 2.0, None)
    shared = facts(n_train=2, n_test=4, epochs=1, seed=3)
    table = compare({"pca": judged}, shared, flag_everything(labels))
    assert table["variant"].tolist() == ["pca", "flag everything"]
    assert table["seed"].tolist() == [3, 3] and table["recall"].tolist() == [0.5, 1.0]
    metrics = headline(judged, shared)
    assert "kind" not in metrics and metrics["n_test"] == 4 and metrics["recall"] == 0.5


def test_a_collapse_is_said_of_models_that_collapsed_alone():
    def model(collapsed):
        class Verdict:
            def __str__(self):
                return "the loss did not fall"

        verdict = Verdict()
        verdict.collapsed = collapsed
        return SimpleNamespace(verdict=verdict)

    contestants = {
        "bad": Contestant("model", len, 0.0, model(True)),
        "good": Contestant("model", len, 0.0, model(False)),
        "pca": Contestant("baseline", len, 0.0),
    }
    assert collapse_notes(contestants) == ["bad collapsed: the loss did not fall."]
