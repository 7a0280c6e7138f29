"""Batches of sequences and images spread over the cores of a CPU, on JAX.

XLA spreads a large product over the cores, but the products of a recurrent step are small: one
core works and the others wait. Much of what a convolution takes is not spread either. So the CPU
counts as several devices, as `zoo.backend.set_defaults` asks for, and each takes a share of the
batch. XLA's partitioner adds the sums that make it one batch again: of gradients, of batch
statistics, of a contrastive loss.

JAX_NUM_CPU_DEVICES=1, set before Python starts, turns it off.
"""

import contextvars
import functools
import math
from contextlib import contextmanager

import jax
import keras
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from zoo.backend import CPU_DEVICES, core_count

WORK = 10**7  # multiplications of a pass through the network from which sharing it pays
MOST = 2**29  # bytes of copies of the data, for the cores but the first
_apart = contextvars.ContextVar("apart", default=False)


@contextmanager
def on_one_core():
    """Spread nothing over the cores: others work there. What waits for them all waits long."""
    before = _apart.set(True)
    try:
        yield
    finally:
        _apart.reset(before)


class Placed:
    """An array on the first device, and whole on every device from when that is asked for.

    Args:
        array: on the first device.
    """

    def __init__(self, array):
        self.here = array
        self.shape = array.shape

    @functools.cached_property
    def everywhere(self):
        """The array on each device."""
        return everywhere(self.here)


def has_room(data):
    """Whether there is room for copies of all in `data`, a list of `Placed`."""
    return (cores() - 1) * sum(each.here.nbytes for each in data) <= MOST


def pays(variables, samples, shape):
    """Whether to spread a batch of `samples`, each of `shape`, over the cores.

    What decides are sizes and not a stopwatch, so that a training repeats itself to the last bit.

    Args:
        variables: weights of the network.
        samples: of the batch.
        shape: of a sample.
    """
    if len(shape) < 2 or _apart.get() or _layouts() is None:
        return False
    if keras.distribution.distribution() is not None:
        return False
    if samples % len(_layouts()[0].mesh.devices):
        return False
    return samples * _multiplications(variables, shape) >= WORK


def _multiplications(variables, shape):
    """Of a sample, roughly: a weight meets every row of a window, a kernel every pixel."""
    places = math.prod(shape[:-1])
    image = len(shape) > 2
    once = sum(math.prod(v.shape) for v in variables if image and len(v.shape) < 4)
    everywhere = sum(math.prod(v.shape) for v in variables if not image or len(v.shape) > 3)
    return places * everywhere + once


def everywhere(arrays):
    """`arrays`, a nested list, whole on each device."""
    return jax.device_put(arrays, _layouts()[0])


def cores():
    """How many devices there are to spread over; 1 where there is no CPU of several."""
    return 1 if _layouts() is None else _layouts()[0].mesh.devices.size


def in_shares(function, values, x, turns):
    """Within a program: `function(values, x, turns)`, each device on its share of axis 1 of `x`."""
    mesh = _layouts()[0].mesh
    share = PartitionSpec(None, "samples")
    whole = PartitionSpec()
    return jax.shard_map(
        function, mesh=mesh, in_specs=(whole, share, whole), out_specs=share, check_vma=False
    )(values, x, turns)


def in_parts(arrays):
    """`arrays`, a list of `(steps, samples, ...)`, each device with its share of the samples."""
    layout = NamedSharding(_layouts()[0].mesh, PartitionSpec(None, "samples"))
    return [jax.device_put(array, layout) for array in arrays]


def here(arrays):
    """A list of arrays that are `everywhere`, on the first device alone."""
    return [array.addressable_data(0) for array in arrays]


def shared(arrays):
    """Within a program: each device has a share of the samples of `arrays`."""
    return jax.lax.with_sharding_constraint(arrays, _layouts()[1])


def whole(arrays):
    """Within a program: each device has all of `arrays`."""
    return jax.lax.with_sharding_constraint(arrays, _layouts()[0])


@functools.cache
def _layouts():
    """Everything on each device, and shares; None where there is one device, or no CPU."""
    devices = jax.devices()[: min(core_count(), CPU_DEVICES)]
    if devices[0].platform != "cpu" or len(devices) < 2 or jax.process_count() > 1:
        return None
    mesh = Mesh(devices, ("samples",))
    return NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("samples"))
