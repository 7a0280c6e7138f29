"""Torch's recurrent kernels: one node of a traced step, and the same as torch's own."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("needs torch", allow_module_level=True)

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from zoo.engine import recurrence
from zoo.engine.torch import recurrence as kernels

CELLS = {"simple_rnn": (1, 1, (5,)), "lstm": (4, 2, (20,)), "gru": (3, 1, (2, 15))}


def drawn(name, time=6, seed=0):
    """Input, states and weights."""
    gates, states, bias = CELLS[name]
    shapes = [(4, time, 3), *[(4, 5)] * states, (3, 5 * gates), (5, 5 * gates), bias]
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.normal(size=s), dtype=torch.float32) for s in shapes]


def step(name, sequences=True):
    """A loss and its gradients by all that goes in."""

    def run(*arguments):
        arguments = [each.detach().requires_grad_() for each in arguments]
        outputs, states = getattr(recurrence, name)(*arguments, sequences, True)
        loss = states[-1].cos().sum() + (outputs.sin().sum() if sequences else 0)
        return loss.detach(), *torch.autograd.grad(loss, arguments)

    return run


def close(found, expected):
    for each, other in zip(found, expected, strict=True):
        torch.testing.assert_close(each, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", ["real", "fake"])
@pytest.mark.parametrize("name", CELLS)
def test_a_traced_step_does_the_same(name, mode):
    short, long = (make_fx(step(name), tracing_mode=mode)(*drawn(name, t)) for t in (2, 9))
    assert len(short.graph.nodes) == len(long.graph.nodes)  # the loop is inside one node
    other = drawn(name, 9, seed=1)
    close(long(*other), step(name)(*other))


@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("name", ["simple_rnn", "gru"])
def test_what_runs_on_a_gpu_gives_the_same(monkeypatch, name, sequences):
    """Torch's kernels with the weights as they are handed to them, here on the CPU."""
    expected = step(name, sequences)(*drawn(name))

    monkeypatch.setattr(kernels, "_on_cpu", lambda x: False)
    close(step(name, sequences)(*drawn(name)), expected)


@pytest.mark.parametrize("name", CELLS)
def test_exporters_and_functional_transforms_are_refused(name):
    def run(*arguments):
        return getattr(recurrence, name)(*arguments, True, True)[0].sum()

    with pytest.raises(NotImplementedError):
        torch.func.grad(run)(*drawn(name))
