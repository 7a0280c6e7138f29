"""What torch records, and that sizes choose its threads."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("torch alone records steps", allow_module_level=True)

import torch

from zoo.engine.torch.recording import CALLS_BEFORE, threads, using_threads
from zoo.models import Autoencoder, DeepSVDD
from zoo.nn.networks import draw_weights, mlp, recurrent
from zoo.training.batches import Batches

ROWS = np.random.default_rng(0).normal(size=(50, 5)).astype("float32")


def test_python_runs_no_step_and_no_score_once_they_are_recorded():
    calls = []

    class Told(keras.layers.Dense):
        def call(self, inputs):
            calls.append(len(inputs))
            return super().call(inputs)

    encoder = keras.Sequential([keras.Input((5,)), Told(3)])
    model = Autoencoder(encoder, draw_weights(mlp((3,), (5,)), 1), noise=0.0)
    model.compile("adam")
    model.fit(Batches(ROWS, 2, seed=0, drop_last=True), epochs=1, verbose=0)
    for _ in range(CALLS_BEFORE + 1):
        model.predict(ROWS)
    calls.clear()
    model.fit(Batches(ROWS, 2, seed=1, drop_last=True), epochs=2, verbose=0)
    model.predict(ROWS)
    assert 2 not in calls  # a step of two samples
    weights = model.get_weights()
    model.fit(Batches(ROWS, 2, seed=2, drop_last=True), epochs=1, verbose=0)
    assert not np.array_equal(weights[0], model.get_weights()[0])


def test_sizes_choose_the_threads():
    with using_threads(2):
        small = Autoencoder(mlp((5,), (8, 3)), mlp((3,), (8, 5)))
        wide = Autoencoder(mlp((64,), (512, 512, 8)), mlp((8,), (64,)))
        gru = DeepSVDD(recurrent((50, 8), "gru", (64,)))
        assert threads(small, (32, 5)) == 1
        assert threads(wide, (64, 64)) == 2 and threads(wide, (1, 64)) == 1
        assert threads(gru, (64, 50, 8)) == 1  # the products of one step of time
        assert threads(gru, (1024, 50, 8)) == 2
    assert torch.get_num_threads() >= 1
