"""A recipe's config as JSON and back, as the command line that gives it again, and its data."""

from __future__ import annotations

import dataclasses
import math
import shlex
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, TypeVar

from zoo.errors import InputError
from zoo.report.strict_json import plain

T = TypeVar("T")


class ChoosesData:
    """Mark of a field whose value decides which samples a recipe learns from or judges."""


DataSetting = Annotated[T, ChoosesData()]
"""A setting of the data, `dataset: DataSetting[str] = "digits"`: runs that differ in it do not
compare."""


def data_settings(config: Any) -> list[str]:
    """List the fields that a config's class declares as `DataSetting`, by dotted name.

    Args:
        config: Dataclass instance, nested as deep as it likes; without declarations, `[]`.

    Example:
        >>> @dataclasses.dataclass
        ... class Config:
        ...     dataset: DataSetting[str] = "digits"
        ...     epochs: int = 30
        >>> data_settings(Config())
        ['dataset']
    """
    if not dataclasses.is_dataclass(config):
        return []
    kinds = typing.get_type_hints(type(config), include_extras=True)
    found = []
    for item in dataclasses.fields(config):
        marks = getattr(kinds[item.name], "__metadata__", ())
        if any(isinstance(mark, ChoosesData) for mark in marks):
            found.append(item.name)
        inner = getattr(config, item.name)
        found += [f"{item.name}.{name}" for name in data_settings(inner)]
    return found


def config_to_json(config: Any) -> dict[str, Any]:
    """Return every field of a config as JSON values; infinity and NaN become text.

    Args:
        config: dataclass instance, nested as deep as it likes.
    """

    def keep_infinite(value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            fields = dataclasses.fields(value)
            return {item.name: keep_infinite(getattr(value, item.name)) for item in fields}
        if isinstance(value, Mapping):
            return {key: keep_infinite(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [keep_infinite(item) for item in value]
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        return value

    return plain(keep_infinite(config))


def config_from_json(kind: type, values: Mapping[str, Any]) -> Any:
    """Rebuild the config that `config_to_json` wrote.

    Args:
        kind: the config's dataclass.
        values: field name to JSON value; a missing field keeps its default.

    Returns:
        An instance of `kind`.

    Raises:
        InputError: `values` has a field that `kind` lacks.
    """
    known = {item.name for item in dataclasses.fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(
            f"config has the fields {', '.join(unknown)}, which {kind.__module__}.{kind.__name__} "
            f"lacks (it has {', '.join(sorted(known))}); was it written by another version?"
        )
    annotations = typing.get_type_hints(kind)
    return kind(**{name: _restore(annotations[name], value) for name, value in values.items()})


def flat_config(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested fields under dotted names: `{"epochs": 30, "pretraining.epochs": 10}`.

    Args:
        config: dataclass instance, or the dict that `config_to_json` gave.
        prefix: put before each name.
    """
    if dataclasses.is_dataclass(config):
        config = {item.name: getattr(config, item.name) for item in dataclasses.fields(config)}
    flat = {}
    for name, value in config.items():
        if dataclasses.is_dataclass(value) or isinstance(value, Mapping):
            flat |= flat_config(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def reproducing_command(
    recipe: str,
    config: Any,
    backend: str | None = None,
    device: str = "auto",
    usual: Mapping[str, Any] | None = None,
    published: bool = False,
) -> str:
    """Return the `zoo run` line that gives this config again, with what differs from defaults.

    Args:
        recipe: the recipe's name, with - or _.
        config: the recipe's config; fields without a default are always spelled out.
        backend: `tensorflow`, `jax` or `torch`; None leaves the choice open.
        device: `auto`, `cpu` or `gpu`.
        usual: field name to the value that stands in for the field's default.
        published: whether these are the settings that `--published` brings.
    """
    words = ["zoo", "run", recipe.replace("_", "-")] + ["--published"] * published
    for name, value, default in _fields_with_defaults(config):
        if value != (usual or {}).get(name, default):
            words += _option(name, value, default)
    words += ["--backend", backend] if backend else []
    words += ["--device", device] if device != "auto" else []
    return shlex.join(words)


def _fields_with_defaults(config: Any, prefix: str = "", default: Any = None):
    """Yield `(dotted name, value, default)` of every leaf of a config."""
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if default is not None:
            usual = getattr(default, item.name)
        elif item.default_factory is not dataclasses.MISSING:
            usual = item.default_factory()
        else:
            usual = item.default
        if dataclasses.is_dataclass(value):
            usual = usual if type(usual) is type(value) else None
            yield from _fields_with_defaults(value, f"{prefix}{item.name}.", usual)
        else:
            yield f"{prefix}{item.name}", value, usual


def _option(name: str, value: Any, default: Any) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool) and isinstance(default, bool):
        head, _, last = option.rpartition(".")
        return [f"--{option}"] if value else [f"--{head}{'.' if head else ''}no-{last}"]
    if isinstance(value, (list, tuple)):
        return [f"--{option}", *(str(item) for item in value)]
    if isinstance(value, Mapping):
        return [f"--{option}", *(str(part) for pair in value.items() for part in pair)]
    return [f"--{option}", value.name if isinstance(value, Enum) else str(value)]


def _restore(kind: Any, value: Any) -> Any:
    """Give a JSON value the type that the config's annotation asks for."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _restore(arguments[0], value)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        choices = [choice for choice in arguments if choice is not types.NoneType]
        exact = [choice for choice in choices if choice is type(value)]
        return _restore((exact or choices)[0], value)
    if dataclasses.is_dataclass(kind):
        return config_from_json(kind, value)
    if origin is tuple:
        every = arguments[1:] == (...,)
        kinds = [arguments[0]] * len(value) if every else arguments
        return tuple(
            _restore(item_kind, item) for item_kind, item in zip(kinds, value, strict=True)
        )
    if origin is list:
        return [_restore(arguments[0], item) for item in value]
    if origin is dict:
        return {_restore(arguments[0], k): _restore(arguments[1], v) for k, v in value.items()}
    if not isinstance(kind, type) or value is None or isinstance(value, kind):
        return value
    return kind(value)
