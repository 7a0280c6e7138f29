"""The machine of a measurement: processor, memory, versions, peak speed, energy."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from zoo import backend
from zoo.version import __version__

POWER = Path("/sys/class/powercap")
PACKAGES = ("keras", "tensorflow", "jax", "jaxlib", "torch", "numpy", "scikit-learn")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "XLA_FLAGS")


def describe_machine() -> dict[str, Any]:
    """Return facts of this machine and its packages; imports no backend.

    They identify nobody: no user, no host name, no path.

    Example:
        >>> sorted(describe_machine())[:4]
        ['accelerator', 'cores', 'cpu', 'date']
    """
    return {
        "cpu": cpu_name(),
        "cores": backend.core_count(),
        "memory_gib": backend.memory_gib(),
        "platform": f"{platform.system()} {platform.machine()}",
        "os": platform.release(),
        "python": platform.python_version(),
        "zoo": __version__,
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
        "accelerator": None,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def cpu_name() -> str:
    """Return the processor's name, or its architecture where it gives none."""
    if sys.platform == "linux":
        try:
            found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
        except OSError:
            found = None
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def matmul_peak(size: int = 1536, repeats: int = 12) -> float:
    """Return the float32 operations per second of NumPy's matrix product, the best of `repeats`."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((size, size), dtype=np.float32) for _ in range(2))
    best = np.inf
    for _ in range(repeats):
        start = perf_counter()
        a @ b
        best = min(best, perf_counter() - start)
    return 2 * size**3 / best


def memory_mb(peak: bool = False) -> float | None:
    """Return the resident memory of this process, or its peak, in 10⁶ bytes; None if unknown."""
    name = "VmHWM" if peak else "VmRSS"
    try:
        found = re.search(rf"^{name}:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024 / 1e6
    if not peak:
        return None
    try:
        import resource
    except ImportError:  # Windows
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6


class EnergyMeter:
    """A meter of joules between `start` and `stop`: RAPL of the processor, NVML of a GPU.

    Args:
        device: `"cpu"` or `"gpu"`; a GPU's energy is counted only for the latter.
    """

    def __init__(self, device: str = "cpu"):
        self._packages = [] if device == "gpu" else _rapl_packages()
        self._gpu = _nvml_handle() if device == "gpu" else None
        self._before: list[float] = []

    def start(self) -> None:
        """Read the counters."""
        self._before = self._read()

    def stop(self) -> float | None:
        """Return the joules since `start`; None without a counter, or if one was reset."""
        after = self._read()
        spent = [late - early for early, late in zip(self._before, after, strict=False)]
        if not spent or len(after) != len(self._before) or min(spent) < 0:
            return None
        return sum(spent)

    def _read(self) -> list[float]:
        try:
            found = [int(path.read_text()) / 1e6 for path in self._packages]
        except (OSError, ValueError):  # root alone may read them on many machines
            return []
        if self._gpu is not None:
            import pynvml

            found.append(pynvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu) / 1e3)
        return found


def _rapl_packages() -> list[Path]:
    """Return the counter of each processor package; it includes those of its parts."""
    return sorted(POWER.glob("intel-rapl:?/energy_uj")) if POWER.is_dir() else []


def _nvml_handle() -> Any:
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # not installed, no driver, or a GPU too old to count
        return None
    return handle


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
