"""The hand-written PyTorch networks are the zoo's: equal scores, before and after training."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from zoo import engine  # noqa: E402
from zoo.bench.native import NativeLoop  # noqa: E402
from zoo.bench.subjects import SUBJECTS, network_weights  # noqa: E402
from zoo.training.batches import Batches  # noqa: E402


def small(name):
    size = {"lenet_svdd": 8, "transformer": 4}.get(name, 8)
    return replace(SUBJECTS[name], samples=3 * size, batch_size=size)


@pytest.mark.parametrize("name", SUBJECTS)
def test_scores_as_the_zoo_does_before_and_after_training(name):
    subject = small(name)
    x = subject.data()
    model = subject.build()
    model.compile(subject.optimizer())
    native = NativeLoop(subject, network_weights(model))
    tensor = native.tensor(x)
    model.before_fit(x)
    native.place_center(tensor)
    score = engine.compiled(model.score, model)
    np.testing.assert_allclose(native.score(tensor), score(x), rtol=1e-4)
    assert native.score_one(x[:1]) == pytest.approx(float(score(x[:1])[0]), rel=1e-4)

    before = native.score(tensor)
    native.train(tensor, 1)
    batches = Batches(x, subject.batch_size, seed=0, drop_last=True)
    model.fit(batches, epochs=1, verbose=0)
    trained = score(x)
    np.testing.assert_allclose(native.score(tensor), trained, rtol=1e-3)
    assert np.abs(before - trained).max() > 10 * np.abs(native.score(tensor) - trained).max()
    assert native.parameters == sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def test_weights_of_another_network_are_refused():
    subject = small("gru_64")
    weights = network_weights(subject.build())
    with pytest.raises(ValueError, match="not those of the native network"):
        NativeLoop(subject, weights[:-1])
    with pytest.raises(ValueError, match="not those of this network"):
        NativeLoop(small("lstm_64"), weights)
