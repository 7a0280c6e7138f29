"""A fitted detector as one file that any backend reads, and that runs no code.

A `.zoo` file is an uncompressed ZIP archive of three members: `manifest.json` (method, settings,
preprocessing, threshold, feature names, versions, history), `model.weights.h5` (written by Keras'
`save_weights`) and `SHA256SUMS` of both. The networks are made anew from the settings; the file
names no class and no function, only a method of the registry.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from zoo.detectors import registry, settings
from zoo.detectors.calibration import Calibration
from zoo.detectors.fitting import write_at_once
from zoo.detectors.outlier import OutlierDetector
from zoo.detectors.preparation import Preparation
from zoo.errors import InputError, ZooError
from zoo.version import __version__

FORMAT = 1
MANIFEST, WEIGHTS, SUMS = "manifest.json", "model.weights.h5", "SHA256SUMS"
LARGEST = 2**31  # bytes of a file
LARGEST_MANIFEST = 2**24
LARGEST_SAMPLE = 10**7  # numbers in a sample


class ArtifactError(ZooError, ValueError):
    """A file that is no `.zoo` file, or one that cannot be trusted."""


def save(detector: OutlierDetector, path: str | Path) -> Path:
    """Write a fitted detector to one file, whole or not at all.

    Args:
        detector: fitted detector of a registered method.
        path: of the file; what was there is replaced.

    Returns:
        The path.

    Raises:
        sklearn.exceptions.NotFittedError: it was not fitted.
        InputError: its class is not registered; the message says how to register it.
        OSError: no permission, no space; what was there is as it was.
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(detector, "calibration_")
    members = {
        MANIFEST: json.dumps(_manifest(detector), indent=1, allow_nan=False).encode(),
        WEIGHTS: _weights(detector),
    }
    members[SUMS] = _sums(members).encode()
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    write_at_once(path, lambda file: file.write(whole.getbuffer()))
    return Path(path)


def load(path: str | Path) -> Any:
    """Read a detector that `save` wrote, under whichever backend Keras runs on.

    Args:
        path: of the file.

    Returns:
        The fitted `zoo.detectors.Detector`, threshold included.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: no `.zoo` file; damaged, altered, too large, of a newer format, of a method
            or with settings that are not known here, or with contents that `save` never writes.
    """
    manifest, weights = read(path)
    name = f"'{path}'"
    try:
        detector = _described(manifest, name)
        _require_room(detector, weights, name)
        detector.model_ = detector.untrained()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / WEIGHTS
            file.write_bytes(weights)
            detector.model_.load_weights(file)
    except ArtifactError:
        raise
    except Exception as error:  # whatever Keras or h5py raise on contents that no `save` wrote
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise ArtifactError(
            f"{name} does not hold together ({said[0][:200]}); fit and save the detector again"
        ) from error
    return detector


def read(path: str | Path) -> tuple[dict[str, Any], bytes]:
    """Return manifest and weights of a `.zoo` file, checked against their sums; builds nothing.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: see `load`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"'{path}' does not exist; expected a .zoo file there")
    size = path.stat().st_size
    if size > LARGEST:
        raise ArtifactError(f"'{path}' has {size:,} bytes; a .zoo file has {LARGEST:,} at most")
    try:
        members = _members(path)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(
            f"'{path}' is no .zoo file, or it is damaged ({error}); copy it again, or fit and save "
            f"the detector again"
        ) from error
    sums = members.pop(SUMS)
    try:
        manifest = json.loads(members[MANIFEST], parse_constant=_refuse_constant)
        is_ours = isinstance(manifest, dict) and isinstance(manifest.get("format"), int)
    except (ValueError, RecursionError):
        is_ours = False
    if not is_ours:
        raise ArtifactError(f"'{path}' is no .zoo file: its manifest cannot be read")
    if manifest["format"] > FORMAT:
        raise ArtifactError(
            f"'{path}' has format {manifest['format']}, this zoo {__version__} reads up to "
            f"{FORMAT}; upgrade keras-anomaly-zoo"
        )
    if sums != _sums(members).encode():
        raise ArtifactError(
            f"'{path}' was altered after it was saved: its checksums do not match; copy it again "
            f"from where it was saved"
        )
    return manifest, members[WEIGHTS]


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        found = archive.infolist()
        names = [item.filename for item in found]
        if sorted(names) != sorted((MANIFEST, WEIGHTS, SUMS)):
            odd = next((n for n in names if n not in (MANIFEST, WEIGHTS, SUMS)), None)
            said = f"holds {odd!r}" if odd else f"holds {', '.join(names) or 'nothing'}"
            raise ArtifactError(
                f"'{path}' is no .zoo file: it {said}, expected {MANIFEST}, {WEIGHTS} and {SUMS}"
            )
        for item in found:
            if item.compress_type != zipfile.ZIP_STORED or item.file_size != item.compress_size:
                raise ArtifactError(f"'{path}' is compressed, which a .zoo file never is")
            most = LARGEST if item.filename == WEIGHTS else LARGEST_MANIFEST
            if item.file_size > min(most, path.stat().st_size):
                raise ArtifactError(f"'{path}' is too large: {item.filename} says it has "
                                    f"{item.file_size:,} bytes")  # fmt: skip
        return {name: archive.read(name) for name in names}


def _manifest(detector: OutlierDetector) -> dict[str, Any]:
    method = registry.name_of(type(detector))
    given = {f.name: getattr(detector, f.name) for f in dataclasses.fields(detector)}
    given |= {"checkpoint": None, "verbose": 0}
    if not isinstance(given["random_state"], (int, type(None))):
        given["random_state"] = detector.seed_
    names = getattr(detector, "feature_names_in_", None)
    return {
        "format": FORMAT,
        "method": method,
        "settings": given,
        "kind": detector.kind_,
        "sample_shape": list(detector.sample_shape_),
        "n_features": int(detector.n_features_in_),
        "feature_names": None if names is None else [str(name) for name in names],
        "seed": detector.seed_,
        "preparation": detector.preparation_.to_dict(),
        "calibration": detector.calibration_.to_dict(),
        "training": {
            "history": {k: _finite(v) for k, v in detector.history_.items()},
            "parameters": int(detector.model_.count_params()),
            "collapsed": detector.collapsed_,
        },
        "versions": {
            "zoo": __version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "backend": keras.backend.backend(),
        },
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _weights(detector: OutlierDetector) -> bytes:
    """Return the bytes that Keras writes for a copy that was never compiled: no optimizer state."""
    copy = detector.untrained()
    for variable, value in zip(copy.weights, detector.model_.weights, strict=True):
        variable.assign(value)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / WEIGHTS
        copy.save_weights(file)
        return file.read_bytes()


def _described(manifest: dict[str, Any], name: str) -> Any:
    """Return the detector that a manifest describes, without its model."""
    wrote = manifest.get("versions", {}).get("zoo", "unknown")
    try:
        kind = registry.get(str(manifest.get("method")))
    except InputError as error:
        raise ArtifactError(
            f"{name}, written by version {wrote}, holds the method {manifest.get('method')!r}, "
            f"which this zoo {__version__} cannot load: {str(error).splitlines()[0]}; install the "
            f"package that defines it, or call zoo.detectors.register with its class before loading"
        ) from error
    known = {field.name for field in dataclasses.fields(kind)}
    unknown = sorted(set(manifest["settings"]) - known)
    if unknown:
        raise ArtifactError(
            f"{name}, written by version {wrote}, has the settings {', '.join(unknown)}, which "
            f"{kind.__name__} of this zoo {__version__} does not have; load it with that version, "
            f"or fit and save the detector again"
        )
    given = {key: _plain(value, key, name) for key, value in manifest["settings"].items()}
    try:
        settings.check(kind, given)
    except InputError as error:
        raise ArtifactError(f"{name} has a setting that no detector has: {error}") from error
    detector = kind(**given)
    detector.kind_ = str(manifest["kind"])
    detector.sample_shape_ = tuple(manifest["sample_shape"])
    sizes = detector.sample_shape_
    is_shape = 1 <= len(sizes) <= 3 and all(isinstance(n, int) and n > 0 for n in sizes)
    if not is_shape or math.prod(sizes) > LARGEST_SAMPLE:
        raise ArtifactError(f"{name} is for samples of shape {sizes}, which no detector has")
    detector.n_features_in_ = int(manifest["n_features"])
    if manifest["feature_names"] is not None:
        detector.feature_names_in_ = np.array(
            [str(each) for each in manifest["feature_names"]], dtype=object
        )
    detector.seed_ = int(manifest["seed"])
    detector.preparation_ = Preparation.from_dict(manifest["preparation"])
    detector.calibration_ = Calibration.from_dict(manifest["calibration"])
    detector.offset_ = -detector.calibration_.limit
    detector.history_ = manifest["training"]["history"]
    widths = {len(detector.preparation_.offset_), detector.sample_shape_[-1]}
    if widths - {1} != {detector.n_features_in_} - {1}:
        raise ArtifactError(f"{name} has features and scales of different number")
    return detector


def _plain(value: Any, key: str, name: str) -> Any:
    """Return a setting as the constructor takes it; refuse what JSON of `save` cannot hold."""
    if isinstance(value, list) and not any(isinstance(each, (list, dict)) for each in value):
        return tuple(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ArtifactError(f"{name} has a setting that no detector has: {key} = {str(value)[:50]}")


def _require_room(detector: OutlierDetector, weights: bytes, name: str) -> None:
    """Refuse a file whose settings ask for more weights than it holds, before any is made."""
    held = _count_values(weights, name)
    # In a thread of its own: Keras keeps a list per thread of what it has yet to allocate.
    with ThreadPoolExecutor(1) as apart:
        asked = apart.submit(_count_weights, detector).result()
    if asked > held:
        raise ArtifactError(
            f"{name} needs {asked:,} weights and holds {held:,}; it is damaged or was altered"
        )


def _count_weights(detector: OutlierDetector) -> int:
    """Return the number of weights that a detector's settings ask for; allocates nothing."""
    with keras.StatelessScope(initialize_variables=False):
        return sum(math.prod(v.shape) for v in detector.untrained().weights)


def _count_values(weights: bytes, name: str) -> int:
    """Return the number of weights in an HDF5 file that holds plain arrays and nothing else.

    Raises:
        ArtifactError: links to other files, virtual or compressed data, or promised data that are
            not there.
    """
    total, seen = 0, 0

    def walk(group: h5py.Group, depth: int) -> None:
        nonlocal total, seen
        for key in group:
            seen += 1
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink) or depth > 30 or seen > 10_000:
                raise ArtifactError(f"{name} holds links, which a .zoo file never does")
            item = group[key]
            if isinstance(item, h5py.Group):
                walk(item, depth + 1)
            elif not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiu":
                raise ArtifactError(f"{name} holds weights that are no numbers")
            else:
                held = item.id.get_storage_size() if item.size else 0
                if item.external or item.is_virtual or item.chunks or held != item.nbytes:
                    raise ArtifactError(f"{name} promises weights that are not in it")
                total += item.size

    with h5py.File(io.BytesIO(weights), "r") as file:
        walk(file, 0)
    return total


def _sums(members: dict[str, bytes]) -> str:
    return "".join(
        f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in (MANIFEST, WEIGHTS)
    )


def _finite(values: list[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]


def _refuse_constant(word: str) -> None:
    raise InputError(f"{word} is not a number")
