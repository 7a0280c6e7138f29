import sys

import numpy as np
import pandas as pd
import pytest

from zoo import explain

pytestmark = pytest.mark.once


BACKGROUND = np.zeros((3, 3))
X = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])


def product(x):
    """x₀ x₁ + x₂², of which the first two features share the product evenly."""
    return x[:, 0] * x[:, 1] + x[:, 2] ** 2


def test_features_that_act_together_share_what_they_add():
    pytest.importorskip("shap", reason="the extra shap is not installed")
    found = explain.shap_values(product, X, BACKGROUND)
    np.testing.assert_allclose(found, [[1, 1, 0], [0, 0, 9]], atol=1e-9)


def test_frames_reach_the_score_as_frames():
    pytest.importorskip("shap", reason="the extra shap is not installed")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    found = explain.shap_values(lambda f: f["a"] * f["b"] + f["c"] ** 2, frame, frame[:0:-1] * 0)
    np.testing.assert_allclose(found.sum(axis=1), [2, 9])


def test_other_columns_are_refused():
    pytest.importorskip("shap", reason="the extra shap is not installed")
    with pytest.raises(ValueError, match=r"\(2, 3\) and the background \(3, 2\)"):
        explain.shap_values(product, X, BACKGROUND[:, :2])


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match=r"keras-anomaly-zoo\[shap\].*occlusion"):
        explain.shap_values(product, X, BACKGROUND)
