"""Parts of models: layers, networks and losses."""

import zoo.engine  # noqa: F401  (an installed backend, before Keras is imported)
