"""ROC-AUC of each kind of anomaly."""

import numpy as np
import pytest

from zoo.evaluation.metrics import roc_auc, roc_auc_by_kind

pytestmark = pytest.mark.once


def test_each_kind_is_held_against_all_normals_and_no_other_kind():
    normal, strange = [1.0, 2.0, 3.0, 4.0], [2.5, 9.0, 3.5]
    found = roc_auc_by_kind(normal, strange, ["drop", "spike", "drop"])
    # 2.5 exceeds two of four normals, 3.5 three.
    assert found == {"drop": 5 / 8, "spike": 1.0}


def test_one_kind_alone_is_the_roc_auc():
    scores = np.random.default_rng(0).normal(size=40)
    found = roc_auc_by_kind(scores[:30], scores[30:], ["it"] * 10)
    assert found["it"] == roc_auc([0] * 30 + [1] * 10, scores)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([1.0], [2.0, 3.0], ["a"]), "expected one for one"),
        (([], [2.0], ["a"]), "0 normals and 1 anomalies"),
        (([1.0], [np.nan], ["a"]), "NaN or infinite"),
    ],
)
def test_refuses_what_has_no_answer(given, message):
    with pytest.raises(ValueError, match=message):
        roc_auc_by_kind(*given)
