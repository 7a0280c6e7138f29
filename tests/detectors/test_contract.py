"""Every detector keeps every promise of `zoo.detectors.contract`; who breaks one is told which."""

from dataclasses import dataclass

import keras
import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from zoo import detectors
from zoo.detectors import contract, registry
from zoo.detectors.base import Detector
from zoo.detectors.examples import Example, tiny
from zoo.detectors.settings import NonNegative
from zoo.errors import ZooError

pytestmark = pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")

EXPORT = contract.export_equals_detector
KEPT = [promise for promise in contract.PROMISES if promise is not EXPORT]
ORDER = {
    "check_methods_sample_order_invariance": "rows of a series are in order of time",
    "check_methods_subset_invariance": "a row of a series is judged with the rows before it",
}
# Uncompiled JAX multiplies one row by another routine than twenty: 4e-7, where 1e-7 is allowed.
ROUNDING = {}
if keras.backend.backend() == "jax":
    ROUNDING["check_methods_subset_invariance"] = "float32, uncompiled: a row alone is rounded"

# A minute a method: all of them under torch, where a step costs least; elsewhere one that judges
# rows and one that judges series, the others with `-m slow`.
OFTEN = registry.names() if keras.backend.backend() == "torch" else ("deep-svdd", "forecaster")
CHECKED = [
    pytest.param(name, marks=() if name in OFTEN else pytest.mark.slow) for name in registry.names()
]


@pytest.mark.parametrize("promise", KEPT, ids=lambda promise: promise.name)
def test_every_detector_keeps(promise, subject):
    promise(subject)


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="test_export has every format")
@pytest.mark.xdist_group("export")
def test_a_graph_of_another_backend_gives_the_same():
    EXPORT(contract.subjects(detectors.Forecaster)[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", CHECKED)
def test_passes_the_checks_of_scikit_learn(method, monkeypatch):
    """Step by step: each detector is fitted some sixty times, which would each be compiled."""
    compile, untrained = Detector.compile, Detector.untrained

    def compile_eagerly(self, model):
        compile(self, model)
        model.run_eagerly = True

    def untrained_eagerly(self):  # for an unpickled detector
        model = untrained(self)
        model.run_eagerly = True
        return model

    kind = registry.get(method)
    monkeypatch.setattr(kind, "compile", compile_eagerly)
    monkeypatch.setattr(kind, "untrained", untrained_eagerly)
    found = check_estimator(
        tiny(kind).set_params(random_state=None, epochs=1, batch_size=128),
        expected_failed_checks=(ORDER if kind.window is not None else {}) | ROUNDING,
        on_fail=None,
    )
    failed = [
        (each["check_name"], each["exception"]) for each in found if each["status"] == "failed"
    ]
    assert not failed and len(found) > 40


@dataclass(kw_only=True, eq=False, repr=False)
class Sound(detectors.Autoencoder):
    """A detector from elsewhere that keeps every promise; subclasses break one each."""

    def __init_subclass__(cls):
        dataclass(kw_only=True, eq=False, repr=False)(cls)


class NoExamples(Sound):
    @classmethod
    def examples(cls):
        return ()


class TwoOfAName(Sound):
    @classmethod
    def examples(cls):
        yield from [Example("table", tiny(cls), "table")] * 2


class ChangesASetting(Sound):
    def fit(self, X, y=None):
        super().fit(X)
        self.units = (3,)
        return self


class ComputesInTheConstructor(Sound):
    def __post_init__(self):
        self.layers = len(self.units)


class DefaultOutOfBounds(Sound):
    noise: NonNegative = -1.0


class FitReturnsNothing(Sound):
    def fit(self, X, y=None):
        super().fit(X)


class TurnedRound(Sound):
    """Its scores are larger for what is normal."""

    def _scores(self, samples):
        return -super()._scores(samples)


class DrawsItsOwnSeed(Sound):
    def make(self, shape, seed):
        return super().make(shape, int(np.random.default_rng().integers(10**6)))


class JudgesTheBatch(Sound):
    """A row's score depends on the rows that it comes with."""

    def _scores(self, samples):
        found = super()._scores(samples)
        return found * (1 + len(found) / 1000)


class AnotherSign(Sound):
    def predict(self, X):
        return -super().predict(X)


class ForgetsAColumn(Sound):
    def detect(self, X):
        return super().detect(X).drop(columns="probability")


BROKEN = {
    ChangesASetting: ("settings_stay", "units changed by fit"),
    ComputesInTheConstructor: ("constructor_only_stores", "layers"),
    DefaultOutOfBounds: ("bounds_are_kept", "noise is -1.0; give"),
    FitReturnsNothing: ("settings_stay", "fit returned NoneType"),
    TurnedRound: ("scores_rank", "a median of"),
    DrawsItsOwnSeed: ("same_seed_same_scores", "a difference"),
    JudgesTheBatch: ("stream_equals_whole", "a difference"),
    AnotherSign: ("predict_decides", "a difference"),
    ForgetsAColumn: ("detect_tells", "the columns"),
}


@pytest.fixture
def registered(monkeypatch):
    """Register the classes of this file for a test."""
    monkeypatch.setattr(registry, "_registered", {})
    for cls in (Sound, *BROKEN):
        detectors.register(cls)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="a graph is written elsewhere: slow")
@pytest.mark.xdist_group("export")
def test_a_sound_detector_from_elsewhere_passes(registered):
    contract.check(Sound)


@pytest.mark.parametrize("cls", BROKEN, ids=lambda cls: cls.__name__)
def test_a_detector_that_breaks_a_promise_is_told_which(registered, cls):
    name, found = BROKEN[cls]
    with pytest.raises(contract.ContractError, match=found) as error:
        contract.check(cls)
    assert error.value.promise == name
    sentence = next(each.sentence for each in contract.PROMISES if each.name == name)
    assert str(error.value).startswith(f"{cls.__name__}, example 'table': {sentence} Found: ")
    assert isinstance(error.value, ZooError)


def test_an_unregistered_detector_is_told_how_to_register():
    (subject,) = contract.subjects(Sound)
    with pytest.raises(contract.ContractError, match=r"call zoo.detectors.register\(Sound\)"):
        contract.saving_keeps_everything(subject)


@pytest.mark.parametrize("cls", [NoExamples, TwoOfAName, Detector.__base__, np.ndarray])
def test_a_class_without_examples_is_told_so(cls):
    said = "has no examples|two examples of the name|no subclass"
    with pytest.raises(contract.ContractError, match=said):
        contract.check(cls)
