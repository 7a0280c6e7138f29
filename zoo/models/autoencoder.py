"""Autoencoder: squeeze normal data through a narrow code; what it cannot redraw is strange.

Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 2006.
"""

import keras
from keras import ops

from zoo import losses
from zoo.detector import Detector


@keras.saving.register_keras_serializable(package="zoo")
class Autoencoder(Detector):
    """Encoder and decoder trained on mean squared error; the score is that error per sample.

    Trained first and thrown half away, it is also how Deep SVDD pretrains its encoder.

    Args:
        encoder: built functional model `(n, ...)` to `(n, d)`.
        decoder: built functional model `(n, d)` back to `(n, ...)`.
        weight_decay: λ of ½λ‖W‖² on both networks.
    """

    def __init__(self, encoder, decoder, weight_decay=0.0, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.weight_decay = weight_decay
        self.build(encoder.input_shape)

    def learn(self, x, training=True):
        def loss():
            output = self.decoder(self.encoder(x, training=training), training=training)
            error = ops.mean(losses.squared_error(x, output))
            return error + losses.l2_penalty(self.trainable_variables, self.weight_decay)

        return {"loss": self.minimize(loss, "encoder", "decoder")}

    def score(self, x):
        output = self.decoder(self.encoder(x, training=False), training=False)
        return losses.squared_error(x, output)

    def causes_of_collapse(self):
        return ["the learning rate may be too high: divide it by ten"]
