"""Recurrent encoders: cells, shapes, parameters counted by hand."""

import numpy as np
import pytest

from zoo.networks import recurrent


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
