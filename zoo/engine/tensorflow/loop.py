"""Many training steps, and many batches to score, per call on TensorFlow: graphs."""

import functools

import tensorflow as tf

from zoo.backend import core_count
from zoo.engine.steps import Steps
from zoo.engine.tensorflow import reference
from zoo.engine.tensorflow.recurrence import by_kernels
from zoo.engine.windows import padded


class Program:
    """A function of an array as graphs, one for each shape: of a batch, and of many.

    Args:
        function: of a tensor.
        model: whose variables it reads; graphs know them.
    """

    def __init__(self, function, model):
        self.function = by_kernels(function)
        self._batch = functools.cache(self._of_a_batch)
        self._batches = functools.cache(self._of_batches)

    def __call__(self, x):
        x = tf.convert_to_tensor(x)
        return self._batch(x.shape, x.dtype)(x).numpy()

    def of_batches(self, x, size, room):
        """Return the function of `x`, `(n, ...)`, in batches of `size`, as one call.

        Each core takes some of the batches; the graph takes any number of them, not only `room`.
        """
        turns = -(-len(x) // size)
        batches = padded(x, turns * size).reshape(turns, size, *x.shape[1:])
        batches = tf.convert_to_tensor(batches)
        found = self._batches(batches.shape[1:], batches.dtype)(batches).numpy()
        return found.reshape(-1, *found.shape[2:])[: len(x)]

    def _of_a_batch(self, shape, dtype):
        graph = tf.function(self.function, autograph=False)
        return graph.get_concrete_function(tf.TensorSpec(shape, dtype))

    def _of_batches(self, shape, dtype):
        batch = self._batch(shape, dtype)

        @tf.function(input_signature=[tf.TensorSpec([None, *shape], dtype)], autograph=False)
        def graph(batches):
            turns = tf.shape(batches)[0]

            def body(turn, found):
                return turn + 1, found.write(turn, batch(batches[turn]))

            start = tf.constant(0), tf.TensorArray(batch.structured_outputs.dtype, turns)
            _, found = tf.while_loop(
                lambda turn, _: turn < turns, body, start, parallel_iterations=core_count()
            )
            return found.stack()

        return graph


def gradient_program(function, model):
    """Return `reference.input_gradient` of `function` as a graph."""
    return tf.function(functools.partial(reference.input_gradient, function))


class Loop(Steps):
    """A graph of many steps that gathers each batch from the data itself."""

    def __init__(self, step, variables, model):
        super().__init__(by_kernels(step), variables, model)
        self._graph = functools.cache(functools.partial(self._compiled, model.jit_compile))

    @staticmethod
    def on_cpu() -> bool:
        return not tf.config.list_logical_devices("GPU")

    def run(self, index, data, order, start, end):
        self._graph(index)(data, order, tf.constant(start), tf.constant(end))

    def _compiled(self, jit_compile, index):
        def steps(data, order, start, end):
            def body(number):
                self.step(index.batch(data, order[number]))
                return (number + 1,)

            tf.while_loop(lambda number: number < end, body, (start,), parallel_iterations=1)

        return tf.function(steps, autograph=False, jit_compile=jit_compile)


def seed(seed: int) -> None:
    """Seed the backend's own generator."""
    tf.random.set_seed(seed)


def numbers_per_call() -> int:
    """Return the elements of the widest layer's output: a CPU's cache, or 64 MB elsewhere."""
    return 2**18 if Loop.on_cpu() else 2**24
