"""An exported graph decides as the detector does, or is refused."""

import importlib.util

import keras
import numpy as np
import pytest

from zoo.cli import main as cli
from zoo.detectors import Autoencoder, DeepSVDD, export
from zoo.detectors.export import FORMATS, ExportError

LATENT = np.random.default_rng(0).normal(size=(300, 1)).repeat(3, axis=1)
X = LATENT * [1, -2, 3] + 0.1 * np.random.default_rng(1).normal(size=(300, 3)) + [0, 50, -3]
NEW = np.random.default_rng(2).normal(scale=3, size=(1003, 3)) + [0, 50, -3]
QUICK = {"epochs": 2, "learning_rate": 1e-2, "batch_size": 32, "random_state": 0}
NAMES = {"onnx": "m.onnx", "saved_model": "m", "openvino": "m.xml"}

needs = {
    name: pytest.mark.skipif(
        any(importlib.util.find_spec(package) is None for package in (backend, *packages)),
        reason=f"{name} needs {backend}, {', '.join(packages)}",
    )
    for name, (backend, packages) in FORMATS.items()
}
pytestmark = [
    pytest.mark.xdist_group("export"),
    pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def fitted():
    return Autoencoder(**QUICK, units=(8, 4)).fit(X)


def raw_samples(detector, count=1003):
    """Samples `(count, ...)` around the training data and far from it, as a graph takes them."""
    preparation, shape = detector.preparation_, detector.sample_shape_
    drawn = np.random.default_rng(2).normal(scale=3, size=(count, *shape))
    return (drawn * preparation.factor_ + preparation.mean_).astype("float32")


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow writes graphs")
@pytest.mark.parametrize("format", [pytest.param(f, marks=needs[f]) for f in FORMATS])
def test_decides_as_the_detector_on_a_thousand_samples(subject, tmp_path, format):
    detector = subject.fitted
    path = tmp_path / NAMES[format]
    assert detector.export(path, format).difference < 1e-4
    raw = raw_samples(detector)
    score, decision = export.run(path, format, raw)
    expected = detector._scores(detector.preparation_.transform(raw.astype("float64")))
    np.testing.assert_allclose(score, expected, rtol=1e-4)
    np.testing.assert_array_equal(decision > 0.5, expected > detector.calibration_.limit)
    assert 0 < decision.mean() <= 1


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow writes graphs")
@pytest.mark.parametrize("format", [pytest.param(f, marks=needs[f]) for f in FORMATS])
@pytest.mark.parametrize("network", ["rnn", "gru"])
def test_every_recurrent_layer_leaves_in_every_format(tmp_path, network, format):
    detector = DeepSVDD(window=4, network=network, units=(8, 4), **QUICK).fit(X)
    path = tmp_path / NAMES[format]
    assert detector.export(path, format).difference < 1e-4
    assert not any(getattr(layer, "unroll", False) for layer in detector.model_.encoder.layers)


@needs["onnx"]
def test_missing_values_are_filled_inside(tmp_path):
    detector = Autoencoder(**QUICK, units=(8, 4), missing="mean").fit(X)
    detector.export(tmp_path / "m.onnx")
    holed = NEW[:50].copy()
    holed[::3, 1] = np.nan
    score, _ = export.run(tmp_path / "m.onnx", "onnx", holed)
    np.testing.assert_allclose(score, detector.anomaly_score(holed), rtol=1e-4)


def test_what_cannot_be_exported_says_why(fitted, tmp_path, monkeypatch):
    with pytest.raises(ExportError, match="choose one of onnx, saved_model, openvino"):
        fitted.export(tmp_path / "m", "pickle")
    forward = Autoencoder(**QUICK, units=(4,), missing="forward").fit(X)
    with pytest.raises(ExportError, match="remembers the row before"):
        forward.export(tmp_path / "m.onnx")
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ExportError, match=r"needs tensorflow, tf2onnx.*pip install"):
        fitted.export(tmp_path / "m.onnx")


def test_a_graph_that_differs_is_refused_and_removed(fitted, tmp_path, monkeypatch):
    def write(detector, path, format, x):
        path.write_text("wrong")
        return np.zeros(len(x)), np.zeros(len(x))

    monkeypatch.setattr(export, "write", write)
    monkeypatch.setattr(export, "_write_elsewhere", write)
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda _: True)
    with pytest.raises(ExportError, match="differs from the detector by"):
        fitted.export(tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


@needs["onnx"]
def test_the_command(fitted, tmp_path, capsys):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the same in a process of TensorFlow's")
    model = fitted.save(tmp_path / "m.zoo")
    assert cli.main(["export", str(model), str(tmp_path / "m.onnx")]) == 0
    assert "scores differ by" in capsys.readouterr().out
    assert cli.main(["export", str(model), str(tmp_path / "m.onnx")]) == 2
    assert "--overwrite" in capsys.readouterr().err
