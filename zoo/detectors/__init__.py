"""scikit-learn outlier estimators over the zoo's models: data in, decisions out."""

import zoo.engine  # noqa: F401  (an installed backend, before Keras is imported)
from zoo.detectors.autoencoder import Autoencoder, SequenceAutoencoder, VariationalAutoencoder
from zoo.detectors.base import Detector
from zoo.detectors.deep_svdd import DeepSVDD, HybridDeepSVDD
from zoo.detectors.forecaster import Forecaster
from zoo.detectors.transformer_gan import TransformerGAN

METHODS = {
    "deep-svdd": DeepSVDD,
    "hybrid-deep-svdd": HybridDeepSVDD,
    "autoencoder": Autoencoder,
    "variational-autoencoder": VariationalAutoencoder,
    "sequence-autoencoder": SequenceAutoencoder,
    "forecaster": Forecaster,
    "transformer-gan": TransformerGAN,
}

__all__ = [
    "METHODS",
    "Detector",
    "Autoencoder",
    "DeepSVDD",
    "Forecaster",
    "HybridDeepSVDD",
    "SequenceAutoencoder",
    "TransformerGAN",
    "VariationalAutoencoder",
]
