"""One file, one method. Networks arrive as arguments."""

from zoo.models.autoencoder import Autoencoder
from zoo.models.deep_svdd import DeepSVDD
from zoo.models.hybrid_deep_svdd import HybridDeepSVDD

__all__ = ["Autoencoder", "DeepSVDD", "HybridDeepSVDD"]
