"""Recurrent layers on JAX: one scan forwards, one backwards, and no weight gradient inside either.

The input's contribution to all steps is one product before the scan; the gradients of the recurrent
weights are one product, over time and samples, after the backward scan. Time and samples stay
separate axes: flattened, they could not be sharded by samples. Each gate enters the scan as an
array of its own: XLA's CPU compiler does not vectorize a step that slices gates out of one array.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp


class _Cell(NamedTuple):
    """One step of time, and its derivatives."""

    forward: object  # (gates from the input, from the state, states) -> states, residuals
    backward: object  # (gradients by the new states, residuals, old states)
    # -> gradients by the gates from input and state, and by the old states directly


def simple_rnn(x, state, kernel, recurrent, bias, sequences, training):
    """h' = tanh(x W + h R + b)."""
    return _layer(_SIMPLE_RNN, x, (state,), kernel, recurrent, bias, None, sequences)


def lstm(x, state, carry, kernel, recurrent, bias, sequences, training):
    """c' = f c + i tanh(x W_c + h R_c + b_c), h' = o tanh(c')."""
    if jax.default_backend() == "gpu":
        raise NotImplementedError  # Keras calls cuDNN's
    return _layer(_LSTM, x, (state, carry), kernel, recurrent, bias, None, sequences)


def gru(x, state, kernel, recurrent, bias, sequences, training):
    """Keras' `reset_after=True`: h' = z h + (1 - z) tanh(x W_h + b_h + r (h R_h + c_h))."""
    of_input, of_state = (None, None) if bias is None else bias
    return _layer(_GRU, x, (state,), kernel, recurrent, of_input, of_state, sequences)


def _layer(cell, x, states, kernel, recurrent, bias, state_bias, sequences):
    x = jnp.swapaxes(x, 0, 1)
    outputs, states = _run(cell, sequences, x, states, kernel, recurrent, bias, state_bias)
    return jnp.swapaxes(outputs, 0, 1) if sequences else None, list(states)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _run(cell, sequences, x, states, kernel, recurrent, bias, state_bias):
    """Return outputs `(time, n, units)`, None unless `sequences`, and the final states."""

    def step(states, gates):
        states, _ = cell.forward(*both(gates, states), states)
        return states, states[0] if sequences else None

    gates, both = _projected(x, kernel, recurrent, bias, state_bias)
    states, outputs = jax.lax.scan(step, states, gates)
    return outputs, states


def _forward(cell, sequences, x, states, kernel, recurrent, bias, state_bias):
    def step(states, gates):
        states, kept = cell.forward(*both(gates, states), states)
        return states, (states, kept)

    gates, both = _projected(x, kernel, recurrent, bias, state_bias)
    last, (passed, kept) = jax.lax.scan(step, states, gates)
    before = tuple(
        jnp.concatenate([first[None], rest[:-1]])
        for first, rest in zip(states, passed, strict=True)
    )
    residuals = (x, kernel, recurrent, bias, state_bias, kept, before)
    return (passed[0] if sequences else None, last), residuals


def _backward(cell, sequences, residuals, gradients):
    x, kernel, recurrent, bias, state_bias, kept, before = residuals
    by_outputs, by_states = gradients
    transposed = recurrent.T

    def step(by_states, at):
        kept, before, by_output = at
        if sequences:
            by_states = (by_states[0] + by_output, *by_states[1:])
        by_gates, by_parts, (direct, *others) = cell.backward(by_states, kept, before)
        by_product = jnp.concatenate(by_parts, axis=-1)
        same = by_gates is by_parts
        by_projected = None if same else jnp.concatenate(by_gates, axis=-1)
        return (direct + by_product @ transposed, *others), (by_product, by_projected)

    along = (kept, before, by_outputs)
    by_states, (by_product, by_projected) = jax.lax.scan(step, by_states, along, reverse=True)
    if by_projected is None:
        by_projected = by_product
    return (
        by_projected @ kernel.T,
        by_states,
        _over_steps(x, by_projected),
        _over_steps(before[0], by_product),
        None if bias is None else by_projected.sum((0, 1)),
        None if state_bias is None else by_product.sum((0, 1)),
    )


_run.defvjp(_forward, _backward)


def _projected(x, kernel, recurrent, bias, state_bias):
    """Return the gates from the input, of all steps, and a function that adds one step's state."""
    units = recurrent.shape[0]

    def split(weight):
        return [weight[..., at : at + units] for at in range(0, recurrent.shape[1], units)]

    def both(gates, states):
        if bias is not None:
            gates = [gate + shift for gate, shift in zip(gates, split(bias), strict=True)]
        product = states[0] @ recurrent
        return gates, split(product if state_bias is None else product + state_bias)

    return [x @ part for part in split(kernel)], both


def _over_steps(a, b):
    """Return aᵀ b, summed over time and samples."""
    return jnp.tensordot(a, b, ((0, 1), (0, 1)))


def _sigmoid(x):
    return 0.5 + 0.5 * jnp.tanh(0.5 * x)  # XLA's tanh is faster than its exponential


def _simple_rnn_forward(gates, parts, states):
    state = jnp.tanh(gates[0] + parts[0])
    return (state,), (state,)


def _simple_rnn_backward(gradients, kept, before):
    by_gates = (gradients[0] * (1 - kept[0] ** 2),)
    return by_gates, by_gates, (0.0,)


def _lstm_forward(gates, parts, states):
    i, f, g, o = (gate + part for gate, part in zip(gates, parts, strict=True))
    i, f, g, o = _sigmoid(i), _sigmoid(f), jnp.tanh(g), _sigmoid(o)
    carry = f * states[1] + i * g
    shown = jnp.tanh(carry)
    return (o * shown, carry), (i, f, g, o, shown)


def _lstm_backward(gradients, kept, before):
    i, f, g, o, shown = kept
    by_state, by_carry = gradients
    by_carry = by_carry + by_state * o * (1 - shown**2)
    by_gates = (
        by_carry * g * i * (1 - i),
        by_carry * before[1] * f * (1 - f),
        by_carry * i * (1 - g**2),
        by_state * shown * o * (1 - o),
    )
    return by_gates, by_gates, (0.0, by_carry * f)


def _gru_forward(gates, parts, states):
    update = _sigmoid(gates[0] + parts[0])
    reset = _sigmoid(gates[1] + parts[1])
    candidate = jnp.tanh(gates[2] + reset * parts[2])
    state = candidate + update * (states[0] - candidate)
    return (state,), (update, reset, candidate, parts[2])


def _gru_backward(gradients, kept, before):
    update, reset, candidate, part = kept
    by_state = gradients[0]
    by_update = by_state * (before[0] - candidate) * update * (1 - update)
    by_candidate = by_state * (1 - update) * (1 - candidate**2)
    by_reset = by_candidate * part * reset * (1 - reset)
    by_gates = (by_update, by_reset, by_candidate)
    return by_gates, (by_update, by_reset, by_candidate * reset), (by_state * update,)


_SIMPLE_RNN = _Cell(_simple_rnn_forward, _simple_rnn_backward)
_LSTM = _Cell(_lstm_forward, _lstm_backward)
_GRU = _Cell(_gru_forward, _gru_backward)
