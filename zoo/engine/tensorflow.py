"""One training step on TensorFlow: Keras calls it as it is, a tape takes the gradients."""

import functools

import tensorflow as tf

from zoo.engine.steps import Steps


class Trainer:
    """The two step methods Keras' TensorFlow trainer calls, for a `zoo.detector.Detector`."""

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
    graph = tf.function(function, autograph=False, reduce_retracing=True)
    return lambda x: graph(tf.convert_to_tensor(x)).numpy()


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
        super().__init__(step, variables, model)
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
    """Of the widest layer's output: 64 MB. TensorFlow runs its operations in parallel."""
    return 2**24
