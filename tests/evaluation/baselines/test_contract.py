"""What every baseline owes: it finds other digits, repeats itself, and names what it cannot use."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from zoo.evaluation.baselines import LocalOutlierFactorBaseline, ZScore
from zoo.evaluation.baselines import all_baselines as all_of
from zoo.evaluation.metrics import roc_auc

pytestmark = pytest.mark.once


def every(seed=0):
    return {**all_of(seed), "lof": LocalOutlierFactorBaseline(), "z_score": ZScore()}


NAMES = list(every())


@pytest.fixture(scope="module")
def digits():
    images, classes = load_digits(return_X_y=True)
    return images.reshape(-1, 8, 8, 1) / 16, classes


def test_the_table_of_baselines_stays_as_it_is():
    assert list(all_of()) == ["pca", "knn", "isolation_forest"]


@pytest.mark.parametrize("name", NAMES)
def test_each_finds_other_digits(name, digits):
    images, classes = digits
    zeros = images[classes == 0]
    baseline = every()[name].fit(zeros[::2])
    scores = baseline.score(np.concatenate([zeros[1::2], images[classes != 0]]))
    labels = np.arange(len(scores)) >= len(zeros[1::2])
    assert scores.dtype == np.float32
    assert scores.shape == labels.shape
    assert roc_auc(labels, scores) > 0.98


@pytest.mark.parametrize("name", NAMES)
def test_each_gives_the_same_scores_again(name, digits):
    images, _ = digits
    first, again = (every(seed=3)[name].fit(images[:200]).score(images[:9]) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_content_with_two_samples(name):
    scores = every()[name].fit([[0.0, 1.0, 2.0], [1.0, 0.0, 2.0]]).score([[5.0, 5.0, 5.0]])
    assert scores.shape == (1,)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_finite_is_named(name):
    with pytest.raises(ValueError, match="2 of 4 values of the samples are NaN or infinite"):
        every()[name].fit([[0.0, np.nan], [np.inf, 1.0]])
    fitted = every()[name].fit([[0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match="1 of 2 values of the samples are NaN or infinite"):
        fitted.score([[0.0, np.nan]])
