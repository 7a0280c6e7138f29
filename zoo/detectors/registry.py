"""Detectors by method name: found in this folder and in other distributions, imported on request.

A method of the zoo is a file of this folder that defines a subclass of `Detector` named as the file
is: `deep_svdd.py` defines `DeepSVDD`, and the method is called `deep-svdd`. Another distribution
adds methods through the entry-point group `zoo.detectors`:

    [project.entry-points."zoo.detectors"]
    my-method = "my_package.my_module:MyDetector"

A notebook or a script adds its own class with `register`. Names are known without importing Keras.
"""

from __future__ import annotations

import difflib
import importlib
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from zoo.errors import InputError

GROUP = "zoo.detectors"
BASE = "zoo.detectors.base.Detector"
CLASS_LINE = re.compile(r"^class (\w+)\(([^)]*)\):", re.MULTILINE)
METHOD_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class MethodWarning(UserWarning):
    """An entry point that cannot be used; the other methods are not affected."""


@dataclass(frozen=True)
class Method:
    """Name of a method and the place where its detector is defined.

    Attributes:
        name: of the method, `"deep-svdd"`.
        module: dotted name of the module.
        class_name: of the detector in it, `"DeepSVDD"`.
        origin: who brings it, for messages.
        load: function that imports and returns the class.
    """

    name: str
    module: str
    class_name: str
    origin: str
    load: Callable[[], Any]


_registered: dict[str, Method] = {}


def names() -> tuple[str, ...]:
    """Return the name of every method, those of the zoo first; imports none of them."""
    return tuple(_known())


def get(name: str) -> type[Any]:
    """Return the detector class of a method.

    Args:
        name: of the method; words may be joined by `-` or `_`.

    Raises:
        InputError: there is no such method, or its entry point cannot be loaded.
    """
    return _loaded(_known()[require_known(name)])


def require_known(name: str) -> str:
    """Return the name of a method as the registry spells it; imports nothing.

    Raises:
        InputError: there is no such method; names the closest and all others.
    """
    wanted, known = str(name).replace("_", "-"), _known()
    if wanted not in known:
        close = difflib.get_close_matches(wanted, known, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InputError(f"there is no method {name!r}{hint}\nmethods: {', '.join(known)}")
    return wanted


def classes() -> dict[str, type[Any]]:
    """Return every detector class by method name; an entry point that fails is warned of."""
    found = {}
    for name, method in _known().items():
        try:
            found[name] = _loaded(method)
        except InputError as error:
            warnings.warn(str(error), MethodWarning, stacklevel=2)
    return found


def name_of(kind: type[Any]) -> str:
    """Return the method name of a detector class.

    Raises:
        InputError: the class is not registered; the message says how to register it.
    """
    for method in _known().values():
        if method.class_name == kind.__name__:
            with suppress(InputError):
                if _loaded(method) is kind:
                    return method.name
    raise InputError(
        f"{kind.__module__}.{kind.__qualname__} is not a registered method, so that no file could "
        f"name it: call zoo.detectors.register({kind.__name__}), here and before loading, or add "
        f"it to the entry-point group {GROUP!r} of your package"
    )


def registered_here(kind: type[Any]) -> bool:
    """Return whether only this process knows the class, by `register`."""
    return any(method.load() is kind for method in _registered.values())


def register(kind: type[Any]) -> type[Any]:
    """Make a detector class known by name for this process, so that it can be saved and loaded.

    The method is named after the class: `MyDetector` becomes `my-detector`. Registering a class of
    the same module and name again, as running a notebook's cell again does, replaces it.

    Args:
        kind: subclass of `zoo.detectors.Detector`.

    Returns:
        The class, so that `register` can be used as a decorator.

    Raises:
        InputError: not a detector class, or another class has the name.

    Example:
        >>> from zoo import detectors
        >>> @detectors.register
        ... class TinyAutoencoder(detectors.Autoencoder):
        ...     "An autoencoder of my own."
        >>> name_of(TinyAutoencoder)
        'tiny-autoencoder'
    """
    _require_detector(kind, "register")
    name = method_name(kind.__name__)
    other = _known().get(name)
    if other is not None and (other.module, other.class_name) != (kind.__module__, kind.__name__):
        raise InputError(
            f"the method {name!r} is {other.module}.{other.class_name} already ({other.origin}); "
            f"rename the class {kind.__name__}"
        )
    if other is None or name in _registered:
        _registered[name] = Method(
            name, kind.__module__, kind.__name__, "registered in this process", lambda: kind
        )
    return kind


def built_in() -> dict[str, Method]:
    """Return the zoo's own methods by name, in alphabetical order; imports none of them."""
    return dict(_built_in())


def method_name(class_name: str) -> str:
    """Return the method name that belongs to a class name.

    Example:
        >>> method_name("HybridDeepSVDD")
        'hybrid-deep-svdd'
    """
    boundary = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
    return re.sub(boundary, "-", class_name).lower()


def _known() -> dict[str, Method]:
    return _built_in() | _entry_points() | _registered


@cache
def _built_in() -> dict[str, Method]:
    """Read the class lines of this folder's files for detectors named as their file is."""
    bases, stems = {}, {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        for class_name, parents in CLASS_LINE.findall(path.read_text(encoding="utf-8")):
            if class_name.lower() == path.stem.replace("_", ""):
                bases[class_name] = [each.strip().rpartition(".")[2] for each in parents.split(",")]
                stems[class_name] = path.stem

    def is_detector(class_name: str) -> bool:
        parents = bases.get(class_name, [])
        return "Detector" in parents or any(is_detector(each) for each in parents)

    return {
        method.name: method
        for class_name, stem in stems.items()
        if is_detector(class_name)
        for method in [_own_method(stem, class_name)]
    }


def _own_method(stem: str, class_name: str) -> Method:
    module = f"{__package__}.{stem}"

    def load() -> Any:
        return getattr(importlib.import_module(module), class_name)

    return Method(stem.replace("_", "-"), module, class_name, "of the zoo", load)


@cache
def _entry_points() -> dict[str, Method]:
    """Read the methods of other distributions; a clash is warned of, and the first one stays."""
    found: dict[str, Method] = {}
    every = sorted(entry_points(group=GROUP), key=lambda each: (each.name, _origin(each)))
    for point in every:
        other = _built_in().get(point.name) or found.get(point.name)
        if other is not None:
            _complain(
                f"the entry point {point.name!r} of {_origin(point)} is ignored: the method is "
                f"{other.module}.{other.class_name} already ({other.origin})"
            )
        elif not METHOD_NAME.fullmatch(point.name):
            _complain(
                f"the entry point {point.name!r} of {_origin(point)} is ignored: a method is named "
                f"in lower case, words joined by -"
            )
        else:
            found[point.name] = Method(
                point.name, point.module, point.attr, _origin(point), point.load
            )
    return found


def _origin(point: EntryPoint) -> str:
    return f"distribution {point.dist.name}" if point.dist is not None else "unknown distribution"


def _complain(sentence: str) -> None:
    warnings.warn(sentence, MethodWarning, stacklevel=2)


def _loaded(method: Method) -> type[Any]:
    try:
        kind = method.load()
    except Exception as error:  # whatever the import of another distribution raises
        if method.origin == "of the zoo":
            raise
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError(
            f"the method {method.name!r} of {method.origin} cannot be imported: "
            f"{type(error).__name__}: {said[0]}; repair or uninstall it"
        ) from error
    _require_detector(kind, f"the method {method.name!r} ({method.origin})")
    return kind


def _require_detector(kind: Any, who: str) -> None:
    ancestors = kind.__mro__ if isinstance(kind, type) else ()
    if BASE not in {f"{each.__module__}.{each.__qualname__}" for each in ancestors}:
        raise InputError(f"{who}: expected a subclass of zoo.detectors.Detector, got {kind!r}")
