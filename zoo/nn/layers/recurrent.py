"""Keras' recurrent layers, faster: the same weights, configuration and results.

Keras runs each step of time as its own operations, or its own kernel on some devices. Here the
whole series is one kernel of the backend (`zoo.engine.recurrence`) wherever the layer is as most
are: `tanh` and `sigmoid`, no mask, no dropout inside, float32. Everything else is left to Keras.
"""

import keras
from keras import activations, layers, ops

from zoo.engine import fast, recurrence


class _Fused:
    """The kernel in place of Keras' loop over time, where the layer allows it."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if self._has_kernel(mask, training):
            try:
                return self._run(sequences, initial_state, training)
            except NotImplementedError:
                pass
        return super().inner_loop(sequences, initial_state, mask, training=training)

    def _has_kernel(self, mask, training):
        cell = self.cell
        return (
            fast()
            and all(each is None for each in (mask if isinstance(mask, (list, tuple)) else [mask]))
            and not (training and (cell.dropout or cell.recurrent_dropout))
            and not (self.unroll or self.stateful)
            and cell.activation is activations.tanh
            and getattr(cell, "recurrent_activation", None) in (None, activations.sigmoid)
            and getattr(cell, "reset_after", True)
            and getattr(self, "use_cudnn", "auto") == "auto"
            and self.compute_dtype == self.variable_dtype == "float32"
        )

    def _run(self, sequences, states, training):
        cell = self.cell
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
        outputs, states = self._kernel(
            ops.cast(sequences, self.compute_dtype),
            *states,
            ops.convert_to_tensor(cell.kernel),
            ops.convert_to_tensor(cell.recurrent_kernel),
            None if cell.bias is None else ops.convert_to_tensor(cell.bias),
            self.return_sequences,
            bool(training),
        )
        last = states[0]
        return last, last[:, None] if outputs is None else outputs, states


@keras.saving.register_keras_serializable(package="zoo")
class SimpleRNN(_Fused, layers.SimpleRNN):
    """`keras.layers.SimpleRNN` as one kernel, where its configuration allows.

    Args, inputs and outputs are those of the Keras layer, `(n, time, features)` to `(n, units)`
    or, with `return_sequences`, `(n, time, units)`; weights move between the two.

    Example:
        >>> tuple(SimpleRNN(4)(ops.zeros((2, 7, 3))).shape)
        (2, 4)
    """

    _kernel = staticmethod(recurrence.simple_rnn)


@keras.saving.register_keras_serializable(package="zoo")
class LSTM(_Fused, layers.LSTM):
    """`keras.layers.LSTM` as one kernel, where its configuration allows. See `SimpleRNN`.

    References:
        Hochreiter & Schmidhuber, Long Short-Term Memory, Neural Computation 1997.
    """

    _kernel = staticmethod(recurrence.lstm)


@keras.saving.register_keras_serializable(package="zoo")
class GRU(_Fused, layers.GRU):
    """`keras.layers.GRU` as one kernel, where its configuration allows. See `SimpleRNN`.

    References:
        Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical
        Machine Translation, EMNLP 2014.
    """

    _kernel = staticmethod(recurrence.gru)
