"""Files that version 0.1.0 wrote before its modules moved still load, and score the same."""

from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo import models  # noqa: F401  (registers the classes that a .keras file names)

FOLDER = Path(__file__).with_name("written_by_0_1_0")
FILES = sorted(FOLDER.glob("*.zoo"))


@pytest.fixture(scope="module")
def known():
    return np.load(FOLDER / "scores.npz")


def test_there_is_one_file_of_each_method():
    assert len(FILES) == 7


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_detector_scores_as_it_did(file, known):
    detector = zoo.load(file)
    np.testing.assert_allclose(detector.anomaly_score(known["x"]), known[file.stem], rtol=1e-4)
    np.testing.assert_array_equal(detector.predict(known["x"]), known[f"{file.stem}_out"])


def test_a_keras_file_scores_as_it_did(known):
    model = keras.saving.load_model(FOLDER / "deep-svdd.keras")
    detector = zoo.load(FOLDER / "deep-svdd.zoo")
    x = detector.preparation_.transform(known["x"])
    np.testing.assert_allclose(model.predict(x, verbose=0), known["deep-svdd"], rtol=1e-4)
