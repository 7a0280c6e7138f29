"""The laws of the classifier: probabilities, weights of the rare class, a frozen encoder."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.models import Classifier, Forecaster
from zoo.nn.networks import draw_weights, mlp, recurrent


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(40, 4)).astype("float32")


def classifier(rate=0.1, **options):
    encoder = draw_weights(mlp((4,), units=(3,), activation="tanh"), 0)
    model = Classifier(encoder, draw_weights(mlp((3,), units=(4, 1)), 1), **options)
    model.compile(keras.optimizers.SGD(rate))
    return model


def loss_of(model, x, y):
    return float(model.test_on_batch(x, y))


def moved(network, before):
    return any(np.any(a != b) for a, b in zip(network.get_weights(), before, strict=True))


def test_the_score_is_the_sigmoid_of_the_head_on_the_encoder(x):
    model = classifier()
    logits = model.head.predict(model.encoder.predict(x, verbose=0), verbose=0)[:, 0]
    expected = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5)


def test_the_loss_is_what_keras_calls_binary_cross_entropy(x):
    y = (x[:, 0] > 0).astype(int)
    model = classifier()
    expected = keras.losses.BinaryCrossentropy()(y, model.predict(x, verbose=0))
    assert loss_of(model, x, y) == pytest.approx(float(expected), rel=1e-4)


def test_focal_is_what_keras_calls_focal(x):
    y = (x[:, 0] > 0).astype(int)
    model = classifier(objective="focal", gamma=3.0)
    expected = keras.losses.BinaryFocalCrossentropy(gamma=3.0)(y, model.predict(x, verbose=0))
    assert loss_of(model, x, y) == pytest.approx(float(expected), rel=1e-4)


def test_an_anomaly_of_weight_three_is_three_anomalies(x):
    y = np.zeros(40, int)
    y[:5] = 1
    repeated = np.concatenate([x, x[:5], x[:5]]), np.concatenate([y, y[:5], y[:5]])
    once, thrice = loss_of(classifier(positive_weight=3.0), x, y), loss_of(classifier(), *repeated)
    assert once * 40 == pytest.approx(thrice * 50, rel=1e-5)


def test_labels_of_any_kind_and_shape_mean_the_same(x):
    y = x[:, 0] > 0
    given = (y, y.astype("int64"), y.astype("float32"), y.astype("float32")[:, None])
    losses = [loss_of(classifier(), x, labels) for labels in given]
    assert losses == pytest.approx([losses[0]] * 4, rel=1e-6)


def test_a_rising_weight_raises_the_probability_of_an_anomaly(x):
    y = np.random.default_rng(1).uniform(size=40) < 0.2  # nothing to learn but how rare they are
    means = []
    for weight in (1.0, 9.0):
        model = classifier(positive_weight=weight)
        model.fit(x, y, batch_size=40, epochs=30, verbose=0)
        means.append(model.predict(x, verbose=0).mean())
    assert means[0] < 0.4 < 0.5 < means[1]


def test_weight_decay_holds_what_is_trained(x):
    y = x[:, 0] > 0
    model = classifier(weight_decay=0.1)
    weights = [w for network in (model.encoder, model.head) for w in network.get_weights()]
    penalty = 0.05 * sum(np.sum(w**2) for w in weights)
    assert loss_of(model, x, y) == pytest.approx(loss_of(classifier(), x, y) + penalty, rel=1e-5)


def test_a_frozen_encoder_stays_until_it_is_thawed(x):
    y = x[:, 0] > 0
    model = classifier()
    encoder, head = model.encoder.get_weights(), model.head.get_weights()
    model.encoder.trainable = False
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(x, y, epochs=2, verbose=0)
    assert not moved(model.encoder, encoder) and moved(model.head, head)

    model.encoder.trainable = True
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(x, y, epochs=2, verbose=0)
    assert moved(model.encoder, encoder)


def test_an_encoder_saved_frozen_is_frozen_when_read(x, tmp_path):
    model = classifier()
    model.encoder.trainable = False
    model.compile(keras.optimizers.Adam(0.01))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert not loaded.encoder.trainable_variables
    assert len(loaded.trainable_variables) == len(model.head.trainable_variables)


def test_the_encoder_of_a_forecaster_is_the_one_that_classifies():
    windows = np.random.default_rng(0).normal(size=(24, 6, 1)).astype("float32")
    encoder = draw_weights(recurrent((None, 1), "lstm", units=(4,)), 0)
    forecaster = Forecaster(encoder, mlp((4,), units=(1,)))
    forecaster.compile("adam")
    forecaster.fit(windows, epochs=1, verbose=0)
    learned = encoder.get_weights()
    model = Classifier(encoder, mlp((4,), units=(4, 1)))
    encoder.trainable = False
    model.compile("adam")
    model.fit(windows, np.arange(24) % 2, epochs=1, verbose=0)
    assert not moved(model.encoder, learned)


def test_large_logits_have_finite_losses_and_gradients(x):
    for objective in ("cross-entropy", "focal"):
        model = classifier(objective=objective)
        model.head.set_weights([1e4 * w for w in model.head.get_weights()])
        assert np.ptp(ops.convert_to_numpy(model.logits(x))) > 1e3
        model.train_on_batch(x, x[:, 0] > 0)
        assert all(np.all(np.isfinite(w)) for w in model.get_weights())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "hinge"}, "objective 'hinge' is unknown; choose one of"),
        ({"positive_weight": 0.0}, "positive_weight is 0.0"),
        ({"gamma": -1.0}, "gamma -1.0"),
    ],
)
def test_settings_that_cannot_work_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        classifier(**options)


def test_a_head_of_two_numbers_is_refused():
    with pytest.raises(ValueError, match=r"gives \(2,\) numbers a sample, expected one logit"):
        Classifier(mlp((4,), units=(3,)), mlp((3,), units=(2,)))
