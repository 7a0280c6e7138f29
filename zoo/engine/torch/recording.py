"""Functions that torch runs again and again, recorded as lists of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import torch

from zoo.engine.steps import multiplications
from zoo.engine.switch import step_aside

CALLS_BEFORE = 8  # of one shape; recording takes as long as some hundred calls
THREADED = 2**23  # multiplications of the largest product from which more threads than one are used
DRAWS = "value out of a tracing tensor"  # in torch's error when Python asks for a number


class Recordings:
    """A function of values and inputs as lists of torch operations, one for each shape of input.

    Args:
        function: of two lists of tensors, the values of `variables` and the inputs; it returns a
            list of tensors, and may move values in place.
        model: whose function it is.
        what: `"fit"` or `"score"`, for the log.
        variables: what the function reads; None: those of `model`.
    """

    def __init__(
        self,
        function: Callable[..., list[torch.Tensor]],
        model: Any,
        what: str,
        variables: Sequence[Any] | None = None,
    ):
        self.function = function
        self.model = model
        self.what = what
        self.variables = model.variables if variables is None else variables
        self.calls: dict[Any, int] = {}
        self.found: dict[Any, Recording | None] = {}

    def of(self, inputs: list[torch.Tensor]) -> Recording | None:
        """Return the recording for inputs of these shapes.

        None before `CALLS_BEFORE` calls, or if the function cannot be recorded.
        """
        shape = tuple(array.shape for array in inputs)
        if shape not in self.found:
            self.calls[shape] = self.calls.get(shape, 0) + 1
            if self.calls[shape] <= CALLS_BEFORE:
                return None
            self.found[shape] = self._record(inputs)
        return self.found[shape]

    def _record(self, inputs):
        """Return a recording, or None, with a line in the log, if there can be none.

        It is compared with the function itself, on other inputs and the first call's values.
        """
        from torch.fx.experimental.proxy_tensor import make_fx  # takes a second to import

        values = _copies(v.value for v in self.variables)
        count = len(values)
        try:
            # Not as lists: a graph takes those apart at every call.
            graph = make_fx(lambda *given: self.function(list(given[:count]), list(given[count:])))(
                *values, *inputs
            )
        except (RuntimeError, NotImplementedError) as error:
            reason, cure = f"it cannot be recorded on torch: {error}", "mend it, or use JAX"
            if DRAWS in str(error):
                reason = "Python reads a tensor's number in it, as seeded noise and SGD do on torch"
                cure = "take Adam, or JAX or TensorFlow, which compile it"
            step_aside(self.model, self.what, reason, cure)
            return None
        _drop_needless(graph)

        others = [array.flip(0) for array in inputs]
        with torch.random.fork_rng():
            expected = self.function(_copies(values), others)
        with torch.random.fork_rng():
            found = graph(*_copies(values), *others)
        same = all(
            torch.allclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True)
            for a, b in zip(expected, found, strict=True)
        )
        if not same:
            cure = "keep what changes from step to step in keras.Variables"
            step_aside(self.model, self.what, "its recording gave other numbers", cure)
            return None
        return Recording(graph, threads(self.model, inputs[0].shape))


class Recording:
    """A list of torch operations.

    Args:
        graph: `torch.fx.GraphModule` of values and inputs; it may move values in place.
        threads: to compute with.
    """

    def __init__(self, graph: torch.fx.GraphModule, threads: int):
        self.graph = graph
        self.threads = threads

    def __call__(
        self, values: list[torch.Tensor], inputs: list[torch.Tensor]
    ) -> list[torch.Tensor]:
        with using_threads(self.threads):
            return self.graph.forward(*values, *inputs)


def threads(model: Any, shape: Sequence[int]) -> int:
    """Return how many threads to compute with: one where threads would wait longer than work.

    The size of the largest product decides and not a stopwatch, so that a training repeats itself
    to the last bit. A recurrent network's products are those of one step of time.

    Args:
        model: whose weights.
        shape: of a batch.
    """
    sample = shape[-1:] if _is_recurrent(model) else shape[1:]
    products = [multiplications([v], tuple(sample)) for v in model.trainable_variables]
    return torch.get_num_threads() if shape[0] * max(products, default=0) >= THREADED else 1


def _is_recurrent(layer):
    nested = getattr(layer, "layers", ())
    return isinstance(layer, keras.layers.RNN) or any(map(_is_recurrent, nested))


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """Let torch compute with `count` threads; what was set before comes back."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _drop_needless(graph):
    """Take out of a recording what is of use to autograd only."""
    needless = (torch.ops.aten.detach.default, torch.ops.aten.lift_fresh_copy.default)
    for node in list(graph.graph.nodes):
        if node.target in needless:
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
    graph.recompile()


def _copies(values):
    return [value.detach().clone() for value in values]
