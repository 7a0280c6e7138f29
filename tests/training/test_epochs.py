"""`AnomalyModel.fit` on data in memory does what `keras.Model.fit` does, many steps a call."""

import keras
import numpy as np
import pytest

from zoo import engine
from zoo.data.arrays.windows import sliding_windows
from zoo.models import Autoencoder, DeepSVDD, TransformerGAN, VariationalAutoencoder
from zoo.nn.networks import (
    draw_weights,
    mlp,
    recurrent,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)
from zoo.training import epochs
from zoo.training.batches import Batches

ROWS = np.random.default_rng(0).normal(size=(50, 5)).astype("float32")
SERIES = np.random.default_rng(1).normal(size=(40, 3)).cumsum(axis=0).astype("float32")


def autoencoder(noise=0.0, **options):
    model = Autoencoder(
        draw_weights(mlp((5,), (8, 3)), 0),
        draw_weights(mlp((3,), (8, 5)), 1),
        noise=noise,
        **options,
    )
    model.compile(keras.optimizers.Adam(1e-2))
    return model


def same(model, other, **tolerance):
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **{"rtol": 1e-4, "atol": 1e-5} | tolerance)


@pytest.fixture
def calls(monkeypatch):
    """Steps of each call of the loop."""
    taken = []

    def counted(loop):
        before = loop.run

        def run(index, data, order, start, end):
            taken.append(end - start)
            before(index, data, order, start, end)

        loop.run = run
        return loop

    make = Autoencoder.loop
    monkeypatch.setattr(Autoencoder, "loop", lambda self, training: counted(make(self, training)))
    return taken


@pytest.fixture
def by_keras():
    """Let Keras' own `fit` take the steps from now on, when it is called."""
    yield lambda: engine.use("reference")
    engine.use("fast")


def test_weights_history_and_validation_are_those_of_keras(by_keras):
    ours, theirs = autoencoder(), autoencoder()
    settings = {"epochs": 12, "verbose": 0, "validation_data": (ROWS[:20],)}
    here = ours.fit(Batches(ROWS, 16, seed=0), **settings).history
    by_keras()
    there = theirs.fit(Batches(ROWS, 16, seed=0), **settings).history
    assert list(here) == list(there) == ["loss", "val_loss"]
    for name in here:
        np.testing.assert_allclose(here[name], there[name], rtol=1e-4)
    same(ours, theirs)


def test_an_array_is_shuffled_alike_on_every_backend_by_numpys_seed():
    histories = []
    for seed in (0, 0, 1):
        np.random.seed(seed)
        histories.append(autoencoder().fit(ROWS, batch_size=16, epochs=2, verbose=0).history)
    assert histories[0] == histories[1] != histories[2]
    unshuffled = autoencoder()
    unshuffled.fit(ROWS, batch_size=16, epochs=2, verbose=0, shuffle=False)
    other = autoencoder()
    other.fit(Batches(ROWS, 16, seed=None), epochs=2, verbose=0)
    same(unshuffled, other)


def test_a_callback_that_wants_every_batch_gets_it_and_may_stop_there(calls):
    class Watch(keras.callbacks.Callback):
        seen = []

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append((batch, logs["loss"]))
            self.model.stop_training = len(self.seen) == 6

    model = autoencoder()
    history = model.fit(Batches(ROWS, 16, seed=0), epochs=5, verbose=0, callbacks=[Watch()])
    assert [batch for batch, _ in Watch.seen] == [0, 1, 2, 3, 0, 1]
    assert Watch.seen[3][1] == pytest.approx(history.history["loss"][0], rel=1e-5)
    assert set(calls) == {1} and len(history.history["loss"]) == 2


def test_without_such_a_callback_later_epochs_are_few_calls(calls):
    autoencoder().fit(Batches(ROWS, 5, seed=0, drop_last=True), epochs=6, verbose=0)
    assert sum(calls) == 60
    assert max(calls) == 10  # a whole epoch


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="torch runs Python in every step")
def test_a_second_training_runs_what_the_first_one_compiled():
    traced = []

    class Traced(keras.layers.Dense):
        def call(self, inputs):
            traced.append(inputs.shape)
            return super().call(inputs)

    network = keras.Sequential([keras.Input((3,)), Traced(4), keras.layers.Dense(3)])
    model = Autoencoder(network, keras.Sequential([keras.Input((3,)), Traced(3)]), noise=0.0)
    model.compile("adam")
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    model.fit(x, batch_size=8, epochs=2, verbose=0)
    traced.clear()
    model.fit(x.copy(), batch_size=8, epochs=2, verbose=0)
    assert not traced


def test_windows_lie_on_the_device_as_their_series(monkeypatch):
    placed = []

    def model():
        made = DeepSVDD(draw_weights(recurrent((8, 3), "gru", (4,)), 0))
        made.compile(keras.optimizers.Adam(1e-2))
        return made

    windows = sliding_windows(SERIES, 8, stride=2)
    ours, theirs = model(), model()
    loop = ours.loop(training=True)
    place = loop.place
    monkeypatch.setattr(loop, "place", lambda a: placed.append(a.shape) or place(a))
    ours.fit(Batches(windows, 4, seed=0), epochs=2, verbose=0)
    theirs.fit(Batches(np.ascontiguousarray(windows), 4, seed=0), epochs=2, verbose=0)
    assert placed[0] == (40, 3)
    same(ours, theirs)


def test_data_too_large_to_be_placed_whole_are_handed_over_in_pieces(monkeypatch, calls):
    whole = autoencoder()
    whole.fit(Batches(ROWS, 8, seed=0), epochs=2, verbose=0)
    del calls[:]
    monkeypatch.setattr(epochs, "WHOLE", 100)
    monkeypatch.setattr(epochs, "PIECE", 2 * 8 * 5 * 4)
    pieces = autoencoder()
    pieces.fit(Batches(ROWS, 8, seed=0), epochs=2, verbose=0)
    assert calls == [2, 2, 2, 1] * 2  # six batches of 8, two at a time, and one of 2
    same(whole, pieces)


def test_a_subclass_that_reads_its_own_way_is_read_that_way():
    class Doubled(Batches):
        def __getitem__(self, index):
            return 2 * super().__getitem__(index)

    ours, other = autoencoder(), autoencoder()
    ours.fit(Doubled(ROWS, 16, seed=0), epochs=2, verbose=0)
    other.fit(Batches(2 * ROWS, 16, seed=0), epochs=2, verbose=0)
    same(ours, other)


def test_noise_is_drawn_anew_in_every_step_however_many_are_taken(by_keras):
    """Seeded noise is a Python object on torch: a recorded step would repeat one draw for ever."""
    ours, theirs = autoencoder(noise=0.5), autoencoder(noise=0.5)
    ours.fit(Batches(ROWS, 5, seed=0), epochs=4, verbose=0)
    by_keras()
    theirs.fit(Batches(ROWS, 5, seed=0), epochs=4, verbose=0)
    same(ours, theirs)


def test_a_variational_model_repeats_by_its_seed():
    runs = []
    for _ in range(2):
        encoder, decoder = mlp((5,), (8, 6)), mlp((3,), (8, 5))
        model = VariationalAutoencoder(
            draw_weights(encoder, 0), draw_weights(decoder, 1), scale=1.0, seed=3
        )
        model.compile("adam")
        model.fit(Batches(ROWS, 5, seed=0), epochs=3, verbose=0)
        runs.append(model)
    same(*runs, rtol=1e-6, atol=1e-7)


def test_training_terms_that_validation_does_not_know_keep_their_names():
    def model():
        small = {"blocks": 1, "heads": 2, "width": 4, "feed_forward": 4, "dropout": 0.0}
        made = TransformerGAN(
            draw_weights(transformer_reconstructor((8, 3), **small), 0),
            draw_weights(window_generator((8, 3), latent=2, units=(4,), width=2), 1),
            draw_weights(window_discriminator((8, 3), units=(4,), dropout=0.0), 2),
            "separate",
        )
        made.compile("adam")
        return made

    windows = np.ascontiguousarray(sliding_windows(SERIES, 8))
    with_validation = model().fit(
        Batches(windows, 8, seed=0), epochs=3, verbose=0, validation_data=windows[:8]
    )
    without = model().fit(Batches(windows, 8, seed=0), epochs=3, verbose=0)
    for name, values in without.history.items():
        np.testing.assert_allclose(with_validation.history[name], values, rtol=1e-3)
    assert "val_discriminator" not in with_validation.history


def test_what_was_learned_before_an_interruption_stays():
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    stopped, whole = autoencoder(), autoencoder()
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(Batches(ROWS, 5, seed=0), epochs=9, verbose=0, callbacks=[Interrupt()])
    whole.fit(Batches(ROWS, 5, seed=0), epochs=3, verbose=0)
    same(stopped, whole)
    assert int(stopped.optimizer.iterations) == 30


def test_what_keras_alone_serves_goes_to_keras(calls):
    model = autoencoder()
    history = model.fit(ROWS, epochs=2, batch_size=10, steps_per_epoch=2, verbose=0).history
    assert len(history["loss"]) == 2
    model.compile("adam", run_eagerly=True)
    model.fit(ROWS, epochs=1, verbose=0)
    assert not calls


def test_a_new_compile_takes_the_new_optimizer():
    model = autoencoder()
    model.fit(Batches(ROWS, 16, seed=0), epochs=1, verbose=0)
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(0.0))
    with pytest.warns(UserWarning, match="did not move"):
        model.fit(Batches(ROWS, 16, seed=0), epochs=1, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
