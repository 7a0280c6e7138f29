"""Fused recurrent layers: Keras' own to five decimals, gradients included, or Keras' own."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo import engine
from zoo.engine import recurrence
from zoo.nn.layers import GRU, LSTM, SimpleRNN
from zoo.nn.networks import draw_weights, recurrent
from zoo.training.pieces import in_batches

FUSED = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
KERAS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
KERNELS = {"rnn": "simple_rnn", "lstm": "lstm", "gru": "gru"}


def pair(cell, features, **settings):
    """A layer of the zoo and one of Keras', with the same weights, biases not zero."""
    pair = [kind[cell](5, **settings) for kind in (FUSED, KERAS)]
    rng = np.random.default_rng(0)
    for layer in pair:
        layer.build((None, None, features))
    weights = [rng.normal(scale=0.5, size=weight.shape) for weight in pair[0].weights]
    for layer in pair:
        layer.set_weights(weights)
    return pair


def everything(layer, x, states=(), training=True):
    """All outputs, and the gradient of a sum of sines of them by inputs, states and weights."""
    variables = [*map(keras.Variable, [x, *states]), *layer.trainable_variables]

    def loss():
        window, *initial = map(ops.convert_to_tensor, variables[: 1 + len(states)])
        outputs = layer(window, initial_state=initial or None, training=training)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        total = sum(depth * ops.sum(ops.sin(each)) for depth, each in enumerate(outputs, 1))
        return total, total, {str(i): each for i, each in enumerate(outputs)}

    total, gradients, outputs = engine.gradients(loss, variables, variables)
    return [np.array(ops.convert_to_numpy(e)) for e in (total, *outputs.values(), *gradients)]


def close(found, expected):
    for each, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(each, other, rtol=1e-5, atol=1e-5)


@pytest.fixture
def calls(monkeypatch):
    """Names of the kernels that ran to their end."""
    names = []

    def counted(kernel, name):
        def call(*arguments):
            result = kernel(*arguments)
            names.append(name)
            return result

        return staticmethod(call)

    for cell, name in KERNELS.items():
        monkeypatch.setattr(FUSED[cell], "_kernel", counted(getattr(recurrence, name), name))
    return names


@pytest.mark.parametrize(
    ("sequences", "bias", "window"),
    [(True, True, 7), (True, False, 7), (False, True, 7), (False, False, 7), (True, True, 1)],
)
@pytest.mark.parametrize("cell", FUSED)
def test_outputs_and_gradients_are_those_of_keras(calls, cell, sequences, bias, window):
    rng = np.random.default_rng(1)
    x, *states = (rng.normal(size=size) for size in [(4, window, 3), (4, 5), (4, 5)])
    states = states[: 2 if cell == "lstm" else 1]
    settings = {"return_sequences": sequences, "return_state": True, "use_bias": bias}
    fused, own = pair(cell, 3, **settings)
    close(everything(fused, x, states), everything(own, x, states))
    assert set(calls) == {KERNELS[cell]}


@pytest.mark.parametrize("cell", FUSED)
def test_scoring_and_its_gradients_are_those_of_keras(calls, cell):
    x = np.random.default_rng(1).normal(size=(4, 7, 3))
    fused, own = pair(cell, 3)
    close(everything(fused, x, training=False), everything(own, x, training=False))
    assert bool(calls) != (keras.backend.backend() == "tensorflow")  # exporters know Keras' own


@pytest.mark.parametrize("count", [1, 6, 64, 75])
@pytest.mark.parametrize("cell", FUSED)
def test_compiled_scores_of_any_count_are_those_of_keras(calls, cell, count):
    x = np.random.default_rng(1).normal(size=(count, 7, 3)).astype("float32")
    window = keras.Input((7, 3))
    fused, own = (
        keras.Model(window, second(first(window)))
        for first, second in zip(
            pair(cell, 3, return_sequences=True), pair(cell, 5, go_backwards=True), strict=True
        )
    )
    expected = own.predict(x, verbose=0)
    np.testing.assert_allclose(engine.forward(fused)(x), expected, rtol=1e-5, atol=1e-5)
    by_batches = in_batches(engine.forward(fused), x, 16)
    np.testing.assert_allclose(by_batches, expected, rtol=1e-5, atol=1e-5)
    assert set(calls) == {KERNELS[cell]}


@pytest.mark.parametrize("cell", FUSED)
def test_a_window_read_backwards(calls, cell):
    x = np.random.default_rng(1).normal(size=(4, 6, 3))
    fused, own = pair(cell, 3, go_backwards=True, return_sequences=True)
    close(everything(fused, x), everything(own, x))
    assert calls


@pytest.mark.parametrize("cell", FUSED)
def test_both_directions(calls, cell):
    x = np.random.default_rng(1).normal(size=(4, 6, 3)).astype("float32")
    both = layers.Bidirectional(FUSED[cell](5))
    own = layers.Bidirectional(KERAS[cell](5))
    for each in (both, own):
        each.build(x.shape)
    own.set_weights(both.get_weights())
    outputs = [ops.convert_to_numpy(each(x, training=True)) for each in (both, own)]
    close(outputs[:1], outputs[1:])
    assert len(calls) >= 2


@pytest.mark.parametrize("cell", FUSED)
def test_networks_of_it_train_as_those_of_keras(calls, cell):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(64, 6, 3)).astype("float32"), rng.normal(size=(64, 5))
    trained = []
    for kind in (FUSED, KERAS):
        window = keras.Input((6, 3))
        hidden = kind[cell](4, return_sequences=True)(window)
        network = draw_weights(keras.Model(window, kind[cell](5)(hidden)), 0)
        network.compile(keras.optimizers.Adam(0.01), "mse")
        network.fit(x, y, batch_size=32, epochs=3, shuffle=False, verbose=0)
        trained.append([network.predict(x[:50], verbose=0), *network.get_weights()])
    for each, other in zip(*trained, strict=True):
        np.testing.assert_allclose(each, other, rtol=1e-3, atol=1e-4)
    assert calls


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="shares a batch: TensorFlow")
@pytest.mark.parametrize("cell", FUSED)
def test_cores_share_a_batch(monkeypatch, cell):
    from zoo.engine.tensorflow import recurrence as kernels

    x = np.random.default_rng(1).normal(size=(4 * kernels.SHARE, 6, 3)).astype("float32")
    fused, own = pair(cell, 3)
    expected = everything(own, x)
    for cores in (1, 3, 4):  # 3 cannot divide the samples
        monkeypatch.setattr(kernels, "core_count", lambda cores=cores: cores)
        close(everything(fused, x), expected)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="torch has no XLA")
@pytest.mark.parametrize("cell", FUSED)
def test_a_model_compiled_by_xla_trains(cell):
    x = np.random.default_rng(1).normal(size=(32, 6, 3)).astype("float32")
    trained = []
    for jit_compile in (False, True):
        network = draw_weights(recurrent((6, 3), cell, units=(5,)), 0)
        network.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=jit_compile)
        network.fit(x, np.ones((32, 5)), batch_size=16, epochs=2, shuffle=False, verbose=0)
        trained.append(network.get_weights())
    close(*trained)


LEFT_TO_KERAS = [
    *itertools.product(
        FUSED,
        [
            {"activation": "relu"},
            {"unroll": True},
            {"dropout": 0.5, "seed": 0},
            {"recurrent_dropout": 0.5, "seed": 0},
            {"dtype": "float64"},
        ],
    ),
    *itertools.product(
        ["lstm", "gru"], [{"recurrent_activation": "hard_sigmoid"}, {"use_cudnn": False}]
    ),
    ("gru", {"reset_after": False}),
]


@pytest.mark.parametrize(("cell", "settings"), LEFT_TO_KERAS)
def test_what_has_no_kernel_is_left_to_keras(calls, cell, settings):
    x = np.random.default_rng(1).normal(size=(4, 6, 3)).astype("float32")
    fused, own = pair(cell, 3, **settings)
    if "seed" not in settings:
        close(everything(fused, x), everything(own, x))
    assert not np.allclose(ops.convert_to_numpy(fused(x, training=True)), 0)
    assert not calls


@pytest.mark.parametrize("cell", FUSED)
def test_dropout_drops_nothing_in_scoring(cell):
    x = np.random.default_rng(1).normal(size=(4, 6, 3)).astype("float32")
    fused, own = pair(cell, 3, dropout=0.5, recurrent_dropout=0.2)
    close([ops.convert_to_numpy(fused(x))], [ops.convert_to_numpy(own(x))])


@pytest.mark.parametrize("cell", FUSED)
def test_masked_steps_are_skipped(calls, cell):
    x = np.random.default_rng(1).normal(size=(4, 6, 3)).astype("float32")
    x[:, 4:] = 0
    fused, _ = pair(cell, 3)
    masked = ops.convert_to_numpy(fused(layers.Masking()(x), training=True))
    assert not calls
    close([masked], [ops.convert_to_numpy(fused(x[:, :4]))])


@pytest.mark.parametrize("cell", FUSED)
def test_a_stateful_layer_remembers(cell):
    x = np.random.default_rng(1).normal(size=(4, 6, 3)).astype("float32")
    whole, _ = pair(cell, 3)
    stateful = FUSED[cell](5, stateful=True)
    stateful.build((4, 3, 3))
    stateful.set_weights(whole.get_weights() + stateful.get_weights()[3:])
    stateful(x[:, :3])
    close([ops.convert_to_numpy(stateful(x[:, 3:]))], [ops.convert_to_numpy(whole(x))])


@pytest.mark.parametrize("cell", FUSED)
def test_configuration_weights_and_names_are_those_of_keras(cell):
    fused, own = pair(cell, 3, return_sequences=True, name="cell", dropout=0.25)
    assert fused.get_config() == own.get_config()
    assert [w.path for w in fused.weights] == [w.path for w in own.weights]
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(fused))
    assert type(again) is FUSED[cell] and again.get_config() == fused.get_config()


@pytest.mark.parametrize("cell", FUSED)
def test_a_file_gives_the_same_outputs(tmp_path, cell):
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    network = draw_weights(recurrent((7, 3), cell, units=(5, 4)), 0)
    network.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert [type(each) for each in loaded.layers[1:]] == [FUSED[cell]] * 2
    found, expected = (each.predict(x, verbose=0) for each in (loaded, network))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cell", FUSED)
def test_files_of_keras_own_layers_are_read(tmp_path, cell):
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    window = keras.Input((7, 3))
    hidden = KERAS[cell](5, return_sequences=True)(window)
    own = draw_weights(keras.Model(window, KERAS[cell](4)(hidden), name=cell), 0)
    own.save(tmp_path / "own.keras")
    own.save_weights(tmp_path / "own.weights.h5")
    network = recurrent((7, 3), cell, units=(5, 4))
    network.load_weights(tmp_path / "own.weights.h5")
    expected = own.predict(x, verbose=0)
    np.testing.assert_allclose(network.predict(x, verbose=0), expected, atol=1e-5)
    loaded = keras.saving.load_model(tmp_path / "own.keras")
    assert type(loaded.layers[1]) is KERAS[cell]
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, atol=1e-6)


def test_windows_of_any_length():
    window = keras.Input((None, 3))
    network = keras.Model(window, GRU(5, return_sequences=True)(window))
    for time in (2, 9):
        x = np.random.default_rng(1).normal(size=(4, time, 3)).astype("float32")
        assert network.predict(x, verbose=0).shape == (4, time, 5)
        network.compile(keras.optimizers.Adam(), "mse")
        assert np.isfinite(network.train_on_batch(x, np.zeros((4, time, 5))))


def test_one_window_is_as_in_a_batch():
    network = draw_weights(recurrent((7, 3), "gru", units=(5, 4)), 0)
    x = np.random.default_rng(1).normal(size=(9, 7, 3)).astype("float32")
    alone = [network.predict(x[i : i + 1], verbose=0)[0] for i in range(3)]
    np.testing.assert_allclose(alone, network.predict(x, verbose=0)[:3], atol=1e-6)
