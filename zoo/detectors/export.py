"""A detector as a graph for other runtimes: preprocessing, score and threshold inside.

The graph takes raw numbers and returns both the score and the decision, so that another runtime
decides as the detector does; `export` compares them with the detector's own before it returns.

TensorFlow writes every format (OpenVINO through ONNX): it alone writes recurrent layers and
attention for a batch of any size. A detector of another backend is saved, and a process that runs
TensorFlow exports it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.detectors import artifact, registry
from zoo.detectors.outlier import OutlierDetector
from zoo.detectors.preparation import REACH
from zoo.errors import ZooError

FORMATS = {  # format to the backend that writes it, and the packages it needs
    "onnx": ("tensorflow", ("tf2onnx", "onnxruntime")),
    "saved_model": ("tensorflow", ()),
    "openvino": ("tensorflow", ("tf2onnx", "openvino")),
}
CLOSE = 1e-4  # largest difference of scores, as a share of the threshold or of the score
SAMPLES = 256  # to compare on


class ExportError(ZooError, ValueError):
    """A detector that cannot be exported to this format, or a graph that decides differently."""


@dataclass(frozen=True)
class Exported:
    """Record of what `export` wrote.

    Attributes:
        path: file or folder.
        format: `"onnx"`, `"saved_model"` or `"openvino"`.
        difference: largest difference of scores to the detector's, as a share of score plus
            threshold.
    """

    path: Path
    format: str
    difference: float


class Graph(keras.Model):
    """Raw samples to scores and decisions, in `keras.ops` alone.

    Args:
        detector: fitted detector.

    Inputs: `(n, features)` rows, or `(n, window, features)` windows of a series, float32.
    Outputs: list of scores `(n,)` float32 and decisions `(n,)` float32, 1 = anomaly.
    """

    def __init__(self, detector: OutlierDetector) -> None:
        super().__init__(name="detector")
        self.model = detector.model_
        preparation = detector.preparation_
        self.fills = preparation.missing == "mean"
        self.mean = preparation.mean_.astype("float32")
        self.offset = preparation.offset_.astype("float32")
        self.factor = preparation.factor_.astype("float32")
        self.limit = np.float32(detector.calibration_.limit)

    def call(self, x: Any) -> list[Any]:
        if self.fills:
            x = ops.where(ops.isnan(x), ops.broadcast_to(self.mean, ops.shape(x)), x)
        scaled = ops.clip((x - self.offset) / self.factor, -REACH, REACH)
        score = self.model.score(scaled)
        return [score, ops.cast(score > self.limit, "float32")]


def export(detector: OutlierDetector, path: str | Path, format: str = "onnx") -> Exported:
    """Write a fitted detector as a graph and compare it with the detector.

    Args:
        detector: fitted detector. One for a series is exported for windows of its length.
        path: file (onnx), or folder (saved_model); openvino writes an `.xml` and a `.bin`.
        format: `"onnx"`, `"saved_model"` or `"openvino"`.

    Raises:
        ExportError: an unknown format; a package or backend that is missing, with how to get it;
            `missing="forward"`, which needs a memory; scores that differ by more than 1e-4, or a
            decision that differs: nothing is then left at `path`.
        OSError: the path cannot be written.
    """
    path = Path(path)
    if format not in FORMATS:
        raise ExportError(f"format is {format!r}; choose one of {', '.join(FORMATS)}")
    if detector.preparation_.missing == "forward":
        raise ExportError(
            "missing='forward' remembers the row before, which a graph cannot; fit with "
            "missing='mean' or 'error'"
        )
    backend, packages = FORMATS[format]
    lacking = [p for p in (backend, *packages) if importlib.util.find_spec(p) is None]
    if lacking:
        raise ExportError(
            f"{format} needs {', '.join(lacking)}; "
            f"pip install 'keras-anomaly-zoo[{backend},export]'"
        )
    here = keras.backend.backend() == backend
    if not here and registry.registered_here(type(detector)):
        raise ExportError(
            f"{backend} writes {format} in a process of its own, which does not know "
            f"{type(detector).__name__}, registered in this one; run under KERAS_BACKEND={backend}"
        )
    x = _samples(detector)
    score, decision = (write if here else _write_elsewhere)(detector, path, format, x)
    expected = detector._scores(detector.preparation_.transform(x.astype(np.float64)))
    limit = detector.calibration_.limit
    difference = float(np.max(np.abs(score - expected) / (abs(limit) + np.abs(expected))))
    border = np.abs(expected - limit) <= CLOSE * (abs(limit) + np.abs(expected))
    decided = (decision > 0.5) == (expected > limit)
    if difference > CLOSE or not (decided | border).all():
        _remove(path)
        raise ExportError(
            f"the {format} graph differs from the detector by {difference:.2g} of the score, more "
            f"than {CLOSE:g}; values of {np.abs(x).max():.3g} may be too large for float32: fit on "
            f"data in a smaller unit"
        )
    return Exported(path, format, difference)


def write(
    detector: OutlierDetector, path: Path, format: str, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Write the graph under the running backend; return its scores and decisions of `x`."""
    graph = Graph(detector)
    shape = detector.sample_shape_
    graph(np.zeros((1, *shape), "float32"))
    signature = [keras.layers.InputSpec(shape=(None, *shape), dtype="float32")]
    if format == "saved_model":
        graph.export(path, format="tf_saved_model", input_signature=signature, verbose=False)
    elif format == "onnx":
        graph.export(path, format="onnx", input_signature=signature, verbose=False)
    else:
        import openvino

        with tempfile.TemporaryDirectory() as folder, _unrolled(graph):
            between = Path(folder) / "model.onnx"
            graph.export(between, format="onnx", input_signature=signature, verbose=False)
            converted = openvino.convert_model(between)
            openvino.save_model(converted, path, compress_to_fp16=False)
    return run(path, format, x)


@contextmanager
def _unrolled(graph: keras.Model) -> Iterator[None]:
    """Unroll the recurrent loops that OpenVINO cannot read: all but an LSTM's."""
    kinds = (keras.layers.SimpleRNN, keras.layers.GRU)
    loops = [each for each in graph._flatten_layers() if isinstance(each, kinds)]
    before = [each.unroll for each in loops]
    for each in loops:
        each.unroll = True
    try:
        yield
    finally:
        for each, unroll in zip(loops, before, strict=True):
            each.unroll = unroll


def run(path: Path, format: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and decisions of an exported graph, run by the format's own runtime."""
    x = x.astype(np.float32)
    if format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        score, decision = session.run(None, {session.get_inputs()[0].name: x})
    elif format == "saved_model":
        score, decision = keras.layers.TFSMLayer(str(path), call_endpoint="serve")(x)
    else:
        import openvino

        core = openvino.Core()
        model = core.compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        score, decision = model(x).values()
    return np.asarray(score).reshape(-1), np.asarray(decision).reshape(-1)


def _samples(detector: OutlierDetector) -> np.ndarray:
    """Return raw samples around the training data, and some far from them."""
    rng = np.random.default_rng(0)
    preparation = detector.preparation_
    x = rng.normal(size=(SAMPLES, *detector.sample_shape_))
    x *= rng.choice([0.3, 1, 3], size=(SAMPLES, *[1] * len(detector.sample_shape_)))
    return (x * preparation.factor_ + preparation.mean_).astype(np.float32)


def _write_elsewhere(
    detector: OutlierDetector, path: Path, format: str, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Call `write` under the format's backend, in a process of its own."""
    backend = FORMATS[format][0]
    with tempfile.TemporaryDirectory() as folder:
        saved = artifact.save(detector, Path(folder) / "model.zoo")
        np.save(Path(folder) / "x.npy", x)
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "zoo.detectors.export",
                str(saved),
                str(path.absolute()),
                format,
            ],
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            raise ExportError(f"{backend} could not write {format}: {said[-1]}")
        score, decision = np.load(Path(folder) / "out.npy")
    return score, decision


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        for written in (path, path.with_suffix(".bin")):
            written.unlink(missing_ok=True)


def _elsewhere(saved: Path, path: Path, format: str) -> None:
    """Load, write and compare in the process that `_write_elsewhere` starts."""
    x = np.load(saved.with_name("x.npy"))
    np.save(saved.with_name("out.npy"), np.stack(write(artifact.load(saved), path, format, x)))


if __name__ == "__main__":
    _elsewhere(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
