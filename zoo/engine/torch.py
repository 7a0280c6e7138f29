"""One training step on PyTorch: eager, with autograd; optimizers work outside the graph."""

import math
import warnings
from contextlib import contextmanager
from time import perf_counter

import keras
import numpy as np
import torch
from keras import ops

from zoo.engine.steps import Steps

CALLS_BEFORE = 8  # one is recorded, which takes as long as some hundred
TIMED = 5  # calls with all threads, and then with one, of each
ASKED_AGAIN = 1000  # calls, which of the two is faster
ASKED_FOR_A_NUMBER = "value out of a tracing tensor"  # in torch's error; expected of some
SLOWER = "this is computed by one call of Keras' layers after another, not recorded as a whole"


class Trainer:
    """The two step methods Keras' torch trainer calls, for a `zoo.detector.Detector`."""

    def train_step(self, data):
        return self.learn_batch(data)

    def test_step(self, data):
        return self.check_batch(data)


def gradients(loss, variables, state):
    """Value of `loss()` and its gradients by `variables`; `state` is not needed here."""
    with torch.enable_grad():
        value, target, terms = loss()
    taken = torch.autograd.grad(target, [v.value for v in variables], allow_unused=True)
    terms = {name: term.detach() for name, term in terms.items()}
    return value.detach(), list(taken), terms


def apply_gradients(optimizer, gradients, variables):
    """Let `optimizer` move `variables` along `gradients`."""
    with torch.no_grad():
        optimizer.apply(gradients, variables)


def compiled(function, model):
    """`function` of an array without gradients; it gives NumPy.

    As in `Loop`, it is recorded after some calls on arrays of one shape.
    """
    return Compiled(function, model.variables)


class Compiled:
    """A function of an array that reads `variables`: recorded where it can be."""

    def __init__(self, function, variables):
        self.function = function
        self.variables = variables
        self.recordings = Recordings(self._pure, variables)

    def __call__(self, x):
        x = ops.convert_to_tensor(x)
        with torch.no_grad():
            recorded = self.recordings.of([x])
            if recorded is None:
                return ops.convert_to_numpy(self.function(x))
            (found,) = recorded([v.value.detach() for v in self.variables], [x])
        return ops.convert_to_numpy(found)

    def _pure(self, values, x):
        lent = list(zip(self.variables, values, strict=True))
        with keras.StatelessScope(lent, initialize_variables=False), torch.no_grad():
            return [self.function(x[0])]


def compiled_gradient(function, model):
    """`function` of an array and others, `(n,)`, with its gradient by the first.

    What comes back takes NumPy and gives NumPy: the values, and the gradient of their sum.
    """

    def call(*arrays):
        x, *others = (ops.convert_to_tensor(each) for each in arrays)
        x = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            values = function(x, *others)
            if not values.requires_grad:  # they do not depend on x, nor on any weight
                return ops.convert_to_numpy(values), np.zeros(x.shape, "float32")
            (gradient,) = torch.autograd.grad(values.sum(), [x], materialize_grads=True)
        return ops.convert_to_numpy(values), ops.convert_to_numpy(gradient)

    return call


class Loop(Steps):
    """Steps one by one, recorded.

    Keras' layers cost more time than the arithmetic of a small network. So after some steps the
    next is recorded, as the list of torch operations that forward pass, gradients and optimizer
    come to, and from then on the list is run. A step that looks into its numbers cannot be
    recorded (seeded noise, for one: its generator is a Python object); it is taken as it is.
    """

    def __init__(self, step, variables, model):
        super().__init__(step, variables, model)
        self.recordings = Recordings(self._pure, variables)

    def run(self, cut, data, order, start, end):
        values = None
        try:
            for index in range(start, end):
                batch = [*cut.batch(data, order[index])]
                recorded = self.recordings.of(batch)
                if recorded is None:
                    self.step(tuple(batch))
                    continue
                if values is None:
                    # Without a history; no_grad would tell oneDNN not to train.
                    values = [v.value.detach() for v in self.variables]
                values = recorded(values, batch)
        finally:
            if values is not None:
                self._keep(values)

    def _pure(self, values, batch):
        """The step as a function that gives new values; it may move others in place."""
        lent = [
            value.detach().requires_grad_() if variable.trainable else value
            for variable, value in zip(self.variables, values, strict=True)
        ]
        pairs = list(zip(self.variables, lent, strict=True))
        with keras.StatelessScope(pairs, initialize_variables=False) as scope:
            self.step(tuple(batch))
            return [scope.get_current_value(v).detach() for v in self.variables]

    def _keep(self, values):
        """Assign what was not moved in place."""
        for variable, value in zip(self.variables, values, strict=True):
            if variable.value.data_ptr() != value.data_ptr():
                variable.assign(value)


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
        try:
            # Not a method as it is: make_fx would count its `self` among the arguments.
            graph = make_fx(lambda *given: self.function(*given))(values, inputs)
        except (RuntimeError, NotImplementedError) as error:
            if ASKED_FOR_A_NUMBER not in str(error):
                warnings.warn(f"{SLOWER}: {error}", stacklevel=2)
            return None
        _drop_needless(graph)

        others = [array.flip(0) for array in inputs]
        with torch.random.fork_rng():
            expected = self.function(_copies(values), others)
        with torch.random.fork_rng():
            found = graph(_copies(values), others)
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
        graph: function of values and inputs; it may move values in place.
    """

    def __init__(self, graph):
        self.graph = graph
        self.threads = Threads()

    def __call__(self, values, inputs):
        return self.threads.run(lambda: self.graph(values, inputs))


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


def seed(seed):
    """Seed the backend's own generator."""
    torch.manual_seed(seed)


def numbers_a_call():
    """Of the widest layer's output: on a CPU what fits its cache, elsewhere 64 MB."""
    return 2**21 if ops.zeros(()).device.type == "cpu" else 2**24
