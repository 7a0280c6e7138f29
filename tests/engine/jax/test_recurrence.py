"""JAX's recurrent kernels inside JAX's own transformations: many weights at once, loops."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "jax":
    pytest.skip("needs JAX", allow_module_level=True)

import jax
import jax.numpy as jnp

from zoo.engine import recurrence

CELLS = {"simple_rnn": (1, 1, (5,)), "lstm": (4, 2, (20,)), "gru": (3, 1, (2, 15))}


def drawn(name, copies=()):
    """Input, states and weights, each with axes of `copies` before its own."""
    gates, states, bias = CELLS[name]
    shapes = [(4, 6, 3), *[(4, 5)] * states, (3, 5 * gates), (5, 5 * gates), bias]
    rng = np.random.default_rng(0)
    return [jnp.asarray(rng.normal(size=(*copies, *s)), "float32") for s in shapes]


def loss(name, arguments):
    outputs, _ = getattr(recurrence, name)(*arguments, True, True)
    return jnp.sin(outputs).sum()


@pytest.mark.parametrize("name", CELLS)
def test_many_weights_at_once_are_as_one_at_a_time(name):
    arguments = drawn(name, copies=(3,))
    gradient = jax.jit(jax.value_and_grad(lambda arguments: loss(name, arguments)))
    together = jax.tree.leaves(jax.jit(jax.vmap(gradient))(arguments))
    alone = [jax.tree.leaves(gradient([each[i] for each in arguments])) for i in range(3)]
    for many, *each in zip(together, *alone, strict=True):
        np.testing.assert_allclose(many, np.stack(each), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CELLS)
def test_steps_of_training_in_a_loop(name):
    arguments = drawn(name)

    def step(_, arguments):
        taken = jax.grad(lambda arguments: loss(name, arguments))(arguments)
        return [each - 0.01 * gradient for each, gradient in zip(arguments, taken, strict=True)]

    looped = jax.jit(lambda arguments: jax.lax.fori_loop(0, 3, step, arguments))(arguments)
    unrolled = arguments
    for turn in range(3):
        unrolled = jax.jit(step)(turn, unrolled)
    for each, other in zip(looped, unrolled, strict=True):
        np.testing.assert_allclose(each, other, rtol=1e-4, atol=1e-5)
    assert loss(name, looped) < loss(name, arguments)
