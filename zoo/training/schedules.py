"""Learning rates that change with the epochs."""

import math
from collections.abc import Sequence

import keras


def milestones(
    learning_rate: float, epochs: Sequence[int], factor: float = 0.1
) -> keras.callbacks.Callback:
    """Return a callback that multiplies the learning rate by `factor` at each milestone.

    As `torch.optim.lr_scheduler.MultiStepLR` does; a milestone at 0 acts at once, which is how
    a source's rate of 1e-3 can mean 1e-4.

    Args:
        learning_rate: before the first milestone.
        epochs: milestones, each the first epoch (from 0) at the next rate.
        factor: between 0 and 1.

    Example:
        >>> schedule = milestones(1.0, epochs=(2, 3), factor=0.5).schedule
        >>> [schedule(epoch, None) for epoch in range(4)]
        [1.0, 1.0, 0.5, 0.25]
    """
    return keras.callbacks.LearningRateScheduler(
        lambda epoch, _: learning_rate * factor ** sum(epoch >= first for first in epochs)
    )


def cosine(learning_rate: float, epochs: int) -> keras.callbacks.Callback:
    """Return a callback that lowers the learning rate to zero over `epochs`, along half a cosine.

    Loshchilov & Hutter, SGDR, ICLR 2017, without restarts.

    Args:
        learning_rate: of the first epoch.
        epochs: as many as are trained; the one after them would have the rate 0.

    Example:
        >>> schedule = cosine(1.0, epochs=2).schedule
        >>> [round(schedule(epoch, None), 2) for epoch in range(2)]
        [1.0, 0.5]
    """
    return keras.callbacks.LearningRateScheduler(
        lambda epoch, _: learning_rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
    )
