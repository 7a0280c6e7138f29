"""Methods are found by file, by entry point and by registration, and named without Keras."""

import subprocess
import sys
import textwrap
from graphlib import TopologicalSorter
from importlib.metadata import EntryPoint
from pathlib import Path

import grimp
import numpy as np
import pytest

import zoo
from zoo import detectors
from zoo.detectors import artifact, registry
from zoo.detectors.base import Detector
from zoo.errors import InputError

pytestmark = pytest.mark.once

FOLDER = Path(registry.__file__).parent


@pytest.fixture
def installed(monkeypatch):
    """Pretend that entry points are installed, each `(name, value)`."""

    def install(*points):
        found = [EntryPoint(name, value, registry.GROUP) for name, value in points]
        monkeypatch.setattr(registry, "entry_points", lambda group: found)
        registry._entry_points.cache_clear()

    yield install
    registry._entry_points.cache_clear()


@pytest.fixture
def forgetful(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})


def test_every_method_is_a_file_of_its_own_and_a_class_of_its_name():
    for name, kind in registry.classes().items():
        assert (FOLDER / f"{name.replace('-', '_')}.py").is_file()
        assert registry.method_name(kind.__name__) == name == registry.name_of(kind)
        assert getattr(detectors, kind.__name__) is kind and kind.__name__ in dir(detectors)


def test_every_detector_class_of_the_folder_is_found():
    inherited = {kind for kind in _subclasses(Detector) if kind.__module__.startswith("zoo.")}
    assert inherited == set(registry.classes().values())


def _subclasses(kind):
    return {each for child in kind.__subclasses__() for each in {child} | _subclasses(child)}


def test_names_are_known_without_keras():
    code = """
        import sys, zoo.detectors, zoo.detectors.registry as registry
        assert "deep-svdd" in registry.names() and "DeepSVDD" in zoo.detectors.__all__
        heavy = {"keras", "numpy", "pandas", "sklearn"} & set(sys.modules)
        assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_an_unknown_method_names_the_closest():
    with pytest.raises(InputError, match="no method 'deep-svd'; did you mean 'deep-svdd'"):
        registry.get("deep-svd")
    assert registry.get("deep_svdd") is detectors.DeepSVDD
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        detectors.Nothing  # noqa: B018


def test_an_entry_point_adds_a_method(installed):
    installed(("their-method", "zoo.detectors.forecaster:Forecaster"))
    assert "their-method" in registry.names()
    assert registry.get("their-method") is detectors.Forecaster


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no_such_package.module:Kind", "cannot be imported: ModuleNotFoundError"),
        ("zoo.detectors.forecaster:Nothing", "cannot be imported: AttributeError"),
        ("json:dumps", "expected a subclass of zoo.detectors.Detector"),
        ("zoo.detectors.calibration:Calibration", "expected a subclass of zoo.detectors.Detector"),
    ],
)
def test_a_broken_entry_point_is_reported_and_breaks_no_other(installed, value, said):
    installed(("broken", value), ("their-method", "zoo.detectors.forecaster:Forecaster"))
    with pytest.raises(InputError, match=said):
        registry.get("broken")
    with pytest.warns(registry.MethodWarning, match=said):
        found = registry.classes()
    assert "broken" not in found and {"their-method", "autoencoder"} <= set(found)


def test_a_clash_is_reported_and_the_first_stays(installed):
    ours = ("autoencoder", "zoo.detectors.forecaster:Forecaster")
    first, second = ("theirs", "zoo.detectors.forecaster:Forecaster"), ("theirs", "json:dumps")
    installed(ours, first, second, ("Bad_Name", "json:dumps"))
    with pytest.warns(registry.MethodWarning) as caught:
        assert registry.get("autoencoder") is detectors.Autoencoder
    said = [str(each.message) for each in caught]
    assert len(said) == 3
    assert any("'autoencoder'" in each and "is ignored" in each for each in said)
    assert any("'theirs'" in each for each in said) and any("lower case" in each for each in said)
    assert registry.get("theirs") is detectors.Forecaster


def test_an_unregistered_class_says_how_to_register(forgetful, tmp_path):
    class MyForecaster(detectors.Forecaster):
        pass

    with pytest.raises(InputError, match=r"call zoo.detectors.register\(MyForecaster\)"):
        registry.name_of(MyForecaster)
    assert detectors.register(MyForecaster) is MyForecaster
    assert registry.name_of(MyForecaster) == "my-forecaster"
    assert registry.get("my-forecaster") is MyForecaster

    first = MyForecaster

    class MyForecaster(detectors.Forecaster):  # the cell of a notebook, run again
        pass

    detectors.register(MyForecaster)
    assert registry.get("my-forecaster") is MyForecaster is not first


@pytest.mark.parametrize("wrong", [int, "autoencoder", artifact.OutlierDetector])
def test_only_detectors_are_registered(wrong):
    with pytest.raises(InputError, match="expected a subclass of zoo.detectors.Detector"):
        detectors.register(wrong)


def test_the_name_of_another_method_is_refused(forgetful):
    class Autoencoder(Detector):
        pass

    with pytest.raises(InputError, match="zoo.detectors.autoencoder.Autoencoder already"):
        detectors.register(Autoencoder)


def test_modules_import_each_other_in_one_direction():
    graph = grimp.build_graph("zoo", cache_dir=None)
    modules = {"zoo.detectors"} | graph.find_descendants("zoo.detectors")
    assert len(modules) > 15
    arrows = {each: graph.find_modules_directly_imported_by(each) & modules for each in modules}
    TopologicalSorter(arrows).prepare()  # raises CycleError


def test_a_registered_class_travels_in_a_file(forgetful, tmp_path):
    class Narrow(detectors.Autoencoder):
        pass

    x = np.random.default_rng(0).normal(size=(60, 3))
    detector = detectors.register(Narrow)(units=(2,), epochs=1, random_state=0).fit(x)
    again = zoo.load(detector.save(tmp_path / "m.zoo"))
    assert type(again) is Narrow
    np.testing.assert_array_equal(again.anomaly_score(x), detector.anomaly_score(x))
