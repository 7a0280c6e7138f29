"""The base class: what it takes as data, how it runs, what it says when misused."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.models import Autoencoder, Classifier, DeepSVDD, HybridDeepSVDD
from zoo.models.base import AnomalyModel, peek
from zoo.nn.networks import draw_weights, mlp, recurrent
from zoo.training.batches import Batches

BACKEND = keras.backend.backend()


@pytest.fixture(scope="module")
def x():
    return (1 + np.random.default_rng(0).normal(size=(24, 4))).astype("float32")


def svdd(**options):
    model = DeepSVDD(draw_weights(mlp((4,), (3,), bias=False), 0), **options)
    model.compile(keras.optimizers.SGD(0.01))
    return model


def autoencoder(**options):
    networks = draw_weights(mlp((4,), (3,)), 0), draw_weights(mlp((3,), (4,)), 1)
    model = Autoencoder(*networks, noise=0.0)
    model.compile(keras.optimizers.SGD(0.01), **options)
    return model


def classifier():
    model = Classifier(draw_weights(mlp((4,), (3,)), 0), draw_weights(mlp((3,), (1,)), 1))
    model.compile(keras.optimizers.SGD(0.1))
    return model


def pydataset(x):
    class Pairs(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return x[8 * index : 8 * index + 8], np.zeros(8)  # labels, which are not looked at

    return Pairs()


def tensorflow_dataset(x):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices(x).batch(8)


def torch_loader(x):
    import torch

    data = torch.utils.data.TensorDataset(torch.tensor(x))
    return torch.utils.data.DataLoader(data, batch_size=8)


def only(backend):
    return pytest.mark.skipif(backend != BACKEND, reason=f"data of {backend}")


SOURCES = [
    pytest.param(pydataset, id="pydataset"),
    pytest.param(tensorflow_dataset, id="tf.data", marks=only("tensorflow")),
    pytest.param(torch_loader, id="DataLoader", marks=only("torch")),
]


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_data_gives_what_the_array_gives(source, x):
    expected, model = svdd(center_rate=0.1), svdd(center_rate=0.1)
    expected.fit(x, batch_size=8, epochs=2, shuffle=False, validation_data=(x, None), verbose=0)
    data = source(x)
    model.fit(data, epochs=2, shuffle=False, validation_data=data, verbose=0)
    for found, wanted in zip(model.weights, expected.weights, strict=True):
        np.testing.assert_allclose(
            ops.convert_to_numpy(found), ops.convert_to_numpy(wanted), atol=1e-6
        )
    np.testing.assert_allclose(
        model.history.history["val_loss"], expected.history.history["val_loss"], rtol=1e-5
    )
    np.testing.assert_allclose(
        model.predict(data, verbose=0), expected.predict(x, verbose=0), atol=1e-5
    )
    assert model.verdict.scores_distinct


def test_a_generator_trains_what_needs_no_first_pass(x):
    model = autoencoder()
    generator = ((x[:8],) for _ in range(6))
    history = model.fit(generator, steps_per_epoch=3, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    assert model.verdict.loss_fell and model.verdict.weights_moved
    assert model.verdict.scores_distinct is None  # nothing to look at ahead


def test_peek_takes_the_first_samples(x):
    assert np.array_equal(peek(x, size=5), x[:5])
    assert np.array_equal(peek(pydataset(x)), x[:8])
    assert peek(iter([x])) is None


def test_labels_are_refused(x):
    with pytest.raises(ValueError, match="Autoencoder learns without labels; call fit"):
        autoencoder().fit(x, np.zeros(len(x)))


def test_labels_are_demanded_by_a_model_that_needs_them(x):
    with pytest.raises(ValueError, match=r"Classifier learns from labels; call fit\(x, y\)"):
        classifier().fit(x)
    with pytest.raises(ValueError, match=r"its batches hold none; give batches of \(x, y\)"):
        classifier().fit(Batches(x, batch_size=8), verbose=0)


def test_labels_reach_the_model_from_every_source(x):
    y = (x[:, 0] > 1).astype("float32")
    in_order = Batches(x, batch_size=8, y=y)
    in_order.begin_epoch = lambda epoch: None
    in_order.order = np.arange(24)
    whole, by_batch, by_tensor = classifier(), classifier(), classifier()
    expected = whole.fit(
        x, y, batch_size=8, epochs=2, shuffle=False, validation_data=(x, y), verbose=0
    ).history
    assert expected["loss"][1] < expected["loss"][0]
    found = by_batch.fit(in_order, epochs=2, validation_data=in_order, verbose=0).history
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5)
    np.testing.assert_allclose(found["val_loss"], expected["val_loss"], rtol=1e-5)
    pairs = ((x[i : i + 8], y[i : i + 8]) for _ in range(2) for i in (0, 8, 16))
    found = by_tensor.fit(pairs, steps_per_epoch=3, epochs=2, verbose=0).history
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-5)


def test_other_labels_teach_something_else(x):
    scores = []
    for y in (x[:, 0] > 1, x[:, 0] <= 1):
        model = classifier()
        model.fit(x, y, epochs=20, verbose=0)
        scores.append(model.predict(x, verbose=0))
    assert np.corrcoef(*scores)[0, 1] < -0.5


def test_the_probes_for_collapse_are_samples_and_not_labels(x):
    model = classifier()
    model.fit(Batches(x, batch_size=8, y=x[:, 0] > 1), epochs=2, verbose=0)
    assert model.verdict.scores_distinct
    assert np.array_equal(peek(Batches(x, batch_size=24, y=x[:, 0])), x)


def test_the_progress_bar_shows_the_loss(x, capsys):
    autoencoder().fit(x, epochs=1, verbose=1)
    assert "loss: " in capsys.readouterr().out


def test_an_eager_run_learns_the_same(x):
    losses = []
    for eager in (False, True):
        encoder = draw_weights(mlp((4,), (3,), bias=False), 0)
        model = HybridDeepSVDD(encoder, draw_weights(mlp((3,), (4,)), 1), center_rate=0.1)
        model.compile(keras.optimizers.Adam(0.01), run_eagerly=eager)
        history = model.fit(x, batch_size=16, epochs=2, shuffle=False, verbose=0).history
        losses.append([history["loss"], history["reconstruction"]])
    np.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.skipif(BACKEND == "torch", reason="Keras runs single steps on torch")
def test_several_steps_per_execution_learn_the_same(x):
    losses = []
    for steps in (1, 3):
        model = autoencoder(steps_per_execution=steps)
        history = model.fit(x, batch_size=8, epochs=2, shuffle=False, verbose=0).history
        losses.append(history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_an_exception_between_epochs_loses_no_weights(x, tmp_path):
    class Interruption(Exception):
        pass

    def interrupt(epoch, logs):
        if epoch == 1:
            raise Interruption

    def fit(model, *callbacks):
        batches = Batches(x, batch_size=8, seed=0)
        model.fit(batches, epochs=3, verbose=0, callbacks=list(callbacks))

    whole, broken = autoencoder(), autoencoder()
    fit(whole)
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(Interruption):
        fit(broken, backup, keras.callbacks.LambdaCallback(on_epoch_begin=interrupt))
    assert np.all(np.isfinite(broken.predict(x, verbose=0)))
    fit(broken, backup)
    np.testing.assert_allclose(broken.predict(x, verbose=0), whole.predict(x, verbose=0), rtol=1e-5)


def test_epochs_begin_under_a_callback_list_too(x):
    model = svdd(objective="soft-boundary", warmup_epochs=0)
    callbacks = keras.callbacks.CallbackList([], add_history=True, model=model, epochs=1)
    model.fit(x, epochs=1, verbose=0, callbacks=callbacks)
    assert float(ops.convert_to_numpy(model.sphere.radius)) > 0


def test_dropout_works_while_learning_only():
    x = np.random.default_rng(0).normal(size=(16, 4, 2)).astype("float32")
    network = recurrent((4, 2), "gru", units=(8, 3), dropout=0.5)
    model = DeepSVDD(draw_weights(network, 0))
    model.compile(keras.optimizers.SGD(0.0))
    model.before_fit(x)
    calm = [float(model.test_on_batch(x)) for _ in range(2)]
    wild = [float(model.train_on_batch(x, return_dict=True)["loss"]) for _ in range(3)]
    assert calm[0] == pytest.approx(calm[1], rel=1e-6)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))
    assert len(set(wild)) == 3  # the seed moves on, on every backend


def test_a_rule_that_calls_minimize_twice_moves_each_part_alone(x):
    class Turns(AnomalyModel):
        def __init__(self, first, second, **kwargs):
            super().__init__(**kwargs)
            self.first = first
            self.second = second
            self.build(first.input_shape)

        def learn(self, x, training=True):
            def loss():
                return ops.mean(ops.square(self.first(x) - self.second(x)))

            before = self.minimize(loss, "first")
            return {"loss": before, "after": self.minimize(loss, "second")}

        def score(self, x):
            return ops.mean(ops.square(self.first(x) - self.second(x)), axis=-1)

    model = Turns(draw_weights(mlp((4,), (2,)), 0), draw_weights(mlp((4,), (2,)), 1))
    model.compile(first=keras.optimizers.SGD(0.1), second=keras.optimizers.SGD(0.0))
    second = model.second.get_weights()
    logs = model.train_on_batch(x, return_dict=True)
    for a, b in zip(model.second.get_weights(), second, strict=True):
        np.testing.assert_array_equal(a, b)
    # The second turn finds the first part where the first turn left it.
    assert float(logs["after"]) == pytest.approx(np.mean(model.predict(x, verbose=0)), rel=1e-5)
    assert float(logs["after"]) < float(logs["loss"])


def test_after_a_fit_the_model_sees_its_history_and_its_verdict(x):
    class Told(Autoencoder):
        def after_fit(self, history):
            self.told = (history, self.verdict)

    model = Told(draw_weights(mlp((4,), (3,)), 0), draw_weights(mlp((3,), (4,)), 1))
    model.compile(keras.optimizers.SGD(0.01))
    found = model.fit(x, epochs=2, validation_data=(x, None), verbose=0).history
    history, verdict = model.told
    assert history == found and len(history["val_loss"]) == 2
    assert verdict is model.verdict and verdict.weights_moved
