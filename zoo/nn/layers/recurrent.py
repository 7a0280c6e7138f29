"""Recurrent layers of Keras as one kernel per series: the same weights, configuration and results.

Keras runs every time step as separate operations. Here one kernel of the backend
(`zoo.engine.recurrence`) runs the whole series, for layers with `tanh` and `sigmoid`, in float32,
without mask and without dropout inside the cell. Other layers take Keras' own implementation.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import activations, layers, ops

from zoo.backend import Tensor
from zoo.engine import fast, recurrence


class _Fused:
    """Mixin that replaces Keras' loop over time by a kernel, where the layer allows it."""

    cell: Any
    compute_dtype: str
    variable_dtype: str
    go_backwards: bool
    return_sequences: bool
    stateful: bool
    unroll: bool
    _kernel: Any

    def inner_loop(
        self, sequences: Tensor, initial_state: Any, mask: Any, training: bool = False
    ) -> Any:
        if self._has_kernel(mask, training):
            try:
                return self._run(sequences, initial_state, training)
            except NotImplementedError:
                pass
        return super().inner_loop(  # type: ignore[misc]  # of the Keras layer
            sequences, initial_state, mask, training=training
        )

    def _has_kernel(self, mask: Any, training: bool) -> bool:
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

    def _run(self, sequences: Tensor, states: Any, training: bool) -> Any:
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

    Arguments and weights are those of the Keras layer. Maps `(n, time, features)` to `(n, units)`
    or, with `return_sequences`, to `(n, time, units)`.

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
