"""A training that was killed ends as one that was not: dropout, noise, GAN and early stopping."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo.detectors import Autoencoder
from zoo.detectors.fitting import CheckpointError

SCRIPT = Path(__file__).with_name("resume_run.py")
X = np.random.default_rng(0).normal(size=(100, 3)) * [1, 2, 3]


def start(checkpoint, out):
    return subprocess.Popen(
        [sys.executable, "-u", str(SCRIPT), str(checkpoint), str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=SCRIPT.parent.parent.parent,
    )  # fmt: skip


TIMES = {"torch": 5, "jax": 2, "tensorflow": 2}  # those that compile take longer to start
NOW_AND_THEN = pytest.mark.slow if keras.backend.backend() == "tensorflow" else []


@pytest.mark.xdist_group("resume")
@pytest.mark.parametrize(
    "times", [pytest.param(TIMES[keras.backend.backend()], marks=NOW_AND_THEN)]
)
def test_a_killed_training_ends_with_the_same_weights(tmp_path, times):
    rng = random.Random(0)
    whole = start(tmp_path / "a.ckpt", tmp_path / "a.npz")
    checkpoint, out = tmp_path / "b.ckpt", tmp_path / "b.npz"
    for _ in range(times):
        process = start(checkpoint, out)
        seen, until = 0, rng.randint(1, 3)
        for line in process.stdout:
            seen += line.startswith("Epoch ")
            if seen == until:
                time.sleep(rng.random() * 0.2)
                process.send_signal(signal.SIGKILL)
                break
        process.wait()
        assert process.returncode == -signal.SIGKILL
    assert checkpoint.exists()
    last = start(checkpoint, out)
    begun = next(line for line in last.stdout if line.startswith("Epoch "))
    last.communicate()
    whole.communicate()
    assert last.returncode == 0 and whole.returncode == 0
    assert int(begun.split()[1].split("/")[0]) > 2  # it did not start anew
    assert not checkpoint.exists()
    with np.load(tmp_path / "a.npz") as expected, np.load(out) as found:
        assert set(expected) == set(found)
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=1e-6)


def fit(path, **settings):
    settings = {"epochs": 2, "random_state": 0, "units": (4,)} | settings
    return Autoencoder(checkpoint=str(path), **settings)


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
class TestCheckpoints:
    def interrupted(self, path, **settings):
        """A checkpoint of a training that was interrupted after its first epoch."""
        detector = fit(path, **settings)
        compile = detector.compile

        class Interrupt(Exception):
            pass

        def stop(epoch, logs=None):
            raise Interrupt

        def compile_and_stop(model):
            compile(model)
            model.begin_epoch = lambda epoch: stop(epoch) if epoch == 1 else None

        detector.compile = compile_and_stop
        with pytest.raises(Interrupt):
            detector.fit(X)
        assert path.exists()

    def test_another_training_is_refused(self, tmp_path):
        self.interrupted(tmp_path / "c")
        with pytest.raises(CheckpointError, match="other data or settings"):
            fit(tmp_path / "c", batch_size=7).fit(X)
        with pytest.raises(CheckpointError, match="other data or settings"):
            fit(tmp_path / "c").fit(X + 1)
        assert fit(tmp_path / "c").fit(X) and not (tmp_path / "c").exists()

    @pytest.mark.parametrize("content", [b"", b"nonsense", None])
    def test_a_damaged_one_is_refused(self, tmp_path, content):
        self.interrupted(tmp_path / "c")
        whole = (tmp_path / "c").read_bytes()
        (tmp_path / "c").write_bytes(whole[: len(whole) // 2] if content is None else content)
        with pytest.raises(CheckpointError, match="damaged"):
            fit(tmp_path / "c").fit(X)

    def test_a_folder_that_cannot_be_written_is_said(self, tmp_path):
        with pytest.raises(OSError):
            fit(tmp_path / "nowhere" / "c").fit(X)
        assert os.listdir(tmp_path) == []
