"""Many training steps in one call: what each backend's `Loop` is."""

from keras import ops


class Steps:
    """Steps on batches of data that lie on the device, as many a call as wanted.

    Args:
        step: function of a batch, an array or a tuple, that assigns to `variables`.
        variables: all that `step` may assign to.
        model: whose step it is.
    """

    def __init__(self, step, variables, model):
        self.step = step
        self.variables = variables
        self.step_seconds = {}  # kind of call to what a step of its took; see `epochs.Call`

    def place(self, array):
        """`array` on the device."""
        return ops.convert_to_tensor(array)

    def run(self, cut, data, order, start, end):
        """Take the steps from `start` to before `end`, each on the samples of a row of `order`.

        Args:
            cut: `zoo.engine.windows.Cut` of the samples.
            data: what was placed: samples, or samples and labels.
            order: `(steps, batch)` int32, placed.
            start: number of the first step.
            end: number of the step to end before.
        """
        raise NotImplementedError
