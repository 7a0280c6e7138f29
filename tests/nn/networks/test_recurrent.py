"""Recurrent encoders and decoders: cells, shapes, parameters counted by hand."""

import numpy as np
import pytest

from zoo.nn.networks import draw_weights, recurrent, recurrent_decoder


@pytest.mark.parametrize(
    ("cell", "gates", "biases"), [("rnn", 1, 1), ("lstm", 4, 1), ("gru", 3, 2)]
)
def test_each_cell_has_its_own_parameters(cell, gates, biases):
    network = recurrent((7, 3), cell, units=(5, 4))
    assert network.output_shape == (None, 4)
    assert network.count_params() == sum(
        gates * units * (inputs + units + biases) for inputs, units in [(3, 5), (5, 4)]
    )


def test_an_embedding_is_a_linear_map_without_bias():
    network = recurrent((7, 3), "gru", units=(4,), embedding=2)
    assert network.output_shape == (None, 2)
    assert network.layers[-1].count_params() == 4 * 2


def test_without_biases_the_zero_window_maps_to_zero():
    window = np.zeros((1, 7, 3), "float32")
    for cell in ("rnn", "lstm", "gru"):
        network = recurrent((7, 3), cell, units=(5, 4), bias=False)
        assert np.all(network.predict(window, verbose=0) == 0)


def test_dropout_stands_between_layers_only():
    names = [type(layer).__name__ for layer in recurrent((7, 3), "gru", (5, 4, 3), 0.2).layers]
    assert names == ["InputLayer", "GRU", "Dropout", "GRU", "Dropout", "GRU"]


def test_an_unknown_cell_is_refused():
    with pytest.raises(ValueError, match="cell 'mamba' is unknown; choose one of"):
        recurrent((7, 3), "mamba")


@pytest.mark.parametrize(
    ("cell", "gates", "biases"), [("rnn", 1, 1), ("lstm", 4, 1), ("gru", 3, 2)]
)
def test_a_decoder_unrolls_a_code_into_a_window(cell, gates, biases):
    network = recurrent_decoder((7, 3), cell, units=(5, 4), embedding=2)
    assert network.input_shape == (None, 2)
    assert network.output_shape == (None, 7, 3)
    assert network.count_params() == (4 + 1) * 3 + sum(
        gates * units * (inputs + units + biases) for inputs, units in [(2, 5), (5, 4)]
    )


def test_a_decoder_fits_the_encoder_of_the_same_units():
    encoder = recurrent((7, 3), "lstm", units=(6,))
    assert recurrent_decoder((7, 3), "lstm", units=(6,)).input_shape == encoder.output_shape


def test_every_step_of_a_decoder_starts_from_the_code_and_the_steps_before():
    """The first step is the same whatever the length, and steps differ from each other."""
    code = np.ones((1, 4), "float32")
    short = draw_weights(recurrent_decoder((3, 2), "gru", units=(4,)), 0)
    long = draw_weights(recurrent_decoder((6, 2), "gru", units=(4,)), 0)
    long.set_weights(short.get_weights())
    a, b = short.predict(code, verbose=0), long.predict(code, verbose=0)
    np.testing.assert_allclose(a, b[:, :3], atol=1e-6)
    assert not np.allclose(b[0, 0], b[0, -1])


def test_a_decoder_without_biases_makes_nothing_of_a_zero_code():
    network = recurrent_decoder((7, 3), "gru", units=(5, 4), bias=False)
    assert np.all(network.predict(np.zeros((1, 5), "float32"), verbose=0) == 0)


def test_a_decoder_drops_between_layers_only():
    layers = recurrent_decoder((7, 3), "gru", (5, 4), dropout=0.2).layers
    names = [type(layer).__name__ for layer in layers]
    assert names == ["InputLayer", "RepeatVector", "GRU", "Dropout", "GRU", "Dense"]


def test_a_decoder_of_an_unknown_cell_is_refused():
    with pytest.raises(ValueError, match="cell 'mamba' is unknown; choose one of"):
        recurrent_decoder((7, 3), "mamba")
