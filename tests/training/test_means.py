"""Means over an epoch are weighted by samples and keep every name that a model gives."""

import numpy as np
import pytest
from keras import ops

from zoo.training.means import RunningMeans


def test_means_weigh_by_samples():
    means = RunningMeans()
    means.update_state({"loss": 1.0, "accuracy": 0.0}, sample_weight=30)
    means.update_state({"loss": 5.0, "accuracy": 1.0}, sample_weight=10)
    found = {name: float(ops.convert_to_numpy(mean)) for name, mean in means.result().items()}
    assert found == pytest.approx({"loss": 2.0, "accuracy": 0.25})
    assert means.as_floats() == found


def test_a_new_epoch_starts_from_nothing():
    means = RunningMeans()
    means.update_state({"loss": 7.0})
    means.reset_state()
    assert means.as_floats() == {"loss": 0.0}
    assert np.array(ops.convert_to_numpy(means.result()["loss"])) == 0
    means.update_state({"loss": 3.0})
    assert np.array(ops.convert_to_numpy(means.result()["loss"])) == 3


def test_terms_keep_their_values_in_whatever_order_they_come():
    means = RunningMeans()
    means.update_state({"b": 1.0, "a": 2.0})
    means.update_state({"a": 4.0, "b": 3.0})
    found = {name: float(ops.convert_to_numpy(mean)) for name, mean in means.result().items()}
    assert found == {"a": 3.0, "b": 2.0}


def test_too_many_terms_are_refused():
    with pytest.raises(ValueError, match="reported 17 terms; at most 16 fit"):
        RunningMeans().update_state({f"term_{i}": 0.0 for i in range(17)})
