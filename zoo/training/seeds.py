"""Random numbers inside a training step that do not depend on how the training got there."""

from typing import Any

import keras
import numpy as np


class Draws(keras.random.SeedGenerator):
    """Seeds for `keras.random`, restarted at each epoch.

    Keras saves no seed generator's state with the weights, so that a training that was interrupted
    and resumed would draw other numbers. A model that calls `begin_epoch` from its own draws by
    `seed` and the epoch's number alone, as `Batches` orders. Backends draw different numbers.

    Args:
        seed: int of 0 or more.

    Example:
        >>> draws = Draws(seed=0)
        >>> first = keras.random.normal((3,), seed=draws)
        >>> draws.begin_epoch(0)
        >>> again = keras.random.normal((3,), seed=draws)
        >>> bool(keras.ops.all(first == again))
        True
    """

    def __init__(self, seed: int = 0, **kwargs: Any):
        super().__init__(seed, **kwargs)
        self.seed = seed
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """Restart with the numbers of `epoch`, counted from 0."""
        # Hashed, for torch adds the two numbers: seed 0 would soon draw what seed 1 drew.
        drawn = np.random.SeedSequence((self.seed, epoch)).generate_state(1)
        self.state.assign([int(drawn[0]) >> 1, 0])
