"""One file, one method. Networks arrive as arguments."""

import zoo.engine  # noqa: F401  (an installed backend, before Keras is imported)
from zoo.models.autoencoder import Autoencoder
from zoo.models.classifier import Classifier
from zoo.models.deep_svdd import DeepSVDD
from zoo.models.forecaster import Forecaster
from zoo.models.hybrid_deep_svdd import HybridDeepSVDD
from zoo.models.transformer_gan import TransformerGAN
from zoo.models.variational_autoencoder import VariationalAutoencoder

__all__ = [
    "Autoencoder",
    "Classifier",
    "DeepSVDD",
    "Forecaster",
    "HybridDeepSVDD",
    "TransformerGAN",
    "VariationalAutoencoder",
]
