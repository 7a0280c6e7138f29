"""Why a score is high: which pixels, features and time steps contribute to it.

Each function takes a model of `zoo.models` and samples as the model scores them, and runs on every
backend. `Detector.explain` does the same for raw data, with the names of the features.
"""

import zoo.engine  # noqa: F401  (an installed backend, before Keras is imported)
from zoo.explain.attention import attention, attention_weights
from zoo.explain.errors import embedding_direction, error_map
from zoo.explain.explanation import Explanation, reasons
from zoo.explain.grad_cam import convolutions, grad_cam
from zoo.explain.gradients import (
    gradient_times_input,
    integrated_gradients,
    score_gradients,
    smooth_grad,
)
from zoo.explain.occlusion import occlusion
from zoo.explain.shapley import shap_values

__all__ = [
    "Explanation",
    "attention",
    "attention_weights",
    "convolutions",
    "embedding_direction",
    "error_map",
    "grad_cam",
    "gradient_times_input",
    "integrated_gradients",
    "occlusion",
    "reasons",
    "score_gradients",
    "shap_values",
    "smooth_grad",
]
