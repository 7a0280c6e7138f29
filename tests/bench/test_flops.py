"""Operations counted from the layers are those that torch counts when it runs them."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from zoo.bench.flops import flops_per_sample
from zoo.bench.subjects import SUBJECTS, network_weights
from zoo.nn.networks import mlp


def networks(model):
    return [getattr(model, part) for part in ("encoder", "decoder") if hasattr(model, part)]


@pytest.mark.parametrize("name", ["lenet_svdd", "transformer", "mlp_autoencoder"])
def test_as_torch_counts(name):
    torch = pytest.importorskip("torch")
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    from zoo.bench.native import NativeLoop

    subject = replace(SUBJECTS[name], samples=2)
    model = subject.build()
    native = NativeLoop(subject, network_weights(model))
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):  # it knows no fused attention
        native.network.train()(native.tensor(subject.data()))
    assert 2 * flops_per_sample(*networks(model)) == counter.get_total_flops()


@pytest.mark.parametrize(("name", "gates"), [("rnn_64", 1), ("gru_64", 3), ("lstm_64", 4)])
def test_a_recurrent_layer_multiplies_twice_a_gate_and_step(name, gates):
    encoder = SUBJECTS[name].build().encoder
    assert flops_per_sample(encoder) == 2 * 50 * gates * 64 * (8 + 64)


def test_networks_one_after_another_add_up():
    small = mlp((4,), (3,))
    assert flops_per_sample(small) == 24
    assert flops_per_sample(small, small) == 48


def test_an_unknown_layer_is_an_error():
    row = keras.Input((4, 3))
    network = keras.Model(row, layers.EinsumDense("abc,cd->abd", (None, 2))(row))
    with pytest.raises(ValueError, match="EinsumDense.* multiplies by"):
        flops_per_sample(network)
    assert np.isscalar(flops_per_sample(mlp((1,), (1,))))
