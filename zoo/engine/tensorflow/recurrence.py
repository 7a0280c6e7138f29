"""Recurrent layers on TensorFlow: a loop over time, compiled by XLA for every core.

An operation of a small layer takes longer to launch than to run, so XLA compiles one kernel for the
forward loop and, in training, one for the backward loop. Their products are too small for several
cores: each core takes a shard of the samples. The input's contribution to all steps is one product
before the loop; the gradients of the weights are products over time and samples after it.

Outside training a layer is Keras' own, which every exporter knows, unless `by_kernels` says that
the graph is not exported.
"""

import contextvars
import functools
from typing import NamedTuple

import tensorflow as tf

from zoo.backend import core_count

_kernels_score = contextvars.ContextVar("kernels_score", default=False)
SHARE = 8  # samples, at least, of a core's shard


def by_kernels(function):
    """Return `function` with its recurrent layers as XLA kernels outside training too."""

    @functools.wraps(function)
    def by_kernels(*args):
        before = _kernels_score.set(True)
        try:
            return function(*args)
        finally:
            _kernels_score.reset(before)

    return by_kernels


class _Cell(NamedTuple):
    """One step of time, and its derivatives."""

    gates: int
    states: int
    kept: int  # number of residuals of a step
    forward: object  # (gates from the input, from the state, states) -> states, residuals
    backward: object  # (gradients by the new states, residuals, previous output)
    # -> gradients by the gates from input and state, and by the old states directly


def simple_rnn(x, state, kernel, recurrent, bias, sequences, training):
    """h' = tanh(x W + h R + b)."""
    return _layer(_SIMPLE_RNN, x, [state], kernel, recurrent, [bias], sequences, training)


def gru(x, state, kernel, recurrent, bias, sequences, training):
    """Keras' `reset_after=True`: h' = z h + (1 - z) tanh(x W_h + b_h + r (h R_h + c_h))."""
    _leave_to_cudnn()
    biases = [None, None] if bias is None else tf.unstack(bias)
    return _layer(_GRU, x, [state], kernel, recurrent, biases, sequences, training)


def lstm(x, state, carry, kernel, recurrent, bias, sequences, training):
    """c' = f c + i tanh(x W_c + h R_c + b_c), h' = o tanh(c')."""
    _leave_to_cudnn()
    return _layer(_LSTM, x, [state, carry], kernel, recurrent, [bias], sequences, training)


def _leave_to_cudnn():
    """Raise NotImplementedError on a GPU, where Keras calls cuDNN's kernels."""
    if tf.config.list_logical_devices("GPU"):
        raise NotImplementedError


@tf.autograph.experimental.do_not_convert
def _layer(cell, x, states, kernel, recurrent, biases, sequences, training):
    if not (training or _kernels_score.get()):
        raise NotImplementedError
    x = tf.transpose(x, (1, 0, 2))
    # A function with a derivative of its own may not read variables.
    weights = [
        tf.convert_to_tensor(each) for each in (kernel, recurrent, *biases) if each is not None
    ]
    if training:
        outputs, *states = _trained(cell)(x, *states, *weights)
    else:
        score = _scoring_kernel(cell, sequences)
        outputs, states = _joined([score(*share, weights) for share in _shares(x, states)])
    return tf.transpose(outputs, (1, 0, 2)) if sequences else None, states


def _trained(cell):
    """Return a function of time-major input, states and weights, with its derivative."""
    forwards, backwards = _kernels(cell)

    @tf.custom_gradient
    def run(*inputs):
        # Eagerly, a tape would look for a derivative of the kernel itself.
        x, *others = map(tf.stop_gradient, inputs)
        states, weights = others[: cell.states], others[cell.states :]
        shares = _shares(x, states)
        passed = [forwards(*share, weights) for share in shares]
        outputs, states = _joined([each[:2] for each in passed])

        def backward(by_outputs, *by_states):
            along = zip(shares, passed, _shares(by_outputs, by_states), strict=True)
            taken = [
                backwards(*share, weights, outputs, kept, *by)
                for share, (outputs, _, kept), by in along
            ]
            by_x, by_states = _joined([each[:2] for each in taken])
            by_weights = [tf.add_n(each) for each in zip(*(each[2] for each in taken), strict=True)]
            return by_x, *by_states, *by_weights

        return (outputs, *states), backward

    return run


def _shares(x, states):
    """Return `(x, states)` of each core's samples; one share if they cannot be divided."""
    count = 1 if tf.config.list_logical_devices("GPU") else core_count()
    samples = x.shape[1]
    if samples is None or samples % count or samples < SHARE * count:
        count = 1
    parts = [tf.split(state, count) for state in states]
    return list(zip(tf.split(x, count, 1), zip(*parts, strict=True), strict=True))


def _joined(shares):
    """Invert `_shares`."""
    x, states = zip(*shares, strict=True)
    return tf.concat(x, 1), [tf.concat(each, 0) for each in zip(*states, strict=True)]


@functools.cache
def _kernels(cell):
    """Return the forward and the backward pass, each compiled by XLA."""

    @tf.function(jit_compile=True, autograph=False)
    def forwards(x, states, weights):
        return _forward(cell, x, states, weights, True, keep=True)

    @tf.function(jit_compile=True, autograph=False)
    def backwards(x, states, weights, outputs, kept, by_outputs, by_states):
        return _backward(cell, x, states, weights, outputs, kept, by_outputs, by_states)

    return forwards, backwards


def _forward(cell, x, states, weights, sequences, keep=False):
    """Return outputs of all steps if `sequences`, final states, and residuals if `keep`."""
    kernel, recurrent, *biases = weights
    bias, state_bias = (*biases, None, None)[:2]
    time = _time(x)
    gates = _inputs_parts(x, kernel, bias, cell.gates)

    def body(at, states, outputs, kept):
        product = tf.matmul(states[0], recurrent)
        if state_bias is not None:
            product += state_bias
        parts = tf.split(product, cell.gates, 1)
        states, values = cell.forward([gate[at] for gate in gates], parts, states)
        return at + 1, states, _written(outputs, at, states), _written(kept, at, values)

    outputs = [_room(time, states[0])] * sequences
    kept = [_room(time, states[0]) for _ in range(cell.kept * keep)]
    loop = (tf.constant(0), list(states), outputs, kept)
    _, last, outputs, kept = tf.while_loop(
        lambda at, *_: at < time, body, loop, maximum_iterations=time
    )
    return outputs[0].stack() if sequences else None, last, [array.stack() for array in kept]


def _backward(cell, x, states, weights, outputs, kept, by_outputs, by_states):
    """Return the gradients by the input, the initial states and the weights."""
    kernel, recurrent, *biases = weights
    transposed = tf.transpose(recurrent)
    before = tf.concat([states[0][None], outputs[:-1]], 0)

    def body(at, by_states, by_gates, by_parts):
        by_states = [by_states[0] + by_outputs[at], *by_states[1:]]
        of_gates, of_parts, (direct, *others) = cell.backward(
            by_states, [each[at] for each in kept], before[at]
        )
        product = tf.concat(of_parts, 1)
        same = of_gates is of_parts
        by_gates = by_gates.write(at, product if same else tf.concat(of_gates, 1))
        by_parts = by_parts.write(at, product)
        return at - 1, [direct + tf.matmul(product, transposed), *others], by_gates, by_parts

    time, wide = _time(x), tf.concat([states[0]] * cell.gates, 1)
    loop = (time - 1, list(by_states), _room(time, wide), _room(time, wide))
    _, by_states, by_gates, by_parts = tf.while_loop(
        lambda at, *_: at >= 0, body, loop, maximum_iterations=time
    )
    by_gates, by_parts = _flat(by_gates.stack()), _flat(by_parts.stack())
    by_weights = [
        tf.matmul(_flat(x), by_gates, transpose_a=True),
        tf.matmul(_flat(before), by_parts, transpose_a=True),
        *[tf.reduce_sum(each, 0) for each in (by_gates, by_parts)[: len(biases)]],
    ]
    by_x = tf.reshape(tf.matmul(by_gates, kernel, transpose_b=True), tf.shape(x))
    return by_x, by_states, by_weights


@functools.cache
def _scoring_kernel(cell, sequences):
    """Return the forward pass without residuals; outputs of all steps, or of the last."""

    @tf.function(jit_compile=True, autograph=False)
    def forwards(x, states, weights):
        outputs, states, _ = _forward(cell, x, states, weights, sequences)
        return outputs if sequences else states[0][None], states

    return forwards


def _inputs_parts(x, kernel, bias, gates):
    """Return the gates from the input, each `(time, n, units)`."""
    flat, units = _flat(x), kernel.shape[1] // gates
    shape = tf.concat([tf.shape(x)[:2], [units]], 0)
    parts = [tf.matmul(flat, part) for part in tf.split(kernel, gates, 1)]
    if bias is not None:
        parts = [part + shift for part, shift in zip(parts, tf.split(bias, gates), strict=True)]
    return [tf.reshape(part, shape) for part in parts]


def _time(x):
    return x.shape[0] or tf.shape(x)[0]


def _flat(x):
    return tf.reshape(x, (-1, x.shape[-1]))


def _room(time, like):
    return tf.TensorArray(like.dtype, time, element_shape=like.shape)


def _written(arrays, at, values):
    return [array.write(at, value) for array, value in zip(arrays, values, strict=False)]


def _simple_rnn_forward(gates, parts, states):
    state = tf.tanh(gates[0] + parts[0])
    return [state], [state]


def _simple_rnn_backward(gradients, kept, before):
    by_gates = [gradients[0] * (1 - kept[0] ** 2)]
    return by_gates, by_gates, [0.0]


def _gru_forward(gates, parts, states):
    update, reset = tf.sigmoid(gates[0] + parts[0]), tf.sigmoid(gates[1] + parts[1])
    candidate = tf.tanh(gates[2] + reset * parts[2])
    return [candidate + update * (states[0] - candidate)], [update, reset, candidate, parts[2]]


def _gru_backward(gradients, kept, before):
    update, reset, candidate, part = kept
    by_update = gradients[0] * (before - candidate) * update * (1 - update)
    by_candidate = gradients[0] * (1 - update) * (1 - candidate**2)
    by_reset = by_candidate * part * reset * (1 - reset)
    shared = [by_update, by_reset]
    return [*shared, by_candidate], [*shared, by_candidate * reset], [gradients[0] * update]


def _lstm_forward(gates, parts, states):
    i, f, g, o = (gate + part for gate, part in zip(gates, parts, strict=True))
    i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
    carry = f * states[1] + i * g
    shown = tf.tanh(carry)
    return [o * shown, carry], [i, f, g, o, shown, states[1]]


def _lstm_backward(gradients, kept, before):
    i, f, g, o, shown, carry = kept
    by_state, by_carry = gradients
    by_carry = by_carry + by_state * o * (1 - shown**2)
    by_gates = [
        by_carry * g * i * (1 - i),
        by_carry * carry * f * (1 - f),
        by_carry * i * (1 - g**2),
        by_state * shown * o * (1 - o),
    ]
    return by_gates, by_gates, [0.0, by_carry * f]


_SIMPLE_RNN = _Cell(1, 1, 1, _simple_rnn_forward, _simple_rnn_backward)
_GRU = _Cell(3, 1, 4, _gru_forward, _gru_backward)
_LSTM = _Cell(4, 2, 6, _lstm_forward, _lstm_backward)
