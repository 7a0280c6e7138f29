"""The layers that run faster here are Keras' own in weights, results, gradients and files."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import engine
from zoo.nn.layers import Conv2D, Dense, MultiHeadAttention, NormalizedMaxPooling2D

WINDOWS = np.random.default_rng(0).normal(size=(3, 7, 6)).astype("float32")
IMAGES = np.random.default_rng(1).normal(size=(3, 9, 8, 2)).astype("float32")

LARGER = np.random.default_rng(4).normal(size=(4, 10, 8, 3)).astype("float32")

PAIRS = {
    "dense": (Dense, keras.layers.Dense, {"units": 5, "activation": "tanh"}, WINDOWS),
    "dense_bare": (Dense, keras.layers.Dense, {"units": 5, "use_bias": False}, WINDOWS),
    "attention": (
        MultiHeadAttention,
        keras.layers.MultiHeadAttention,
        {"num_heads": 2, "key_dim": 3},
        WINDOWS,
    ),
    "convolution": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 4, "kernel_size": 5, "padding": "same"},
        IMAGES,
    ),
    "convolution_in_blocks": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 4, "kernel_size": 5, "padding": "same"},
        LARGER,
    ),
    "fewer_filters_than_channels": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 2, "kernel_size": 5, "padding": "same", "use_bias": False},
        LARGER,
    ),
    "many_filters": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 50, "kernel_size": 5, "padding": "same"},
        LARGER,
    ),
    "oblong_kernel": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 4, "kernel_size": (3, 1), "padding": "same"},
        LARGER,
    ),
    "kernel_as_large_as_the_map": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 4, "kernel_size": (5, 3), "padding": "same"},
        LARGER[:, :4, :3],
    ),
    "kernel_larger_than_the_map": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 4, "kernel_size": 7, "padding": "same"},
        LARGER[:, :2, :3],
    ),
    "even_kernel": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 4, "kernel_size": 4, "padding": "same"},
        IMAGES,
    ),
    "strided": (
        Conv2D,
        keras.layers.Conv2D,
        {"filters": 4, "kernel_size": 3, "strides": 2},
        IMAGES,
    ),
}


def network(layer, data):
    x = keras.Input(data.shape[1:])
    return keras.Model(x, layer(x, x) if "Attention" in type(layer).__name__ else layer(x))


def value_and_gradients(model, data):
    """Output, and the gradients of a weighted sum of it by input and weights."""
    seen = keras.Variable(data)
    factors = np.random.default_rng(2).normal(size=model.compute_output_shape(data.shape))
    factors = ops.convert_to_tensor(factors.astype("float32"))

    def loss():
        output = model(ops.convert_to_tensor(seen), training=True)
        total = ops.sum(output * factors)
        return total, total, {}

    variables = [seen, *model.trainable_variables]
    value, gradients, _ = engine.gradients(loss, variables, model.variables)
    return [ops.convert_to_numpy(each) for each in (value, *gradients)]


@pytest.mark.parametrize("name", PAIRS)
def test_results_and_gradients_are_those_of_keras(name):
    ours, theirs, settings, data = PAIRS[name]
    here, there = network(ours(**settings), data), network(theirs(**settings), data)
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=w.shape).astype("float32") for w in there.get_weights()]
    for model in (here, there):
        model.set_weights(weights)
    np.testing.assert_allclose(
        here.predict(data, verbose=0), there.predict(data, verbose=0), 1e-4, 1e-5
    )
    pairs = zip(value_and_gradients(here, data), value_and_gradients(there, data), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_attention_that_drops_draws_what_keras_draws_and_drops():
    layers = [
        each(num_heads=2, key_dim=3, dropout=0.5, seed=5)
        for each in (MultiHeadAttention, keras.layers.MultiHeadAttention)
    ]
    x = ops.convert_to_tensor(WINDOWS)
    here, there = (layer(x, x, training=False) for layer in layers)
    layers[1].set_weights(layers[0].get_weights())
    here, there = (ops.convert_to_numpy(layer(x, x, training=True)) for layer in layers)
    np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-5)
    calm = ops.convert_to_numpy(layers[0](x, x, training=False))
    assert np.abs(here - calm).max() > 1e-3


def test_attention_with_a_mask_or_scores_to_return_is_keras_own():
    x = ops.convert_to_tensor(WINDOWS)
    layer = MultiHeadAttention(num_heads=2, key_dim=3)
    open_, scores = layer(x, x, return_attention_scores=True)
    assert scores.shape == (3, 2, 7, 7)
    np.testing.assert_allclose(*map(ops.convert_to_numpy, (layer(x, x), open_)), 1e-4, 1e-5)
    first = np.zeros((3, 7, 7), bool)
    first[..., 0] = True  # all may see the first step alone: every step gets the same
    masked = ops.convert_to_numpy(layer(x, x, attention_mask=first))
    np.testing.assert_allclose(masked, np.repeat(masked[:, :1], 7, axis=1), atol=1e-5)


def gradient_of_pooled(layer, data):
    """Of a weighted sum of what `layer` makes of `data` in training."""
    seen = keras.Variable(data)
    shape = (data.shape[0], data.shape[1] // 2, data.shape[2] // 2, data.shape[3])
    factors = ops.convert_to_tensor(np.random.default_rng(5).normal(size=shape).astype("float32"))

    def loss():
        total = ops.sum(layer(ops.convert_to_tensor(seen)) * factors)
        return total, total, {}

    _, (gradient,), _ = engine.gradients(loss, [seen], [])
    return ops.convert_to_numpy(gradient)


@pytest.mark.parametrize("data", [IMAGES, np.round(LARGER)], ids=["odd", "ties"])
def test_gradients_of_normalised_pooling_are_those_of_both_layers(data):
    ours = NormalizedMaxPooling2D(epsilon=1e-4)
    norm = keras.layers.BatchNormalization(center=False, scale=False, epsilon=1e-4)
    pool = keras.layers.MaxPooling2D(2)
    for layer in (ours, norm):
        layer.build(data.shape)
    found = gradient_of_pooled(lambda x: ours(x, training=True), data)
    expected = gradient_of_pooled(lambda x: pool(norm(x, training=True)), data)
    # Where pixels are equally high it is free which of them takes the gradient: sums are compared.
    rows, columns = (size // 2 * 2 for size in data.shape[1:3])
    in_blocks = [
        each[:, :rows, :columns].reshape(-1, rows // 2, 2, columns // 2, 2, data.shape[3])
        for each in (found, expected)
    ]
    np.testing.assert_allclose(*(each.sum((2, 4)) for each in in_blocks), rtol=1e-4, atol=1e-5)
    if data is IMAGES:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_normalised_pooling_is_normalisation_then_pooling(training):
    ours = NormalizedMaxPooling2D(epsilon=1e-4, momentum=0.9)
    norm = keras.layers.BatchNormalization(center=False, scale=False, epsilon=1e-4, momentum=0.9)
    x = ops.convert_to_tensor(3 * IMAGES + 1)
    for _ in range(2):
        found = ours(x, training=training)
        expected = keras.layers.MaxPooling2D(2)(norm(x, training=training))
        found, expected = map(ops.convert_to_numpy, (found, expected))
        assert found.shape == (3, 4, 4, 2)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    for here, there in zip(ours.get_weights(), norm.get_weights(), strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-5)


def test_a_file_gives_the_same_network_back(tmp_path):
    x = keras.Input(IMAGES.shape[1:])
    y = NormalizedMaxPooling2D()(Conv2D(4, 3, padding="same")(x))
    y = Dense(3)(keras.layers.Reshape((4, 16))(y))
    model = keras.Model(x, MultiHeadAttention(2, 2)(y, y))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
    np.testing.assert_array_equal(*(m.predict(IMAGES, verbose=0) for m in (model, again)))
