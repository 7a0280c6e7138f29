"""scikit-learn outlier estimators over the zoo's models: data in, decisions out."""

from zoo.estimators.autoencoders import Autoencoder, SequenceAutoencoder, VariationalAutoencoder
from zoo.estimators.base import AnomalyEstimator
from zoo.estimators.deep_svdd import DeepSVDD, HybridDeepSVDD
from zoo.estimators.forecaster import Forecaster
from zoo.estimators.transformer_gan import TransformerGAN

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
    "AnomalyEstimator",
    "Autoencoder",
    "DeepSVDD",
    "Forecaster",
    "HybridDeepSVDD",
    "SequenceAutoencoder",
    "TransformerGAN",
    "VariationalAutoencoder",
]
