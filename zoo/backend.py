"""Backend and device, chosen before Keras is imported, and a description of the machine.

Keras reads its backend once, from `KERAS_BACKEND`, when it is first imported; JAX, TensorFlow and
PyTorch read their device from variables of their own at the same moment. So `choose` comes first:

    from zoo import backend
    backend.choose("jax", device="cpu")
    import keras
"""

import importlib
import importlib.util
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.version import __version__

Tensor = Any  # an array of the backend that runs: Keras has no type for it
BACKENDS = ("tensorflow", "jax", "torch")
DEVICES = ("auto", "cpu", "gpu")
CPU_DEVICES = 4  # at most, that JAX shall take the cores of a CPU for


class BackendError(ZooError, ValueError):
    """The backend or device asked for cannot be had; the message says what to do about it."""


def installed() -> tuple[str, ...]:
    """Return the backends that can be imported here, in the order of `BACKENDS`, importing none."""
    return tuple(name for name in BACKENDS if _is_installed(name))


def prefer_installed() -> None:
    """Set `KERAS_BACKEND` to a backend that is installed.

    Does nothing where it is set, Keras is imported already or no backend is installed. The backend
    named in the user's `keras.json` comes first, then the order of `BACKENDS`.
    """
    if os.environ.get("KERAS_BACKEND") or "keras" in sys.modules:
        return
    available = installed()
    if available:
        os.environ["KERAS_BACKEND"] = _default_backend(available)


def ensure_backend() -> None:
    """Keep Keras, which is about to be imported, from failing on a backend that is not installed.

    Every subpackage that needs Keras calls it. It sets `KERAS_BACKEND` only where Keras would
    otherwise take one that is missing: a plain `pip install` of JAX or torch, and no choice made.
    """
    if os.environ.get("KERAS_BACKEND") or "keras" in sys.modules:
        return
    if (_configured_backend() or "tensorflow") not in installed():
        prefer_installed()


def _default_backend(available: tuple[str, ...]) -> str:
    configured = _configured_backend()
    return configured if configured in available else available[0]


def tune_process() -> None:
    """Prepare this process for fast training; call it before Keras is imported.

    The command line does so. It writes environment variables that Keras and the backends read when
    they are imported, each only where it is not set:

    - `KERAS_BACKEND`, as `prefer_installed` chooses.
    - `OMP_WAIT_POLICY=PASSIVE` where the cores are busy: torch's threads then sleep while they wait
      for each other. Spinning, they would take the cores from those they wait for, and training
      would be ten times slower; on an idle machine sleep makes small networks four times slower.
    - `JAX_COMPILATION_CACHE_DIR`: JAX keeps what took long to compile for the next process.
    - `JAX_NUM_CPU_DEVICES`: JAX treats the cores as devices, which can share a batch.

    Example:
        >>> import zoo
        >>> zoo.tune_process()
    """
    prefer_installed()
    if _busy():
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_user_cache() / "jax"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    if "--xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(min(core_count(), CPU_DEVICES)))


def _busy() -> bool:
    """Return whether the load of the last minute is at least the number of cores."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] >= (os.cpu_count() or 1)


def check_installed(backend: str | None) -> None:
    """Raise BackendError, with the cure, unless `backend` can be imported here; None is none."""
    available = installed()
    if backend is None:
        raise BackendError(f"Keras needs a backend and none is installed; {_cure('jax')}")
    if backend not in BACKENDS:
        raise BackendError(f"backend '{backend}' is unknown; choose one of {', '.join(BACKENDS)}")
    if backend not in available:
        others = f" (installed: {', '.join(available)})" if available else ""
        raise BackendError(f"backend '{backend}' is not installed{others}; {_cure(backend)}")


def choose(backend: str | None = None, device: str = "auto") -> str:
    """Fix backend and device before Keras is imported, and return the backend's name.

    Args:
        backend: One of `BACKENDS`. `None` takes `KERAS_BACKEND`, else the user's `keras.json`,
            else the first one installed.
        device: `"cpu"`, `"gpu"` (CUDA or Apple Metal, whichever the backend finds) or `"auto"`,
            which leaves the choice to the backend.

    Raises:
        BackendError: The backend is unknown or not installed, Keras already runs on another
            backend or device, or there is no GPU where one was asked for.
    """
    if device not in DEVICES:
        raise BackendError(f"device '{device}' is unknown; choose one of {', '.join(DEVICES)}")
    running = _running_backend()
    if backend is None:
        prefer_installed()
        backend = running or os.environ.get("KERAS_BACKEND")
    check_installed(backend)
    if running and running != backend:
        raise BackendError(
            f"Keras already runs on '{running}' in this process, so '{backend}' comes too late; "
            f"set KERAS_BACKEND={backend} before Python starts, or call zoo.backend.choose first"
        )
    os.environ["KERAS_BACKEND"] = backend
    if backend == "tensorflow":
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # no banner about instruction sets
    if device == "cpu":
        _hide_gpus(backend)
    elif device == "gpu":
        _require_gpu(backend)
    if running and device not in ("auto", _active_device(backend)[0]):
        raise BackendError(
            f"Keras already runs on {_active_device(backend)[1]} in this process, so device "
            f"'{device}' comes too late; call zoo.backend.choose before importing keras"
        )
    return backend


def describe() -> dict[str, str | int | float | None]:
    """Return what a result depends on besides the code: versions, backend, device, cores, memory.

    Imports Keras. Holds nothing that tells who or where: no user, no host name, no path.

    Example:
        >>> sorted(describe())  # doctest: +NORMALIZE_WHITESPACE
        ['backend', 'backend_version', 'cores', 'device', 'device_name', 'keras', 'memory_gib',
         'numpy', 'platform', 'python', 'scikit_learn', 'zoo']
    """
    import keras

    backend = keras.backend.backend()
    device, device_name = _active_device(backend)
    return {
        "zoo": __version__,
        "keras": keras.__version__,
        "backend": backend,
        "backend_version": importlib.import_module(backend).__version__,
        "device": device,
        "device_name": device_name,
        "cores": core_count(),
        "memory_gib": memory_gib(),
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": importlib.import_module("numpy").__version__,
        "scikit_learn": importlib.import_module("sklearn").__version__,
    }


def _user_cache() -> Path:
    """Return the user's cache folder, as pooch (slow to import) would."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "keras-anomaly-zoo"


def core_count() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gib() -> float | None:
    """Return the machine's memory in GiB; `None` where it is not told."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):  # not told on this platform
        return None


def _is_installed(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None  # a mere folder of that name has no origin


def _configured_backend() -> str | None:
    """Return the backend of the user's `keras.json`, looked for where Keras looks."""
    home = Path(os.path.expanduser("~"))
    default = home / ".keras" if os.access(home, os.W_OK) else Path("/tmp/.keras")
    path = Path(os.environ.get("KERAS_HOME", default)).expanduser() / "keras.json"
    try:
        config = json.loads(path.read_text())
    except (OSError, ValueError):  # absent or broken: Keras too then goes by its defaults
        return None
    return config.get("backend") if isinstance(config, dict) else None


def _running_backend() -> str | None:
    """Return the backend of a Keras that is imported already, else `None`."""
    if "keras" not in sys.modules:
        return None
    import keras

    return keras.backend.backend()


def _cure(backend: str) -> str:
    return f"pip install 'keras-anomaly-zoo[{backend}]'"


def _hide_gpus(backend: str) -> None:
    if backend == "jax":
        os.environ["JAX_PLATFORMS"] = "cpu"
    elif backend == "torch":
        os.environ["KERAS_TORCH_DEVICE"] = "cpu"
    else:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        if sys.platform == "darwin":  # Metal knows no such variable
            import tensorflow

            tensorflow.config.set_visible_devices([], "GPU")


def _require_gpu(backend: str) -> None:
    """Import the backend (not Keras) and make sure that it has a GPU to run on."""
    if backend == "jax":
        if os.environ.get("JAX_PLATFORMS") == "cpu":  # this call is the later word
            del os.environ["JAX_PLATFORMS"]
        import jax

        found = jax.devices()[0].platform != "cpu"
        hint = "install JAX's GPU build: pip install 'jax[cuda12]'"
    elif backend == "torch":
        import torch

        metal = torch.backends.mps.is_available()
        found = metal or torch.cuda.is_available()
        if found:
            os.environ["KERAS_TORCH_DEVICE"] = "mps" if metal else "cuda"
        hint = "install a PyTorch build with CUDA (on a Mac: the usual one has Metal)"
    else:
        import tensorflow

        found = bool(tensorflow.config.list_physical_devices("GPU"))
        hint = (
            "install its GPU build: pip install 'tensorflow[and-cuda]' (on a Mac: tensorflow-metal)"
        )
    if not found:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
        if hidden:
            hint = "CUDA_VISIBLE_DEVICES hides every GPU; unset it"
        raise BackendError(f"{backend} finds no GPU here; {hint}, or use device 'cpu'")


def _active_device(backend: str) -> tuple[str, str]:
    """Return the kind (`"cpu"` or `"gpu"`) and the name of the device Keras computes on."""
    if backend == "jax":
        import jax

        device = jax.devices()[0]
        return ("cpu", "CPU") if device.platform == "cpu" else ("gpu", device.device_kind)
    if backend == "torch":
        import keras
        import torch

        kind = keras.ops.zeros(()).device.type
        if kind == "cuda":
            return "gpu", torch.cuda.get_device_name()
        return (
            ("cpu", "CPU") if kind == "cpu" else ("gpu", "Apple Metal" if kind == "mps" else kind)
        )
    import tensorflow

    gpus = tensorflow.config.get_visible_devices("GPU")
    if not gpus:
        return "cpu", "CPU"
    details = tensorflow.config.experimental.get_device_details(gpus[0])
    return "gpu", details.get("device_name", "GPU")
