"""Batches of sequences and images sharded over the cores of a CPU, on JAX.

XLA runs a large matrix product on all cores, but the products of a recurrent step are small: one
core works and the others wait. Much of a convolution runs on one core too. So the CPU counts as
several devices (`JAX_NUM_CPU_DEVICES`, which the command line sets), and each takes a shard of the
batch. XLA's partitioner adds the sums that make it one batch again: of gradients, of batch
statistics, of a contrastive loss.

JAX_NUM_CPU_DEVICES=1, set before Python starts, turns it off.
"""

import contextvars
import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import keras
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from zoo.backend import CPU_DEVICES, core_count
from zoo.engine.steps import multiplications

WORK = 10**7  # multiplications of a forward pass from which a batch is sharded
MOST = 2**29  # bytes, at most, of copies of the data for the other cores
_disabled = contextvars.ContextVar("disabled", default=False)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Disable sharding in this context: other threads own the cores, and a barrier would stall."""
    before = _disabled.set(True)
    try:
        yield
    finally:
        _disabled.reset(before)


class Placed:
    """An array on the first device, replicated on every device once that is asked for.

    Args:
        array: on the first device.
    """

    def __init__(self, array: Any):
        self.here = array
        self.shape = array.shape

    @functools.cached_property
    def everywhere(self) -> Any:
        """The array on each device."""
        return everywhere(self.here)


def has_room(data: Iterable[Placed]) -> bool:
    """Return whether there is room for copies of all in `data`, a list of `Placed`."""
    return (cores() - 1) * sum(each.here.nbytes for each in data) <= MOST


def worth_sharding(variables: Sequence[Any], samples: int, shape: tuple[int, ...]) -> bool:
    """Return whether to shard a batch of `samples`, each of `shape`, over the cores.

    Sizes decide and not a stopwatch, so that a training repeats itself to the last bit.

    Args:
        variables: weights of the network.
        samples: of the batch.
        shape: of a sample.
    """
    if len(shape) < 2 or _disabled.get() or _layouts() is None:
        return False
    if keras.distribution.distribution() is not None:
        return False
    if samples % len(_layouts()[0].mesh.devices):
        return False
    return samples * multiplications(variables, shape) >= WORK


def everywhere(arrays: Any) -> Any:
    """Return `arrays`, a nested list, replicated on each device."""
    return jax.device_put(arrays, _layouts()[0])


def cores() -> int:
    """Return the number of devices to shard over; 1 unless the CPU counts as several."""
    return 1 if _layouts() is None else _layouts()[0].mesh.devices.size


def in_shares(function: Any, values: Any, x: Any, turns: Any) -> Any:
    """Return, within a program, `function(values, x, turns)`: each device has a shard of `x`'s axis
    1."""
    mesh = _layouts()[0].mesh
    share = PartitionSpec(None, "samples")
    whole = PartitionSpec()
    return jax.shard_map(
        function, mesh=mesh, in_specs=(whole, share, whole), out_specs=share, check_vma=False
    )(values, x, turns)


def in_parts(arrays: Iterable[Any]) -> list[Any]:
    """Return `arrays`, each `(steps, samples, ...)`, the samples sharded over the devices."""
    layout = NamedSharding(_layouts()[0].mesh, PartitionSpec(None, "samples"))
    return [jax.device_put(array, layout) for array in arrays]


def here(arrays: Iterable[Any]) -> list[Any]:
    """Return replicated `arrays` on the first device alone."""
    return [array.addressable_data(0) for array in arrays]


def shared(arrays: Any) -> Any:
    """Return, within a program, `arrays` with their samples sharded."""
    return jax.lax.with_sharding_constraint(arrays, _layouts()[1])


def whole(arrays: Any) -> Any:
    """Return, within a program, `arrays` replicated on each device."""
    return jax.lax.with_sharding_constraint(arrays, _layouts()[0])


@functools.cache
def _layouts():
    """Return the layouts *replicated* and *sharded*; None unless the CPU is several devices."""
    devices = jax.devices()[: min(core_count(), CPU_DEVICES)]
    if devices[0].platform != "cpu" or len(devices) < 2 or jax.process_count() > 1:
        return None
    mesh = Mesh(devices, ("samples",))
    return NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("samples"))
