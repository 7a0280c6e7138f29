"""One training step on TensorFlow: Keras calls it as it is, a tape takes the gradients."""

import functools

import tensorflow as tf

from zoo.backend import core_count
from zoo.engine.steps import Steps
from zoo.engine.tensorflow.recurrence import by_kernels
from zoo.engine.windows import lengthened


class Trainer:
    """The two step methods Keras' TensorFlow trainer calls, for a
    `zoo.models.base.AnomalyModel`."""

    def train_step(self, data):
        return self.learn_batch(data)

    def test_step(self, data):
        return self.check_batch(data)


def gradients(loss, variables, state):
    """Value of `loss()` and its gradients by `variables`; `state` is not needed here."""
    values = [variable.value for variable in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        value, target, terms = loss()
    return value, tape.gradient(target, values), terms


def apply_gradients(optimizer, gradients, variables):
    """Let `optimizer` move `variables` along `gradients`."""
    optimizer.apply(gradients, variables)


def compiled(function, model):
    """`function` of an array, compiled; it may read the variables of `model`, and gives NumPy."""
    return Compiled(function)


class Compiled:
    """A function of an array as graphs, one for each shape: of a batch, and of many.

    Args:
        function: of a tensor.
    """

    def __init__(self, function):
        self.function = by_kernels(function)
        self._batch = functools.cache(self._of_a_batch)
        self._batches = functools.cache(self._of_batches)

    def __call__(self, x):
        x = tf.convert_to_tensor(x)
        return self._batch(x.shape, x.dtype)(x).numpy()

    def of_batches(self, x, size, room):
        """The same of `x`, `(n, ...)`, in batches of `size`, as one call; each core takes some.

        Args:
            x: NumPy.
            size: samples a batch.
            room: not needed: a graph takes any number of batches.
        """
        turns = -(-len(x) // size)
        batches = lengthened(x, turns * size).reshape(turns, size, *x.shape[1:])
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


def compiled_gradient(function, model):
    """`function` of an array and others, `(n,)`, with its gradient by the first, compiled.

    What comes back takes NumPy and gives NumPy: the values, and the gradient of their sum.
    """

    @tf.function
    def graph(x, *others):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            values = function(x, *others)
        zero = tf.UnconnectedGradients.ZERO
        return values, tape.gradient(values, x, unconnected_gradients=zero)

    return lambda *arrays: tuple(each.numpy() for each in graph(*map(tf.convert_to_tensor, arrays)))


class Loop(Steps):
    """A graph of many steps, which takes each batch out of the data itself."""

    def __init__(self, step, variables, model):
        super().__init__(by_kernels(step), variables, model)
        self._graph = functools.cache(functools.partial(self._compiled, model.jit_compile))

    def run(self, cut, data, order, start, end):
        self._graph(cut)(data, order, tf.constant(start), tf.constant(end))

    def _compiled(self, jit_compile, cut):
        def steps(data, order, start, end):
            def body(index):
                self.step(cut.batch(data, order[index]))
                return (index + 1,)

            tf.while_loop(lambda index: index < end, body, (start,), parallel_iterations=1)

        return tf.function(steps, autograph=False, jit_compile=jit_compile)


def seed(seed):
    """Seed the backend's own generator."""
    tf.random.set_seed(seed)


def numbers_a_call():
    """Of the widest layer's output: on a CPU what fits its cache, elsewhere 64 MB."""
    return 2**24 if tf.config.list_logical_devices("GPU") else 2**18
