"""Which texts are numbers: one rule for whole files, for chunks of them and for single lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from zoo.data.arrays.checks import MISSING_WORDS

TRUTH = {"true": 1.0, "false": 0.0}
INFINITE = ("inf", "infinity")


class NotANumber(ValueError):
    """A cell of text; `position` says which of the given ones."""

    def __init__(self, position: int, text: str):
        super().__init__(f"{text!r} is no number")
        self.position = position
        self.text = text


@lru_cache
def number_pattern(decimal: str = ".", thousands: str | None = None) -> re.Pattern[str]:
    """Return the pattern of a number: ASCII digits, sign, decimals, exponent.

    Groups of thousands have three digits each, so that `1,5` is never taken for 15.
    """
    whole = r"\d+"
    if thousands is not None:
        whole = rf"(?:\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+)"
    point = re.escape(decimal)
    return re.compile(
        rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?", flags=re.ASCII
    )


def to_numbers(
    cells: Iterable[object], decimal: str = ".", thousands: str | None = None
) -> np.ndarray:
    """Turn cells into float64: the same for a cell whatever stands above and below it.

    Empty cells and the usual words for a missing value become NaN, true and false 1 and 0.

    Args:
        cells: texts; numbers among them, as pandas reads some, are taken as they are.
        decimal: decimal character.
        thousands: character between groups of three digits, or None.

    Raises:
        NotANumber: the first text that is none.

    Example:
        >>> to_numbers(["1.5", "NA", "true"]).tolist()
        [1.5, nan, 1.0]
        >>> to_numbers(["1_500"])
        Traceback (most recent call last):
        zoo.data.tables.numbers.NotANumber: '1_500' is no number
    """
    match = number_pattern(decimal, thousands).fullmatch
    numbers = []
    for position, cell in enumerate(cells):
        if not isinstance(cell, str):
            numbers.append(float(cell))  # type: ignore[arg-type]
            continue
        text = cell.strip()
        if match(text):
            if thousands is not None:
                text = text.replace(thousands, "")
            numbers.append(float(text if decimal == "." else text.replace(decimal, ".")))
            continue
        word = text.lower()
        if word in MISSING_WORDS:
            numbers.append(np.nan)
        elif word in TRUTH:
            numbers.append(TRUTH[word])
        elif word.lstrip("+-") in INFINITE and len(word) - len(word.lstrip("+-")) < 2:
            numbers.append(-np.inf if word[0] == "-" else np.inf)
        else:
            raise NotANumber(position, text)
    return np.array(numbers, dtype=np.float64)
