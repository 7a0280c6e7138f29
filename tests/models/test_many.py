"""Many models at once: each ends up as after a fit of its own; what does not fit is named."""

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo.models import Autoencoder, Classifier, DeepSVDD
from zoo.models.collapse import CollapseWarning
from zoo.nn.networks import draw_weights, lenet, mlp
from zoo.training.batches import Batches

ON_JAX = keras.backend.backend() == "jax"
only_jax = pytest.mark.skipif(not ON_JAX, reason="programs are shared on JAX alone")
WAYS = ("threads", "vectorized", "turns") if ON_JAX else ("auto",)


def tables(*lengths, columns=4):
    rng = np.random.default_rng(0)
    return [(1 + rng.normal(size=(n, columns))).astype("float32") for n in lengths]


def compiled(model, rate=0.01):
    model.compile(keras.optimizers.Adam(rate))
    return model


def svdd(seed, rate=0.01, units=(6, 3), bias=False, **options):
    network = draw_weights(mlp((4,), units, bias=bias), seed)
    return compiled(DeepSVDD(network, **options), rate)


def soft(seed):
    return svdd(seed, objective="soft-boundary", warmup_epochs=1, center_rate=0.1)


def autoencoder(seed, noise=0.0, **options):
    encoder, decoder = draw_weights(mlp((4,), (3,)), seed), draw_weights(mlp((3,), (4,)), seed + 9)
    return compiled(Autoencoder(encoder, decoder, seed=seed, noise=noise, **options))


def noisy(seed):
    return autoencoder(seed, noise=0.3)


def classifier(seed):
    network, head = draw_weights(mlp((4,), (3,)), seed), draw_weights(mlp((3,), (1,)), seed + 9)
    return compiled(Classifier(network, head))


def small_lenet(seed):
    return compiled(DeepSVDD(draw_weights(lenet((28, 28, 1), 8, (2, 2)), seed)))


def require_equal(found, expected, x):
    for one, other in zip(found.weights, expected.weights, strict=True):
        one, other = ops.convert_to_numpy(one), ops.convert_to_numpy(other)
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.predict(x), expected.predict(x), rtol=1e-4, atol=1e-5)
    logs, wanted = found.history.history, expected.history.history
    assert list(logs) == list(wanted)
    for name in wanted:
        np.testing.assert_allclose(logs[name], wanted[name], rtol=1e-4)
    assert found.verdict == expected.verdict


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("make", [soft, noisy])
def test_each_ends_up_as_after_its_own_fit(make, how):
    xs, seeds = tables(40, 56, 43), [3, 4, 5]  # last batches of 8, none and 11: three lengths
    expected = [make(seed) for seed in seeds]
    for model, x, seed in zip(expected, xs, seeds, strict=True):
        model.fit(Batches(x, 16, seed), epochs=3, verbose=0)
    models = [make(seed) for seed in seeds]
    histories = zoo.fit_many(models, xs, batch_size=16, epochs=3, seeds=seeds, how=how)
    assert histories == [model.history for model in models]
    for model, wanted, x in zip(models, expected, xs, strict=True):
        require_equal(model, wanted, x)


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("how", WAYS)
def test_convolutions_and_batch_statistics(how):
    xs = [x.reshape(-1, 28, 28, 1) for x in tables(24, 24, columns=784)]
    expected = [small_lenet(seed) for seed in range(2)]
    for model, x in zip(expected, xs, strict=True):
        model.fit(Batches(x, 8, 0), epochs=2, verbose=0)
    models = [small_lenet(seed) for seed in range(2)]
    zoo.fit_many(models, xs, batch_size=8, epochs=2, how=how)
    for model, wanted, x in zip(models, expected, xs, strict=True):
        require_equal(model, wanted, x)


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("how", WAYS)
def test_labels_and_batches_of_ones_own(how):
    xs = tables(30, 46)
    ys = [(x[:, 0] > 1).astype("float32") for x in xs]
    batches = [Batches(x, 8, 1, y, drop_last=True) for x, y in zip(xs, ys, strict=True)]
    expected = [classifier(seed) for seed in range(2)]
    for model, own in zip(expected, batches, strict=True):
        model.fit(own, epochs=2, verbose=0)
    models = [classifier(seed) for seed in range(2)]
    zoo.fit_many(models, batches, epochs=2, how=how)
    for model, wanted, x in zip(models, expected, xs, strict=True):
        require_equal(model, wanted, x)
    zoo.fit_many(models, xs, ys=ys, batch_size=8, how=how)  # and once more, from where they are
    assert [len(model.history.history["loss"]) for model in models] == [1, 1]


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("how", WAYS)
def test_callbacks_are_each_models_own(how):
    class StopAfter(keras.callbacks.Callback):
        def __init__(self, epochs):
            super().__init__()
            self.epochs = epochs

        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch + 1 == self.epochs

    xs = tables(32, 32, 32)
    models, alone = [svdd(0), svdd(1, rate=0.1), svdd(2)], svdd(1, rate=0.1)
    zoo.fit_many(
        models, xs, batch_size=16, epochs=4, callbacks=[[StopAfter(1)], [], [StopAfter(3)]], how=how
    )
    assert [len(model.history.history["loss"]) for model in models] == [1, 4, 3]
    alone.fit(Batches(xs[1], 16, 0), epochs=4, verbose=0)
    require_equal(models[1], alone, xs[1])  # nor do learning rates mix


@pytest.mark.parametrize("how", WAYS)
def test_the_warning_says_which_one_collapsed(how):
    models = [svdd(0), svdd(1, rate=0.0)]
    with pytest.warns(CollapseWarning) as caught:
        zoo.fit_many(models, tables(32, 32), batch_size=16, epochs=3, how=how)
    (warning,) = (each for each in caught if each.category is CollapseWarning)
    assert str(warning.message).startswith("DeepSVDD (models[1]): the loss did not fall")
    assert warning.filename == __file__
    assert models[1].verdict.collapsed and not models[0].verdict.collapsed


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
def test_models_go_their_own_ways_afterwards():
    x = tables(32)[0]
    models, alone = [svdd(0), svdd(1)], svdd(1)
    zoo.fit_many(models, [x, x], batch_size=16)
    alone.fit(Batches(x, 16, 0), epochs=1, verbose=0)
    for model in (models[1], alone):
        model.weight_decay = 1.0  # which is compiled into a step
        model.compile(keras.optimizers.SGD(0.1))
        model.fit(Batches(x, 16, 0), epochs=2, verbose=0)
    require_equal(models[1], alone, x)


@only_jax
@pytest.mark.parametrize("how", ["threads", "vectorized"])
def test_what_is_compiled_once_serves_all(how, monkeypatch):
    traced = []
    learn = DeepSVDD.learn
    monkeypatch.setattr(DeepSVDD, "learn", lambda *a, **k: traced.append(a[0]) or learn(*a, **k))
    models = [svdd(seed) for seed in range(4)]
    zoo.fit_many(models, tables(32, 48, 64, 33)[:3] + tables(32), batch_size=16, how=how)
    assert set(map(id, traced)) == {id(models[0])}


@only_jax
def test_no_batch_of_threads_waits_for_a_core_that_another_has(monkeypatch):
    from zoo.engine.jax import sharding as spread

    apart = []
    worth = spread.worth_sharding
    monkeypatch.setattr(
        spread, "worth_sharding", lambda *a: apart.append(spread._disabled.get()) or worth(*a)
    )
    trained = 0

    class Count(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            nonlocal trained
            trained = len(apart)  # what comes after has all cores to itself

    models = [svdd(seed) for seed in range(3)]
    callbacks = [[Count()] for _ in models]
    xs = tables(32, 32, 32)
    zoo.fit_many(models, xs, batch_size=16, epochs=3, callbacks=callbacks, how="threads")
    assert trained and all(apart[:trained])
    assert not spread._disabled.get()


@only_jax
@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("how", ["threads", "vectorized"])
def test_windows_of_a_series_are_gathered_from_it(how):
    def make(seed):
        network = draw_weights(mlp((12,), (3,), bias=False), seed)
        flat = keras.Sequential([keras.Input((3, 4)), keras.layers.Flatten(), network])
        return compiled(DeepSVDD(flat))

    view = np.lib.stride_tricks.sliding_window_view
    xs = [view(series, 3, axis=0).swapaxes(1, 2) for series in tables(50, 40)]
    models, expected = [make(0), make(1)], [make(0), make(1)]
    zoo.fit_many(models, xs, batch_size=8, epochs=2, how=how)
    for model, wanted, x in zip(models, expected, xs, strict=True):
        wanted.fit(Batches(x, 8, 0), epochs=2, verbose=0)
        require_equal(model, wanted, x)


def test_one_model_is_enough():
    (history,) = zoo.fit_many([svdd(0)], tables(32), batch_size=16, epochs=2)
    assert len(history.history["loss"]) == 2


TWO = tables(16, 16)


@pytest.mark.parametrize(
    "models, xs, options, message",
    [
        ([], [], {}, "no models"),
        ([0], TWO[:1], {}, r"models\[0\] is a int, not a zoo AnomalyModel"),
        ([0, 1], TWO[:1], {}, "2 models but 1 arrays in xs"),
        ([0, 1], TWO, {"seeds": [1]}, "2 models but 1 seeds"),
        ([0, 1], TWO, {"callbacks": [[]]}, "2 models but 1 lists of callbacks"),
        ([0, 1], TWO, {"ys": TWO}, r"learns without labels; see ys\[0\]"),
        ([0, 1], TWO, {"how": "magic"}, "how is 'magic'; choose one of auto"),
        ([0, 1], [TWO[0], TWO[0][:0]], {}, r"xs\[1\] holds no samples"),
        ([0, 1], [TWO[0], TWO[0][:, :3]], {}, r"xs\[1\] has samples of shape \(3,\)"),
    ],
)
def test_what_does_not_fit_together_is_named(models, xs, options, message):
    if len(models) > 1:
        models = [svdd(seed) for seed in models]
    with pytest.raises(ValueError, match=message):
        zoo.fit_many(models, xs, **options)


@pytest.mark.parametrize(
    "other, message",
    [
        (lambda: svdd(1, units=(5, 3)), r"units of layer 1 of its encoder is 5, not 6"),
        (lambda: svdd(1, units=(6, 6, 3)), r"models\[1\] is not like models\[0\]"),
        (lambda: svdd(1, nu=0.2), "nu is 0.2, not 0.1"),
        (lambda: autoencoder(1), "the class is Autoencoder, not DeepSVDD"),
    ],
)
def test_models_that_differ_are_told_apart(other, message):
    with pytest.raises(ValueError, match=message):
        zoo.fit_many([svdd(0), other()], TWO)


def test_optimizers_that_differ_are_told_apart():
    first, second, third = svdd(0), svdd(1), svdd(2)
    second.compile(keras.optimizers.SGD(0.01))
    with pytest.raises(ValueError, match="its optimizer is SGD, not Adam"):
        zoo.fit_many([first, second], TWO)
    third.compile(keras.optimizers.Adam(0.01, beta_1=0.5))
    with pytest.raises(ValueError, match="beta_1 of its optimizer is 0.5, not 0.9"):
        zoo.fit_many([first, third], TWO)
    with pytest.raises(ValueError, match="stands in the list before"):
        zoo.fit_many([first, first], TWO)
    own = Batches(TWO[0], 8)
    with pytest.raises(ValueError, match="the same Batches as another"):
        zoo.fit_many([first, svdd(1)], [own, own])
    with pytest.raises(ValueError, match=r"models\[1\] is not compiled"):
        zoo.fit_many([first, DeepSVDD(mlp((4,), (6, 3), bias=False))], TWO)


@pytest.mark.skipif(ON_JAX, reason="JAX has them")
def test_the_ways_of_jax_are_refused_elsewhere():
    with pytest.raises(ValueError, match="needs JAX and the fast engine"):
        zoo.fit_many([svdd(0), svdd(1)], TWO, how="threads")
