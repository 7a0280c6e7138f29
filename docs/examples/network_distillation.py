"""Random network distillation: learn to imitate a random network; where that fails, data are new.

Burda et al., Exploration by Random Network Distillation, ICLR 2019.
"""

import keras
from keras import ops

from zoo.models.base import AnomalyModel
from zoo.nn import losses


@keras.saving.register_keras_serializable(package="zoo")
class NetworkDistillation(AnomalyModel):
    """A predictor f imitates a random network g, which never trains: min mean ‖f(x) − g(x)‖².

    The score is the squared error of the imitation. On data unlike any it was trained on, f has no
    way of knowing what g gives.

    Args:
        target: built functional model g, `(n, ...)` to `(n, d)`, with the weights it was born with.
        predictor: built functional model f, with the same input and output.

    Raises:
        ValueError: outputs of different shapes.
    """

    def __init__(self, target, predictor, **kwargs):
        super().__init__(**kwargs)
        if target.output_shape != predictor.output_shape:
            raise ValueError(
                f"target gives {target.output_shape} and predictor {predictor.output_shape}; "
                f"build both with the same output"
            )
        self.target = target
        self.predictor = predictor
        self.target.trainable = False
        self.build(target.input_shape)

    def learn(self, x, training=True):
        wanted = self.target(x, training=False)

        def loss():
            return ops.mean(losses.squared_error(wanted, self.predictor(x, training=training)))

        return {"loss": self.minimize(loss, "predictor")}

    def score(self, x):
        return losses.squared_error(
            self.target(x, training=False), self.predictor(x, training=False)
        )
