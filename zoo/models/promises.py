"""Promise, error and checks that the contracts of models and detectors share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import ZooError


class ContractError(ZooError):
    """A class breaks a promise of its contract; the message says which, and what was found.

    Attributes:
        promise: name of the promise, as in `PROMISES`; "" where the class has no examples.
    """

    def __init__(self, message: str, promise: str = "") -> None:
        super().__init__(message)
        self.promise = promise


class BrokenError(Exception):
    """Raised inside a promise; says what was found."""


@dataclass(frozen=True)
class Promise:
    """A promise and the function that holds a subject to it.

    A subject is one example of a class: it has `cls`, and `example` with a `name`.

    Attributes:
        name: of the function.
        sentence: what is promised.
        holds: raises where the promise is broken.
    """

    name: str
    sentence: str
    holds: Callable[[Any], None]

    def __call__(self, subject: Any) -> None:
        """Hold `subject` to the promise.

        Raises:
            ContractError: it is broken.
        """
        try:
            self.holds(subject)
        except BrokenError as error:
            found, cause = str(error), None
        except Exception as error:  # whatever the class raised breaks the promise
            found, cause = f"{type(error).__name__}: {str(error)[:300]}", error
        else:
            return
        raise ContractError(
            f"{subject.cls.__name__}, example {subject.example.name!r}: {self.sentence} Found: "
            f"{found}",
            self.name,
        ) from cause


def promise_of(
    promises: list[Promise], sentence: str
) -> Callable[[Callable[[Any], None]], Promise]:
    """Return a decorator that makes a function a promise and appends it to `promises`."""

    def register(holds: Callable[[Any], None]) -> Promise:
        promise = Promise(holds.__name__, sentence, holds)
        promises.append(promise)
        return promise

    return register


def require_distinct_names(cls: type, subjects: Sequence[Any]) -> None:
    """Raise ContractError where two examples of a class share a name."""
    names = [subject.name for subject in subjects]
    for name in names:
        if names.count(name) > 1:
            raise ContractError(f"{cls.__name__} has two examples of the name {name!r}.")


def require(condition: bool, found: str) -> None:
    """Raise `BrokenError` with what was found, unless `condition` is true."""
    if not condition:
        raise BrokenError(found)


def require_refused(call: Callable[[], object], words: str) -> None:
    """Raise `BrokenError` unless `call()` raises a ValueError whose message has `words`."""
    try:
        call()
    except ValueError as error:
        require(words in str(error), f"the ValueError {str(error)!r}")
    else:
        raise BrokenError("no error")


def require_same(
    found: Sequence[Any], expected: Sequence[Any], what: str, rtol: float = 0.0, atol: float = 0.0
) -> None:
    """Raise `BrokenError` unless two lists of arrays agree; `what` names them."""
    require(len(found) == len(expected), f"{len(found)} and {len(expected)} of {what}")
    for a, b in zip(found, expected, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        require(a.shape == b.shape, f"shapes {a.shape} and {b.shape} of {what}")
        if not np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
            difference = np.max(np.abs(a.astype("float64") - b.astype("float64")))
            raise BrokenError(f"a difference of {difference:.3g} between {what}")
