"""Bounds of a detector's settings: they stand on the fields, and `check` reads them there.

nu: Annotated[float, Bounds(above=0, below=1)] = 0.1
"""

from __future__ import annotations

import math
import numbers
import os
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, Union

from zoo.errors import InputError

LARGEST = 10**7  # of a size, so that no file can ask for more memory than a machine has
LONGEST = 100  # layers of a network


@dataclass(frozen=True)
class Bounds:
    """Numbers that a setting takes; stands in the `Annotated` type of its field.

    Args:
        least: smallest number.
        most: largest number.
        above: number that it must exceed.
        below: number that it must stay under.
        length: most numbers in a tuple.
        also: types of other objects that are taken unchecked.
    """

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    length: int = LONGEST
    also: tuple[type, ...] = ()

    def __contains__(self, value: Any) -> bool:
        inside = self.least <= value <= self.most
        return bool(
            inside
            and (value > self.above or self.above == -math.inf)
            and (value < self.below or self.below == math.inf)
        )

    def __str__(self) -> str:
        if -math.inf < self.least and self.most < math.inf:
            return f"{self.least:,.12g} to {self.most:,.12g}"
        said = []
        if self.least > -math.inf:
            said.append(f"{self.least:g} or more")
        if self.most < math.inf:
            said.append(f"{self.most:g} or less")
        if self.above > -math.inf:
            said.append(f"above {self.above:g}")
        if self.below < math.inf:
            said.append(f"below {self.below:g}")
        return " and ".join(said)


Size = Annotated[int, Bounds(1, LARGEST)]
Few = Annotated[int, Bounds(1, LONGEST)]
Units = Annotated[tuple[int, ...], Bounds(1, LARGEST)]
Share = Annotated[float, Bounds(0, 1)]
NonNegative = Annotated[float, Bounds(0)]
Positive = Annotated[float, Bounds(above=0)]


class SettingError(InputError):
    """A setting that a detector does not take.

    Attributes:
        name: of the field.
        said: what was found and what is expected, without the name.
    """

    def __init__(self, name: str, said: str):
        super().__init__(f"{name} {said}")
        self.name = name
        self.said = said


def hints(kind: type[Any]) -> dict[str, Any]:
    """Return the annotated type of every setting of a detector class, by name."""
    found = typing.get_type_hints(kind, include_extras=True)
    return {item.name: found[item.name] for item in fields(kind)}


def check(kind: type[Any], values: Mapping[str, Any]) -> None:
    """Raise for the first value that its field does not take.

    Args:
        kind: dataclass whose fields name types and bounds.
        values: by the field's name.

    Raises:
        SettingError: names the field, the value and the bounds.

    Example:
        >>> @dataclass
        ... class Settings:
        ...     nu: Annotated[float, Bounds(above=0, below=1)] = 0.1
        >>> check(Settings, {"nu": 1.5})
        Traceback (most recent call last):
            ...
        zoo.detectors.settings.SettingError: nu is 1.5; give a number (above 0 and below 1)
    """
    for name, hint in hints(kind).items():
        if name in values and not _fits(hint, values[name]):
            shown = repr(values[name])
            shown = shown if len(shown) <= 50 else f"{shown[:50]}…"
            raise SettingError(name, f"is {shown}; {_expectation(hint)}")


def outside(hint: Any) -> Any:
    """Return a value that a setting of this type refuses; None if it takes everything.

    Example:
        >>> outside(Size), outside(Literal["a", "b"]), outside(Any)
        (-inf, 'no such word', None)
    """
    for value in ("no such word", -math.inf) if _words(hint) else (-math.inf, "no such word"):
        if not _fits(hint, value):
            return value
    return None


def _parts(hint: Any) -> tuple[list[Any], Bounds]:
    """Split a type into the members of its union and its bounds."""
    bounds = Bounds()
    if typing.get_origin(hint) is Annotated:
        hint, *metadata = typing.get_args(hint)
        bounds = next((each for each in metadata if isinstance(each, Bounds)), bounds)
    union = typing.get_origin(hint) in (Union, types.UnionType)
    return list(typing.get_args(hint)) if union else [hint], bounds


def _fits(hint: Any, value: Any) -> bool:
    members, bounds = _parts(hint)
    return isinstance(value, bounds.also) or any(_is(each, bounds, value) for each in members)


def _is(member: Any, bounds: Bounds, value: Any) -> bool:
    origin = typing.get_origin(member)
    if member is Any:
        return True
    if origin is Annotated:
        return _fits(member, value)
    if origin is Literal:
        return any(type(value) is type(each) and value == each for each in typing.get_args(member))
    if origin is tuple:
        inner = typing.get_args(member)[0]
        return (
            isinstance(value, (tuple, list))
            and len(value) <= bounds.length
            and all(_is(inner, bounds, each) for each in value)
        )
    if member is bool or isinstance(value, bool):
        return member is bool and isinstance(value, bool)
    if member is int:
        return isinstance(value, numbers.Integral) and value in bounds
    if member is float:
        return isinstance(value, numbers.Real) and value in bounds
    if member is str:
        return isinstance(value, (str, os.PathLike)) and len(str(value)) <= 1000
    return isinstance(value, member if isinstance(member, type) else origin or object)


def _expectation(hint: Any) -> str:
    words = _words(hint)
    if len(words) > 1 and words == _descriptions(hint):
        return f"choose one of {', '.join(words)}"
    return f"give {' or '.join(_descriptions(hint))}"


def _words(hint: Any) -> list[str]:
    members, _ = _parts(hint)
    return [
        str(each) for m in members if typing.get_origin(m) is Literal for each in typing.get_args(m)
    ]


def _descriptions(hint: Any) -> list[str]:
    """Return what each member of a type takes, with the bounds in brackets."""
    members, bounds = _parts(hint)
    limits = f" ({bounds})" if str(bounds) else ""
    said = []
    for member in members:
        if typing.get_origin(member) is Annotated:
            said += _descriptions(member)
        elif typing.get_origin(member) is Literal:
            said += _words(member)
        elif typing.get_origin(member) is tuple:
            numbers_ = "whole numbers" if typing.get_args(member)[0] is int else "numbers"
            said.append(f"at most {bounds.length} {numbers_}{limits}")
        elif member in (int, float):
            said.append(f"a {'whole ' * (member is int)}number{limits}")
        else:
            said.append(
                "None" if member is type(None) else getattr(member, "__name__", str(member))
            )
    return said
