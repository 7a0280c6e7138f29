"""How a model is trained: batches, epochs, schedules, optimizers and seeds, on any backend."""

import zoo.engine  # noqa: F401  (an installed backend, before Keras is imported)
