"""What `fit` and `predict` take: frames, lists, tensors, splits and weights, on the fast path."""

import logging

import keras
import numpy as np
import pandas as pd
import pytest

from zoo.errors import InputError
from zoo.models import Autoencoder, Classifier, DeepSVDD
from zoo.models.base import AnomalyModel
from zoo.nn.networks import draw_weights, mlp
from zoo.training.batches import Batches
from zoo.training.data import as_array, in_batches_of, split

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("float32")


@pytest.fixture(autouse=True)
def nothing_leaves_the_fast_path(caplog):
    caplog.set_level(logging.INFO, "zoo.engine")
    yield
    assert not [record for record in caplog.get_records("call") if record.name == "zoo.engine"]


def autoencoder():
    model = Autoencoder(
        draw_weights(mlp((4,), (3,)), 0), draw_weights(mlp((3,), (4,)), 1), noise=0.0
    )
    model.compile(keras.optimizers.Adam(0.01))
    return model


def classifier():
    model = Classifier(draw_weights(mlp((4,), (3,)), 0), draw_weights(mlp((3,), (1,)), 1))
    model.compile(keras.optimizers.Adam(0.01))
    return model


def fitted(model, *data, **options):
    history = model.fit(*data, batch_size=8, epochs=2, shuffle=False, verbose=0, **options)
    return history.history, model.get_weights()


def require_equal(found, expected):
    for name in expected[0]:
        np.testing.assert_allclose(found[0][name], expected[0][name], rtol=1e-5)
    for one, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def torch_tensor():
    return pytest.importorskip("torch").tensor(X, requires_grad=True)


KINDS = {
    "frame": lambda: pd.DataFrame(X, columns=list("abcd")),
    "frame of several kinds": lambda: pd.DataFrame(X).astype({0: "float64", 1: "Float32"}),
    "lists": X.tolist,
    "keras tensor": lambda: keras.ops.convert_to_tensor(X),
    "torch tensor": torch_tensor,
    "float64": lambda: X.astype("float64"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_array_gives_what_the_numpy_array_gives(kind):
    expected, model = autoencoder(), autoencoder()
    require_equal(fitted(model, KINDS[kind]()), fitted(expected, X))
    np.testing.assert_allclose(model.predict(KINDS[kind]()), expected.predict(X), rtol=1e-5)


def test_the_split_is_the_last_part_before_any_shuffling():
    expected = fitted(autoencoder(), X[:30], validation_data=X[30:])
    require_equal(fitted(autoencoder(), X, validation_split=0.25), expected)
    labelled = fitted(classifier(), X[:30], Y[:30], validation_data=(X[30:], Y[30:]))
    require_equal(fitted(classifier(), X, Y, validation_split=0.25), labelled)
    keras_model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    keras_model.compile("sgd", "mse")
    for share in (0.07, 0.1, 0.3333):
        train, validation = split(X, Y, None, share)
        history = keras_model.fit(X, Y, validation_split=share, verbose=0, batch_size=40)
        assert len(train[0]) + len(validation[0]) == len(X) and "val_loss" in history.history
        np.testing.assert_array_equal(validation[0], X[len(train[0]) :])


@pytest.mark.parametrize(("share", "x"), [(1e-20, X), (0.999, X[:3]), (1.5, X)])
def test_a_split_without_samples_is_refused(share, x):
    with pytest.raises(InputError, match="validation_split"):
        autoencoder().fit(x, validation_split=share, verbose=0)


def test_a_split_of_what_is_no_array_is_refused():
    with pytest.raises(InputError, match="x is a Batches; give validation_data"):
        autoencoder().fit(Batches(X), validation_split=0.1, verbose=0)


def test_a_weight_of_zero_leaves_a_sample_out_and_equal_weights_change_nothing():
    require_equal(fitted(classifier(), X, Y, sample_weight=np.ones(40)), fitted(classifier(), X, Y))
    other = X.copy()
    other[::2] = 3.0
    weights = np.tile([0.0, 1.0], 20)
    found = fitted(classifier(), other, Y, sample_weight=weights)[1]
    expected = fitted(classifier(), X, Y, sample_weight=weights)[1]
    for one, two in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5)


def test_weights_without_labels_reach_a_model_that_weighs():
    class Seen(AnomalyModel):
        def __init__(self, network, **kwargs):
            super().__init__(**kwargs)
            self.network = network
            self.build(network.input_shape)

        def learn(self, x, training=True, sample_weight=None):
            def loss():
                error = keras.ops.mean(keras.ops.square(x - self.network(x)), axis=-1)
                return keras.ops.mean(error * sample_weight)

            weight = keras.ops.mean(sample_weight)
            return {"loss": self.minimize(loss, "network"), "weight": weight}

        def score(self, x):
            return keras.ops.mean(keras.ops.square(x - self.network(x)), axis=-1)

    model = Seen(draw_weights(mlp((4,), (4,)), 0))
    model.compile(keras.optimizers.Adam(0.01))
    weights = np.arange(40.0)
    history, _ = fitted(model, X, sample_weight=weights, validation_data=(X, None, 2 * weights))
    assert history["weight"] == pytest.approx([19.5] * 2)
    assert history["val_weight"] == pytest.approx([39.0] * 2)
    found = model.evaluate(X, sample_weight=weights, batch_size=8, verbose=0, return_dict=True)
    assert float(found["weight"]) == pytest.approx(19.5)


def test_weights_by_class_are_weights_of_samples():
    expected = fitted(classifier(), X, Y, sample_weight=np.where(Y == 1, 5.0, 1.0))
    require_equal(fitted(classifier(), X, Y, class_weight={1: 5.0}), expected)
    in_order = Batches(X, 8, seed=None, y=Y)
    model = classifier()
    model.fit(in_order, epochs=2, verbose=0, class_weight={1: 5.0})
    require_equal((model.history.history, model.get_weights()), expected)
    assert in_order.sample_weight is None


class Unweighted(DeepSVDD):
    def learn(self, x, training=True):
        return super().learn(x, training)


@pytest.mark.parametrize(
    "options",
    [
        {"sample_weight": np.ones(40)},
        {"validation_data": (X, None, np.ones(40))},
    ],
)
def test_a_model_that_does_not_weigh_refuses_weights(options):
    model = Unweighted(draw_weights(mlp((4,), (3,), bias=False), 0))
    model.compile("adam")
    with pytest.raises(InputError, match="Unweighted does not weigh samples"):
        model.fit(X, verbose=0, **options)
    batches = Batches(X, 8, sample_weight=np.ones(40))
    with pytest.raises(InputError, match="Unweighted does not weigh samples"):
        model.fit(batches, verbose=0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y": Y[:-1]}, "y has 39 samples and x 40"),
        ({"sample_weight": np.ones(3)}, "sample_weight has 3 samples"),
        ({"sample_weight": np.full(40, -1.0)}, "negative or missing"),
        ({"sample_weight": np.full(40, np.nan)}, "negative or missing"),
        ({"class_weight": {1: 2.0}}, "by their labels, and there are none"),
        ({"class_weight": {1: 2.0}, "sample_weight": np.ones(40), "y": Y}, "give one"),
    ],
)
def test_what_does_not_fit_together_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        in_batches_of(X, **given)


def test_labels_beside_batches_are_refused():
    with pytest.raises(InputError, match=r"y belongs into Batches\(x, y=...\)"):
        classifier().fit(Batches(X), Y, verbose=0)


@pytest.mark.parametrize("x", [[[1.0, 2.0], [3.0]], np.array([["a", "b"]]), [object()]])
def test_what_is_no_array_of_numbers_is_refused(x):
    with pytest.raises(InputError, match="x (is a|holds)"):
        as_array(x)
