"""The switch between the two ways to take a step, and the log line of whoever leaves the fast one.

*reference*: `zoo/engine/<backend>/reference.py`, public Keras API alone, steppable in a debugger.
*fast*: compiled loops of many steps and hand-written kernels. Both give the same numbers.
"""

import logging
import weakref
from typing import Any

from zoo.errors import InputError

ENGINES = ("reference", "fast")

_logger = logging.getLogger("zoo.engine")
_said: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()
_in_use = "fast"


def use(name: str) -> None:
    """Take later fits and scores by `name`, `"reference"` or `"fast"`.

    The environment variable `ZOO_ENGINE` says the same before Python starts.

    Raises:
        InputError: another name.
    """
    global _in_use
    if name not in ENGINES:
        raise InputError(f"engine {name!r} is unknown; choose one of {', '.join(ENGINES)}.")
    _in_use = name


def in_use() -> str:
    """Return the engine in use, `"reference"` or `"fast"`."""
    return _in_use


def fast() -> bool:
    """Return whether the fast engine is in use; layers ask before they take a kernel."""
    return _in_use == "fast"


def step_aside(model: Any, what: str, reason: str, cure: str) -> None:
    """Log, once per model and reason, that `what` leaves the fast path.

    Args:
        model: whose fit or score it is.
        what: `"fit"` or `"score"`.
        reason: a clause: "x is a generator".
        cure: what to do about it, a clause in the imperative.
    """
    line = f"{type(model).__name__}: {what} leaves the fast path: {reason}; {cure}"
    said = _said.setdefault(model, set())
    if line not in said:
        said.add(line)
        _logger.info(line)
