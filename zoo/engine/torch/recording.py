"""What torch runs again and again, recorded: the list of operations that a function comes to."""

import math
import warnings
from contextlib import contextmanager
from time import perf_counter

import torch

CALLS_BEFORE = 8  # one is recorded, which takes as long as some hundred
TIMED = 3  # calls with all threads, and then with one, of each
ASKED_AGAIN = 1000  # calls, which of the two is faster
ASKED_FOR_A_NUMBER = "value out of a tracing tensor"  # in torch's error; expected of some
SLOWER = "this is computed by one call of Keras' layers after another, not recorded as a whole"


class Recordings:
    """A function of values and inputs as lists of torch operations, one for each shape of input.

    Args:
        function: of two lists of tensors, the values of `variables` and the inputs; it returns a
            list of tensors, and may move values in place.
        variables: what the function reads.
    """

    def __init__(self, function, variables):
        self.function = function
        self.variables = variables
        self.calls = {}
        self.found = {}

    def of(self, inputs):
        """The recording for inputs of these shapes; None before some calls, or if there is none."""
        shape = tuple(array.shape for array in inputs)
        if shape not in self.found:
            self.calls[shape] = self.calls.get(shape, 0) + 1
            if self.calls[shape] <= CALLS_BEFORE:
                return None
            self.found[shape] = self._record(inputs)
        return self.found[shape]

    def _record(self, inputs):
        """A recording, or None if the function cannot be recorded.

        It is compared with the function itself, on other inputs and what the first call left.
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
            if ASKED_FOR_A_NUMBER not in str(error):
                warnings.warn(f"{SLOWER}: {error}", stacklevel=2)
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
            warnings.warn(f"{SLOWER}: it gave other numbers", stacklevel=2)
            return None
        return Recording(graph)


class Recording:
    """A list of torch operations, run by as many threads as are fastest.

    Args:
        graph: `torch.fx.GraphModule` of values and inputs; it may move values in place.
    """

    def __init__(self, graph):
        self.graph = graph
        self.threads = Threads()

    def __call__(self, values, inputs):
        return self.threads.run(lambda: self.graph.forward(*values, *inputs))


class Threads:
    """How many threads make a piece of work fast, found while it is done again and again.

    That is one where threads wait for each other longer than they work, as in small networks. It
    is asked anew now and then, so that a moment at which others used the cores does not decide for
    good.
    """

    def __init__(self):
        self.counts = (torch.get_num_threads(), 1)
        self.fastest = self.counts[0]
        self.calls = 0
        self.seconds = {}

    def run(self, work):
        """What `work()` returns."""
        turn = self.calls % ASKED_AGAIN
        self.calls += 1
        if turn >= TIMED * len(self.counts):
            with using_threads(self.fastest):
                return work()
        count = self.counts[turn // TIMED]
        if turn % TIMED == 0:
            self.seconds[count] = math.inf
        with using_threads(count):
            start = perf_counter()
            found = work()
            self.seconds[count] = min(self.seconds[count], perf_counter() - start)
        self.fastest = min(self.seconds, key=self.seconds.get)
        return found


@contextmanager
def using_threads(count):
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
