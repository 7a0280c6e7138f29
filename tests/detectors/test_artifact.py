"""One file, three backends, the same scores; and nothing that is broken or hostile gets in."""

import hashlib
import importlib.util
import io
import json
import os
import random
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import zoo
from zoo.backend import BACKENDS
from zoo.detectors import Autoencoder, artifact, contract, registry
from zoo.detectors.artifact import MANIFEST, SUMS, WEIGHTS, ArtifactError
from zoo.nn.initializers import drawn_by_numpy

SCRIPT = Path(__file__).with_name("artifact_run.py")
NAMES = [subject.name for cls in registry.classes().values() for subject in contract.subjects(cls)]
INSTALLED = [b for b in BACKENDS if importlib.util.find_spec(b)]
X = np.random.default_rng(0).normal(size=(120, 3)) * [1, 2, 3]

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("artifact")]


def run(backend, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        env=environment, capture_output=True, text=True, cwd=SCRIPT.parent.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Artefacts of every example, by the backend that fitted them."""
    folder = tmp_path_factory.mktemp("artefacts")
    for backend in INSTALLED:
        (folder / backend).mkdir()
        run(backend, "save", folder / backend)
    return folder


@pytest.fixture(scope="session")
def read(saved):
    """Scores of all of them, by the backend that read them."""
    for backend in INSTALLED:
        run(backend, "load", saved, saved / f"{backend}.npz")
    return {backend: np.load(saved / f"{backend}.npz") for backend in INSTALLED}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("written", BACKENDS)
@pytest.mark.parametrize("loaded", BACKENDS)
def test_scores_and_decides_the_same_wherever_it_is_read(saved, read, written, loaded, name):
    if not {written, loaded} <= set(INSTALLED):
        pytest.skip("one of the backends is not installed")
    expected = np.load(saved / written / f"{name}.npz")
    found = read[loaded]
    np.testing.assert_allclose(
        found[f"{written}_{name}_score"], expected["score"], rtol=1e-5, atol=1e-7
    )
    np.testing.assert_array_equal(found[f"{written}_{name}_out"], expected["out"])


@pytest.fixture(scope="module")
def detector():
    return Autoencoder(epochs=2, learning_rate=1e-2, units=(8, 4), random_state=0).fit(X)


@pytest.fixture(scope="module")
def good(detector, tmp_path_factory):
    """Members of a good artefact."""
    path = detector.save(tmp_path_factory.mktemp("good") / "model.zoo")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, members, sums=True, compression=zipfile.ZIP_STORED):
    """Write members as an artefact; with sums of their own, as one who knows the format would."""
    if sums:
        members = {**members, SUMS: sums_of(members)}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def sums_of(members):
    lines = [f"{hashlib.sha256(members[n]).hexdigest()}  {n}\n" for n in (MANIFEST, WEIGHTS)]
    return "".join(lines).encode()


def changed(good, **changes):
    manifest = json.loads(good[MANIFEST])
    for path, value in changes.items():
        *parents, last = path.split("__")
        inner = manifest
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
    return {**good, MANIFEST: json.dumps(manifest).encode()}


def swapped(good, old, new):
    return {**good, MANIFEST: good[MANIFEST].replace(old, new)}


def holding(fill):
    """Changes the weights to an HDF5 file that `fill` fills."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return lambda good: {**good, WEIGHTS: buffer.getvalue()}


def link(file, target):
    file["a"] = target


def make(file, shape, **settings):
    file.create_dataset("a", shape, "u1", **settings)


def test_is_three_plain_members(good):
    assert set(good) == {MANIFEST, WEIGHTS, SUMS}
    assert not any(b"lambda" in c.lower() or b"pickle" in c.lower() for c in good.values())
    assert good[SUMS] == sums_of(good)


def test_a_loaded_detector_is_the_fitted_one(detector, good, tmp_path):
    again = zoo.load(pack(tmp_path / "m.zoo", good))
    np.testing.assert_array_equal(again.anomaly_score(X), detector.anomaly_score(X))
    assert again.get_params() == detector.get_params() and again.offset_ == detector.offset_
    assert again.set_threshold(false_alarm_rate=0.2).offset_ > detector.offset_
    with pytest.raises(ValueError, match="contamination needs the scores"):
        again.set_threshold(contamination=0.1)
    again.save(tmp_path / "again.zoo")


REFUSED = {
    "a newer format": (lambda g: changed(g, format=99), "has format 99.*upgrade"),
    "another method": (lambda g: changed(g, method="os.system"), "the method 'os.system'"),
    "a pickle besides": (lambda g: {**g, "model.pkl": b"x"}, "holds 'model.pkl'"),
    "a path out of the archive": (lambda g: {**g, "../../evil.py": b"x"}, "holds '../../evil.py'"),
    "a keras model": (lambda g: {**g, "model.keras": b"x"}, "holds 'model.keras'"),
    "a surplus setting": (lambda g: changed(g, settings__hook="x"), "settings hook, which"),
    "a code as setting": (lambda g: changed(g, settings__network={"a": 1}), "no detector has"),
    "10 GB of units": (lambda g: changed(g, settings__units=[50_000, 50_000]), "and holds"),
    "numbers beyond any": (lambda g: changed(g, settings__units=[10**12]), "no detector has"),
    "endless layers": (lambda g: changed(g, settings__units=[1] * 10**5), "no detector has"),
    "a sample of 10 GB": (lambda g: changed(g, sample_shape=[10**10]), "no detector has"),
    "features that differ": (lambda g: changed(g, n_features=7), "different number"),
    "a threshold of NaN": (lambda g: swapped(g, b'"limit":', b'"limit": NaN, "l":'), "be read"),
    "a scale of zero": (lambda g: changed(g, preparation__factor_=[0, 1, 1]), "factor .* is 0"),
    "no manifest": (lambda g: {**g, MANIFEST: b"{}"}, "cannot be read"),
    "nested brackets": (lambda g: {**g, MANIFEST: b"[" * 100_000}, "cannot be read"),
    "weights of nothing": (lambda g: {**g, WEIGHTS: b""}, "does not hold together"),
    "a link to a file": (
        holding(lambda f: link(f, h5py.ExternalLink("/etc/passwd", "/"))),
        "holds links",
    ),
    "a soft link": (
        holding(lambda f: link(f, h5py.SoftLink("/"))), "holds links",
    ),
    "external data": (
        holding(lambda f: make(f, (9,), external=[("/etc/passwd", 0, 9)])),
        "not in it",
    ),
    "a shape of 10 GB": (
        holding(lambda f: make(f, (10**10,))), "not in it",
    ),
    "compressed weights": (
        holding(lambda f: make(f, (10**6,), compression="gzip")),
        "not in it",
    ),
    "text as weights": (
        holding(lambda f: f.create_dataset("a", data=["x"])),
        "no numbers",
    ),
    "other weights": (
        holding(lambda f: f.create_dataset("a", data=np.zeros(10**5))),
        "does not hold together",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_save_wrote_is_refused(good, tmp_path, kind):
    change, said = REFUSED[kind]
    with pytest.raises(ArtifactError, match=said) as caught:
        zoo.load(pack(tmp_path / "m.zoo", change(good)))
    assert "\n" not in str(caught.value) and "m.zoo" in str(caught.value)


def test_a_setting_that_the_file_does_not_have_takes_its_default(detector, good, tmp_path):
    manifest = json.loads(good[MANIFEST])
    del manifest["settings"]["sparsity"]  # as a file of an earlier version
    members = {**good, MANIFEST: json.dumps(manifest).encode()}
    again = zoo.load(pack(tmp_path / "m.zoo", members))
    assert again.sparsity == Autoencoder.sparsity
    np.testing.assert_array_equal(again.anomaly_score(X), detector.anomaly_score(X))


@pytest.mark.parametrize("change", [{"method": "gone"}, {"settings__gone": 1}])
def test_what_is_not_known_here_says_which_version_wrote_it(good, tmp_path, change):
    members = changed(good, versions__zoo="9.8.7", **change)
    with pytest.raises(ArtifactError, match="written by version 9.8.7.*gone"):
        zoo.load(pack(tmp_path / "m.zoo", members))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settings__mask": 2.0}, r"mask is 2.0; give a number \(0 to 1\)"),
        ({"settings__network": "cnn"}, "network is 'cnn'; choose one of auto, mlp"),
        ({"settings__units": [0]}, r"units is \(0,\); give at most 100 whole numbers"),
    ],
)
def test_a_setting_outside_its_bounds_is_named_with_them(good, tmp_path, change, said):
    with pytest.raises(ArtifactError, match=said):
        zoo.load(pack(tmp_path / "m.zoo", changed(good, **change)))


def test_an_altered_threshold_is_noticed(good, tmp_path):
    members = changed(good, calibration__limit=1e9)
    with pytest.raises(ArtifactError, match="altered after it was saved"):
        zoo.load(pack(tmp_path / "m.zoo", members, sums=False))


def test_what_a_refused_file_asked_for_is_not_allocated_later(good, tmp_path):
    with pytest.raises(ArtifactError, match="and holds"):
        zoo.load(pack(tmp_path / "m.zoo", changed(good, settings__units=[4000, 4000])))
    tracemalloc.start()
    with drawn_by_numpy(), keras.StatelessScope():  # at its end Keras draws what it knows of
        pass
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_a_zip_bomb_is_refused(good, tmp_path):
    bomb = {**good, WEIGHTS: bytes(10**8)}
    path = pack(tmp_path / "m.zoo", bomb, compression=zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    with pytest.raises(ArtifactError, match="compressed, which a .zoo file never is"):
        zoo.load(path)
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_a_huge_file_is_refused_unread(tmp_path):
    with open(tmp_path / "m.zoo", "wb") as file:
        file.truncate(2**31 + 1)
    with pytest.raises(ArtifactError, match="bytes; a .zoo file has"):
        zoo.load(tmp_path / "m.zoo")


def test_no_file_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a .zoo file there"):
        zoo.load(tmp_path / "m.zoo")


def test_two_hundred_damaged_files_are_refused(good, tmp_path, monkeypatch):
    """Cut, flipped and overwritten at random, with and without sums that fit."""
    monkeypatch.setattr(artifact.OutlierDetector, "untrained", unreachable)
    rng = random.Random(0)
    path = tmp_path / "m.zoo"
    whole = pack(path, good, sums=False).read_bytes()
    for number in range(200):
        content = bytearray(whole)
        kind = number % 4
        if kind == 0:
            content = content[: rng.randrange(len(content))]
        elif kind == 1:
            for _ in range(rng.choice([1, 3, 100])):
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        elif kind == 2:
            start = rng.randrange(len(content))
            content[start : start + 200] = rng.randbytes(200)
        else:
            content = bytearray(rng.randbytes(rng.randrange(1, 5000)))
        path.write_bytes(content)
        try:
            manifest, weights = artifact.read(path)
        except ArtifactError as error:
            assert "m.zoo" in str(error)
        else:  # a flip that ZIP never looks at
            assert manifest == json.loads(good[MANIFEST]) and weights == good[WEIGHTS]


def unreachable(self):
    raise AssertionError("a damaged file got as far as its model")


def test_weights_of_noise_with_sums_that_fit_are_refused(good, tmp_path):
    rng = random.Random(1)
    weights = good[WEIGHTS]
    refused = 0
    for _ in range(60):
        content = bytearray(weights)
        for _ in range(50):
            content[rng.randrange(2000)] ^= 1 << rng.randrange(8)
        try:
            zoo.load(pack(tmp_path / "m.zoo", {**good, WEIGHTS: bytes(content)}))
        except ArtifactError:
            refused += 1
    assert refused > 40


def test_a_failed_save_leaves_what_was_there(detector, tmp_path, monkeypatch):
    path = detector.save(tmp_path / "m.zoo")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        detector.save(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["m.zoo"]


def test_two_processes_that_write_one_file_leave_one_whole(detector, tmp_path):
    import threading

    path = tmp_path / "m.zoo"
    detector.save(path)
    writers = [threading.Thread(target=detector.save, args=(path,)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for _ in range(20):
        artifact.read(path)
    for writer in writers:
        writer.join()
    assert zoo.load(path).offset_ == detector.offset_
