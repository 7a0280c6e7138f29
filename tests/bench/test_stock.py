"""The stock Keras networks are the zoo's: equal loss and scores, equal training."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.bench.stock import StockKeras
from zoo.bench.subjects import SUBJECTS, network_weights
from zoo.training.batches import Batches


def small(name):
    size = 4 if name == "transformer" else 8
    return replace(SUBJECTS[name], samples=3 * size, batch_size=size)


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("name", SUBJECTS)
def test_loss_and_scores_are_those_of_the_zoo_before_and_after_training(name):
    subject = small(name)
    x = subject.data()
    model = subject.build()
    model.compile(subject.optimizer())
    stock = StockKeras(subject, network_weights(model), x)
    model.before_fit(x)
    scores = model.predict(x, verbose=0)
    np.testing.assert_allclose(stock.predict(x), scores, rtol=1e-4)
    assert stock.score_one(x[:1])[0] == pytest.approx(float(scores[0]), rel=1e-4)
    loss = stock.network.evaluate(x, stock.targets, batch_size=subject.batch_size, verbose=0)
    assert loss == pytest.approx(scores.mean(), rel=1e-4)

    stock.fit(x, epochs=1)
    batches = Batches(x, subject.batch_size, seed=0, drop_last=True)
    model.fit(batches, epochs=1, verbose=0)
    trained = model.predict(x, verbose=0)
    np.testing.assert_allclose(stock.predict(x), trained, rtol=1e-3)
    assert np.abs(scores - trained).max() > 10 * np.abs(stock.predict(x) - trained).max()
    mine, zoos = (
        [tuple(variable.shape) for variable in network.trainable_variables]
        for network in (stock.network, model)
    )
    assert mine == zoos


@pytest.mark.parametrize("name", SUBJECTS)
def test_all_layers_are_keras_own_and_compiled_by_its_defaults(name):
    subject = small(name)
    stock = StockKeras(subject, network_weights(subject.build()), subject.data())
    modules = {type(layer).__module__ for layer in stock.network.layers}
    modules.add(type(stock.network).__module__)
    assert all(module.startswith("keras.") for module in modules)
    assert not stock.network.run_eagerly and stock.network.steps_per_execution == 1


def test_later_epochs_are_shuffled_by_keras():
    subject = small("mlp_autoencoder")
    x = subject.data()
    stock = StockKeras(subject, network_weights(subject.build()), x)
    seen = []
    fit = stock.network.fit
    stock.network.fit = lambda x, *given, **how: seen.append((x, how)) or fit(x, *given, **how)
    stock.fit(x, epochs=1)
    stock.fit(x, epochs=2)
    assert [how["shuffle"] for _, how in seen] == [False, True]
    assert seen[1][0] is x and not np.array_equal(seen[0][0], x)
    assert [how["epochs"] for _, how in seen] == [1, 2]
