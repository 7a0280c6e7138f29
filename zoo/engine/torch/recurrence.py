"""Recurrent layers on PyTorch: torch's own kernels, and two written here for the CPU.

Torch's LSTM (oneDNN's on the CPU, cuDNN's on a GPU) is used as it is. Its GRU and simple cell on
the CPU record every operation of every step. Those written here run the steps in place, compute the
factors of all gate gradients beforehand, for all steps at once, and the gradients of the weights
afterwards, as one product over time and samples.

They are operators of torch's dispatcher (`torch.ops.zoo`): a recorded step holds one call of each,
not the steps of the loop.
"""

import torch

_operators = torch.library.Library("zoo", "DEF")
_tanh_backward = torch.ops.aten.tanh_backward.grad_input  # gradient * (1 - output**2)
_sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input  # gradient * output * (1 - output)


def simple_rnn(x, state, kernel, recurrent, bias, sequences, training):
    """h' = tanh(x W + h R + b)."""
    _require_eager()
    x = x.transpose(0, 1).contiguous()
    if _on_cpu(x):
        outputs, last = _SimpleRNN.apply(x, state, kernel, recurrent, bias)
    else:
        weights = _weights(kernel, recurrent, bias, None)
        outputs, last = _stacked(torch._VF.rnn_tanh, x, state, weights)
    return _batch_first(outputs, sequences), [last]


def gru(x, state, kernel, recurrent, bias, sequences, training):
    """Keras' `reset_after=True`: h' = z h + (1 - z) tanh(x W_h + b_h + r (h R_h + c_h))."""
    _require_eager()
    x = x.transpose(0, 1).contiguous()
    if _on_cpu(x):
        outputs, last = _GRU.apply(x, state, kernel, recurrent, *_gru_biases(bias, kernel))
    else:
        input_bias, state_bias = (None, None) if bias is None else bias
        weights = _weights(kernel, recurrent, input_bias, state_bias)
        outputs, last = _stacked(torch._VF.gru, x, state, [_reset_first(w) for w in weights])
    return _batch_first(outputs, sequences), [last]


def lstm(x, state, carry, kernel, recurrent, bias, sequences, training):
    """c' = f c + i tanh(x W_c + h R_c + b_c), h' = o tanh(c')."""
    _require_eager()
    x = x.transpose(0, 1).contiguous()
    weights = _weights(kernel, recurrent, bias, None)
    outputs, last, carry = _stacked(torch._VF.lstm, x, (state, carry), weights)
    return _batch_first(outputs, sequences), [last, carry]


def _require_eager():
    """Raise NotImplementedError under an exporter, which does not know these kernels."""
    if (
        torch.jit.is_tracing()
        or torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
    ):
        raise NotImplementedError


def _on_cpu(x):
    return x.device.type == "cpu"


def _batch_first(outputs, sequences):
    return outputs.transpose(0, 1) if sequences else None


def _stacked(function, x, states, weights):
    """Return outputs and final states by torch's own kernel of one layer."""
    states = tuple(s[None] for s in states) if isinstance(states, tuple) else states[None]
    outputs, *last = function(
        x, states, weights, len(weights) == 4, 1, 0.0, torch.is_grad_enabled(), False, False
    )
    return outputs, *(each[0] for each in last)


def _weights(kernel, recurrent, input_bias, state_bias):
    """Return weights in torch's layout; a bias that Keras does not have is zero."""
    weights = [kernel.t().contiguous(), recurrent.t().contiguous()]
    if input_bias is None:
        return weights
    return [
        *weights,
        input_bias,
        torch.zeros_like(input_bias) if state_bias is None else state_bias,
    ]


def _reset_first(weight):
    """Return gates in torch's order: reset, update, candidate."""
    update, reset, candidate = weight.chunk(3)
    return torch.cat([reset, update, candidate])


def _gru_biases(bias, kernel):
    """Return the bias of all gates, and the bias inside the reset of the candidate."""
    if bias is None:
        zeros = kernel.new_zeros(kernel.shape[1])
        return zeros, zeros[: len(zeros) // 3]
    units = bias.shape[1] // 3
    of_input, of_state = bias
    both = of_input[: 2 * units] + of_state[: 2 * units]
    return torch.cat([both, of_input[2 * units :]]), of_state[2 * units :]


def _projected(x, kernel, bias):
    """Return x W + b of all steps, `(time, n, gates)`."""
    flat = x.reshape(-1, x.shape[2])
    flat = flat @ kernel if bias is None else torch.addmm(bias, flat, kernel)
    return flat.view(*x.shape[:2], -1)


def _product(a, b):
    """Return aᵀ b, summed over time and samples."""
    return a.reshape(-1, a.shape[2]).t() @ b.reshape(-1, b.shape[2])


class _SimpleRNN(torch.autograd.Function):
    """A layer from `(time, n, features)` to outputs `(time, n, units)` and the last output."""

    @staticmethod
    def forward(ctx, x, state, kernel, recurrent, bias):
        ctx.set_materialize_grads(False)
        states = torch.ops.zoo.simple_rnn(x, state, kernel, recurrent, bias)
        ctx.save_for_backward(x, kernel, recurrent, states)
        return states[1:], states[-1].clone()

    @staticmethod
    def backward(ctx, outputs, last):
        x, kernel, recurrent, states = ctx.saved_tensors
        by_gates, by_state = torch.ops.zoo.simple_rnn_backward(outputs, last, recurrent, states)
        needs = ctx.needs_input_grad
        return (
            by_gates @ kernel.t() if needs[0] else None,
            by_state,
            _product(x, by_gates) if needs[2] else None,
            _product(states[:-1], by_gates) if needs[3] else None,
            by_gates.sum((0, 1)) if needs[4] else None,
        )


class _GRU(torch.autograd.Function):
    """A layer from `(time, n, features)` to outputs `(time, n, units)` and the last output."""

    @staticmethod
    def forward(ctx, x, state, kernel, recurrent, input_bias, state_bias):
        ctx.set_materialize_grads(False)
        keep = any(ctx.needs_input_grad)
        states, gates, candidates = torch.ops.zoo.gru(
            x, state, kernel, recurrent, input_bias, state_bias, keep
        )
        if keep:
            ctx.save_for_backward(x, kernel, recurrent, states, gates, candidates)
        return states[1:], states[-1].clone()

    @staticmethod
    def backward(ctx, outputs, last):
        x, kernel, recurrent, states, gates, candidates = ctx.saved_tensors
        parts, by_state = torch.ops.zoo.gru_backward(
            outputs, last, recurrent, states, gates, candidates
        )
        units = states.shape[2]
        by_input = parts[:, :, : 3 * units]  # candidate, update, reset
        by_recurrent = parts[:, :, units : 4 * units]  # update, reset, candidate
        needs = ctx.needs_input_grad
        return (
            by_input @ kernel.roll(units, 1).t() if needs[0] else None,
            by_state,
            _product(x, by_input).roll(-units, 1) if needs[2] else None,
            _product(states[:-1], by_recurrent) if needs[3] else None,
            by_input.sum((0, 1)).roll(-units) if needs[4] else None,
            by_recurrent[:, :, 2 * units :].sum((0, 1)) if needs[5] else None,
        )


def _operator(schema, fake):
    """Register a function as an operator of torch; `fake` returns empty results, for tracing."""
    name = schema.split("(")[0]

    def register(function):
        _operators.define(schema)
        _operators.impl(name, torch.no_grad()(function), "CPU")
        torch.library.register_fake(f"zoo::{name}", fake, lib=_operators)
        return function

    return register


def _states_of(x, state):
    """Return an array of all states, `(time + 1, n, units)`, the initial one filled in."""
    states = x.new_empty(len(x) + 1, *state.shape)
    states[0] = state
    return states


@_operator(
    "simple_rnn(Tensor x, Tensor state, Tensor kernel, Tensor recurrent, Tensor? bias) -> Tensor",
    lambda x, state, kernel, recurrent, bias: x.new_empty(len(x) + 1, *state.shape),
)
def _simple_rnn(x, state, kernel, recurrent, bias):
    states = _states_of(x, state)
    before = states[0]
    for gate, after in zip(_projected(x, kernel, bias).unbind(), states[1:].unbind(), strict=True):
        before = torch.tanh(gate.addmm_(before, recurrent), out=after)
    return states


@_operator(
    "simple_rnn_backward(Tensor? outputs, Tensor? last, Tensor recurrent, Tensor states)"
    " -> (Tensor, Tensor)",
    lambda outputs, last, recurrent, states: (
        torch.empty_like(states[1:]),
        torch.empty_like(states[0]),
    ),
)
def _simple_rnn_backward(outputs, last, recurrent, states):
    gradient = torch.zeros_like(states[0]) if last is None else last
    by_gates = torch.empty_like(states[1:])
    transposed = recurrent.t()
    for time in reversed(range(len(by_gates))):
        if outputs is not None:
            gradient = gradient + outputs[time]
        _tanh_backward(gradient, states[time + 1], grad_input=by_gates[time])
        gradient = by_gates[time] @ transposed
    return by_gates, gradient


@_operator(
    "gru(Tensor x, Tensor state, Tensor kernel, Tensor recurrent, Tensor input_bias,"
    " Tensor state_bias, bool keep) -> (Tensor, Tensor, Tensor)",
    lambda x, state, kernel, recurrent, input_bias, state_bias, keep: (
        x.new_empty(len(x) + 1, *state.shape),
        x.new_empty(len(x), len(state), kernel.shape[1]),
        x.new_empty(len(x) if keep else 1, *state.shape),
    ),
)
def _gru(x, state, kernel, recurrent, input_bias, state_bias, keep):
    """Return all states; update gate, reset gate and candidate; h R_h + c_h.

    The last is that of the final step alone unless `keep`.
    """
    units = state.shape[1]
    gates = _projected(x, kernel, input_bias)
    states = _states_of(x, state)
    from_state = x.new_empty(len(x) if keep else 1, *state.shape)
    of_gates, of_candidate = recurrent.split([2 * units, units], 1)
    steps = zip(
        gates[:, :, : 2 * units].unbind(),
        *(gate.unbind() for gate in gates.split(units, 2)),
        from_state.expand(*gates.shape[:2], units).unbind() if not keep else from_state.unbind(),
        states[1:].unbind(),
        strict=True,
    )
    before = states[0]
    for both, update, reset, candidate, product, after in steps:
        both.addmm_(before, of_gates).sigmoid_()
        torch.addmm(state_bias, before, of_candidate, out=product)
        candidate.addcmul_(reset, product).tanh_()
        before = torch.lerp(candidate, before, update, out=after)
    return states, gates, from_state


@_operator(
    "gru_backward(Tensor? outputs, Tensor? last, Tensor recurrent, Tensor states, Tensor gates,"
    " Tensor from_state) -> (Tensor, Tensor)",
    lambda outputs, last, recurrent, states, gates, from_state: (
        gates.new_empty(*gates.shape[:2], 5 * states.shape[2]),
        torch.empty_like(states[0]),
    ),
)
def _gru_backward(outputs, last, recurrent, states, gates, from_state):
    """Return the gradients of all steps, and that by the initial state.

    Side by side: by candidate, update, reset, `from_state`, and by the old state through the update
    gate.
    """
    time, n, units = from_state.shape
    update, reset, candidate = gates.split(units, 2)
    parts = gates.new_empty(time, n, 5 * units)  # factors of the state's gradient, then gradients
    by_candidate, by_update, by_reset, by_product, through = parts.split(units, 2)
    _tanh_backward(torch.rsub(update, 1), candidate, grad_input=by_candidate)
    _sigmoid_backward(states[:-1] - candidate, update, grad_input=by_update)
    _sigmoid_backward(by_candidate * from_state, reset, grad_input=by_reset)
    torch.mul(by_candidate, reset, out=by_product)
    through.copy_(update)

    gradient = torch.zeros_like(states[0]) if last is None else last
    transposed = recurrent.t()
    steps = [
        parts.view(time, n, 5, units).unbind(),
        parts[:, :, units : 4 * units].unbind(),
        through.unbind(),
    ]
    for at in reversed(range(time)):
        if outputs is not None:
            gradient = gradient + outputs[at]
        part, by_recurrent, kept = (each[at] for each in steps)
        part.mul_(gradient[:, None])
        gradient = torch.addmm(kept, by_recurrent, transposed)
    return parts, gradient
