"""How a CSV file writes its cells and numbers: what is told, and what a sample looks like."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from zoo.data.tables.numbers import number_pattern
from zoo.errors import InputError

SEPARATORS = (",", ";", "\t", "|", ":")
WORDS = {"tab": "\t", "\\t": "\t"}


@dataclass(frozen=True)
class Dialect:
    """How a CSV file writes cells and numbers. Nothing is guessed: what is not told is the default.

    Args:
        separator: one ASCII character between cells; `"tab"` and `"\\\\t"` stand for a tab.
        decimal: `"."` or `","`.
        thousands: character between groups of three digits, or None.
        encoding: as Python names it. A byte order mark in the file decides instead.

    Raises:
        InputError: a value that cannot be used, or one character with two meanings in a number.

    Example:
        >>> Dialect(separator=";", decimal=",").separator
        ';'
        >>> Dialect(decimal=",", thousands=",")
        Traceback (most recent call last):
        zoo.errors.InputError: ',' cannot be both decimal and thousands; give another thousands
    """

    separator: str = ","
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        separator = WORDS.get(self.separator, self.separator)
        object.__setattr__(self, "separator", separator)
        if len(separator) != 1 or not separator.isascii() or separator.isalnum():
            raise InputError(
                f"separator is {separator!r}; expected one ASCII character such as ',', ';', '|' "
                f"or 'tab'"
            )
        if separator in "\"\n\r\0+-_' ":
            raise InputError(
                f"separator is {separator!r}, which cannot separate cells; expected one such as "
                f"',', ';', '|' or 'tab'"
            )
        if self.decimal not in (".", ","):
            raise InputError(f"decimal is {self.decimal!r}; expected '.' or ','")
        if self.thousands is not None and self.thousands not in (".", ",", " ", "'", "_", "\u202f"):
            raise InputError(
                f"thousands is {self.thousands!r}; expected '.', ',', ' ', \"'\" or '_'"
            )
        if self.thousands == self.decimal:
            raise InputError(
                f"{self.thousands!r} cannot be both decimal and thousands; give another thousands"
            )
        try:
            is_text = codecs.lookup(self.encoding)._is_text_encoding
        except (LookupError, ValueError):
            is_text = False
        if not is_text:
            raise InputError(
                f"encoding {self.encoding!r} is unknown; expected one such as 'utf-8', 'latin-1', "
                f"'cp1252' or 'utf-16'"
            )

    def describe(self, other: Dialect) -> str:
        """Return the arguments in which `other` differs, as `separator=';' and decimal=','`."""
        names = ("separator", "decimal", "thousands")
        changed = [name for name in names if getattr(self, name) != getattr(other, name)]
        shown = [
            f"{name}={'tab' if getattr(other, name) == chr(9) else getattr(other, name)!r}"
            for name in changed
        ]
        return " and ".join(shown)


def look_alike(lines: Sequence[str], dialect: Dialect) -> Dialect | None:
    """Return another dialect that reads a sample better, or None.

    Better is a separator that gives every line one number of cells, two or more, where the present
    one does not, and a decimal or thousands character that makes numbers of more cells.

    Args:
        lines: first lines of the file, the header first.
        dialect: the present one.
    """
    lines = [line for line in lines if line.strip()]
    if len(lines) < 2:
        return None
    found = dialect
    if _width(lines, dialect.separator) < 2:
        widths = {s: _width(lines, s) for s in SEPARATORS if s != dialect.separator}
        best = max(widths, key=lambda s: widths[s])
        if widths[best] >= 2:
            found = replace(dialect, separator=best)
    return _better_numbers(lines, found, dialect)


def _better_numbers(lines: Sequence[str], found: Dialect, dialect: Dialect) -> Dialect | None:
    """Return `found` with the decimal and thousands characters that read most cells."""
    cells = [
        cell.strip()
        for row in csv.reader(lines[1:], delimiter=found.separator, skipinitialspace=True)
        for cell in row
    ]
    digits = [cell for cell in cells if re.search(r"\d", cell)]
    ways = [found]
    for decimal, thousands in ((".", ","), (",", "."), (",", " "), (".", " "), (".", "'")):
        ways += [replace(found, decimal=decimal, thousands=None)]
        ways += [replace(found, decimal=decimal, thousands=thousands)]
    read = [sum(bool(number_pattern(w.decimal, w.thousands).fullmatch(c)) for c in digits)
            for w in ways]  # fmt: skip
    most = max(range(len(ways)), key=lambda i: (read[i], -i))
    best = ways[most] if read[most] > read[0] else found
    return None if best == dialect else best


def _width(lines: Sequence[str], separator: str) -> int:
    """Return the number of cells of the header and of nearly all lines, or 0 where they differ."""
    try:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator, skipinitialspace=True)]
    except csv.Error:
        return 0
    return counts[0] if counts.count(counts[0]) >= 0.9 * len(counts) else 0
