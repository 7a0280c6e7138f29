"""Recurrent layers on TensorFlow: TensorFlow's own operator for an LSTM, loops for the others.

The loops hold as few operations as can be, since each costs more to start than to run in a small
layer: the input's part of every step is one product before the loop; backwards, the factors of all
gate gradients are multiplied out before the loop, and the gradients of the weights are products
over time and samples after it.

Outside training nothing is kept for the way back, and only what every exporter knows is used.
"""

import tensorflow as tf


def simple_rnn(x, state, kernel, recurrent, bias, sequences, training):
    """h' = tanh(x W + h R + b)."""
    biases = () if bias is None else _read(bias)
    return _layer(_SimpleRNN, x, state, kernel, recurrent, biases, sequences, training)


def gru(x, state, kernel, recurrent, bias, sequences, training):
    """Keras' `reset_after=True`: h' = z h + (1 - z) tanh(x W_h + b_h + r (h R_h + c_h))."""
    _leave_to_cudnn()
    biases = () if bias is None else tf.unstack(bias)
    return _layer(_GRU, x, state, kernel, recurrent, biases, sequences, training)


def lstm(x, state, carry, kernel, recurrent, bias, sequences, training):
    """c' = f c + i tanh(x W_c + h R_c + b_c), h' = o tanh(c').

    XLA does not compile TensorFlow's operator, and ONNX has none like it: Keras' loop scores.
    """
    _leave_to_cudnn()
    if not training:
        raise NotImplementedError
    if bias is None:
        bias = tf.zeros_like(kernel[0])
    weights = _read(kernel, recurrent, bias)
    outputs, carry = _lstm(tf.transpose(x, (1, 0, 2)), state, carry, *weights)
    return _batch_first(outputs, sequences), [outputs[-1], carry]


def _leave_to_cudnn():
    """Keras calls cuDNN's kernels itself."""
    if tf.config.list_logical_devices("GPU"):
        raise NotImplementedError


def _batch_first(outputs, sequences):
    return tf.transpose(outputs, (1, 0, 2)) if sequences else None


@tf.autograph.experimental.do_not_convert
def _layer(cell, x, state, kernel, recurrent, biases, sequences, training):
    x = tf.transpose(x, (1, 0, 2))
    kernel, recurrent = _read(kernel, recurrent)
    if training:
        outputs, last = _trained(cell)(x, state, kernel, recurrent, *biases)
    else:
        outputs, last, _ = _forward(cell, x, state, kernel, recurrent, biases, sequences)
    return _batch_first(outputs, sequences), [last]


def _forward(cell, x, state, kernel, recurrent, biases, sequences, keep=False):
    """Outputs of all steps if `sequences`, the last, and what the way back needs if `keep`."""
    time = _time(x)
    bias, state_bias = (*biases, None, None)[:2]
    gates = _inputs_parts(x, kernel, bias, cell.gates)

    def body(at, state, outputs, kept):
        product = tf.matmul(state, recurrent)
        if state_bias is not None:
            product += state_bias
        parts = tf.split(product, cell.gates, 1)
        state, values = cell.forward([gate[at] for gate in gates], parts, state)
        outputs = [array.write(at, state) for array in outputs]
        return at + 1, state, outputs, _written(kept, at, values)

    outputs = [_room(time, state)] * sequences
    kept = [_room(time, state) for _ in range(cell.kept * keep)]
    loop = (tf.constant(0), state, outputs, kept)
    _, last, outputs, kept = tf.while_loop(
        lambda at, *_: at < time, body, loop, maximum_iterations=time
    )
    return outputs[0].stack() if sequences else None, last, [array.stack() for array in kept]


def _trained(cell):
    """A function of time-major input, state, weights and biases, with its derivative."""

    @tf.custom_gradient
    def run(x, state, kernel, recurrent, *biases):
        outputs, last, kept = _forward(cell, x, state, kernel, recurrent, biases, True, keep=True)

        def backward(by_outputs, by_last):
            before = tf.concat([state[None], outputs[:-1]], 0)
            by_state, by_gates, by_parts = _backward(
                cell, by_outputs, by_last, recurrent, outputs, before, kept
            )
            return (
                tf.reshape(tf.matmul(by_gates, kernel, transpose_b=True), tf.shape(x)),
                by_state,
                tf.matmul(_flat(x), by_gates, transpose_a=True),
                tf.matmul(_flat(before), by_parts, transpose_a=True),
                *[tf.reduce_sum(each, 0) for each in (by_gates, by_parts)[: len(biases)]],
            )

        return (outputs, last), backward

    return run


def _backward(cell, by_outputs, by_last, recurrent, outputs, before, kept):
    """Gradients by the initial state, and by the input's and the state's parts of all gates."""
    factors, through, of_gates = cell.factors(outputs, before, kept)
    transposed = tf.transpose(recurrent)

    def body(at, by_state, gradients):
        by_state += by_outputs[at]
        gradients = gradients.write(at, by_state)
        by_parts = tf.concat([by_state * factor[at] for factor in factors], 1)
        by_before = tf.matmul(by_parts, transposed)
        if through is not None:
            by_before += by_state * through[at]
        return at - 1, by_before, gradients

    time = _time(outputs)
    loop = (time - 1, by_last, _room(time, by_last))
    _, by_state, gradients = tf.while_loop(
        lambda at, *_: at >= 0, body, loop, maximum_iterations=time
    )
    gradients = gradients.stack()
    by_parts = _flat(tf.concat([gradients * factor for factor in factors], 2))
    if of_gates is None:
        return by_state, by_parts, by_parts
    return by_state, _flat(tf.concat([gradients * factor for factor in of_gates], 2)), by_parts


class _SimpleRNN:
    """Gates, values kept of a step, the step, and the factors of its gradients."""

    gates, kept = 1, 0

    @staticmethod
    def forward(gates, parts, state):
        return tf.tanh(gates[0] + parts[0]), []

    @staticmethod
    def factors(outputs, before, kept):
        """Of the state's gradient: by the state's parts, by the state before beside them, and by
        the input's parts where these are others."""
        return [1 - outputs**2], None, None


class _GRU:
    """See `_SimpleRNN`."""

    gates, kept = 3, 4

    @staticmethod
    def forward(gates, parts, state):
        update, reset = tf.sigmoid(gates[0] + parts[0]), tf.sigmoid(gates[1] + parts[1])
        candidate = tf.tanh(gates[2] + reset * parts[2])
        kept = [update, reset, candidate, parts[2]]
        return candidate + update * (state - candidate), kept

    @staticmethod
    def factors(outputs, before, kept):
        update, reset, candidate, part = kept
        of_update = (before - candidate) * update * (1 - update)
        of_candidate = (1 - update) * (1 - candidate**2)
        of_reset = of_candidate * part * reset * (1 - reset)
        shared = [of_update, of_reset]
        return [*shared, of_candidate * reset], update, [*shared, of_candidate]


@tf.autograph.experimental.do_not_convert
@tf.custom_gradient
def _lstm(x, state, carry, kernel, recurrent, bias):
    """Outputs `(time, n, units)` and the last carry, of time-major input."""
    none = tf.zeros_like(state[0])
    inputs = {
        "seq_len_max": tf.cast(_time(x), "int64"),
        "x": x,
        "cs_prev": carry,
        "h_prev": state,
        "w": tf.concat([kernel, recurrent], 0),
        "wci": none,
        "wcf": none,
        "wco": none,
        "b": bias,
    }
    i, cs, f, o, ci, co, h = tf.raw_ops.BlockLSTMV2(**inputs, cell_clip=0.0, use_peephole=False)

    def backward(by_outputs, by_carry):
        # The operator's gradient takes those of all carries, and Keras shows the last alone.
        by_carries = tf.concat([tf.zeros_like(cs[:-1]), by_carry[None]], 0)
        taken = tf.raw_ops.BlockLSTMGradV2(
            **inputs,
            i=i,
            cs=cs,
            f=f,
            o=o,
            ci=ci,
            co=co,
            h=h,
            cs_grad=by_carries,
            h_grad=by_outputs,
            use_peephole=False,
        )
        by_kernel, by_recurrent = tf.split(taken.w_grad, [kernel.shape[0], recurrent.shape[0]])
        return (
            taken.x_grad,
            taken.h_prev_grad,
            taken.cs_prev_grad,
            by_kernel,
            by_recurrent,
            taken.b_grad,
        )

    return (h, cs[-1]), backward


def _read(*weights):
    """Values of variables: a function with a derivative of its own may not read any."""
    return [tf.convert_to_tensor(weight) for weight in weights]


def _time(x):
    return x.shape[0] or tf.shape(x)[0]


def _inputs_parts(x, kernel, bias, gates):
    """The input's parts `(time, n, units)` of the gates, of all steps."""
    flat, units = _flat(x), kernel.shape[1] // gates
    shape = tf.concat([tf.shape(x)[:2], [units]], 0)
    parts = [tf.matmul(flat, part) for part in tf.split(kernel, gates, 1)]
    if bias is not None:
        parts = [part + shift for part, shift in zip(parts, tf.split(bias, gates), strict=True)]
    return [tf.reshape(part, shape) for part in parts]


def _flat(x):
    return tf.reshape(x, (-1, x.shape[-1]))


def _room(time, like):
    return tf.TensorArray(like.dtype, time, element_shape=like.shape)


def _written(arrays, at, values):
    return [array.write(at, value) for array, value in zip(arrays, values, strict=False)]
