"""Whatever a run holds becomes JSON that a strict parser reads."""

import json
from datetime import date
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.report.strict_json import plain, write

pytestmark = pytest.mark.once


class Mode(Enum):
    FIXED = "fixed"


@pytest.mark.parametrize(
    "value, expected",
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array([[1, 2]]), [[1, 2]]),
        (float("nan"), None),
        (np.array([np.inf, 1.0]), [None, 1.0]),
        (Path("a/b"), "a/b"),
        (Mode.FIXED, "fixed"),
        ({3: (1, None)}, {"3": [1, None]}),
        (date(2024, 3, 1), "2024-03-01"),
        (pd.Timestamp("2024-03-01 12:00"), "2024-03-01T12:00:00"),
    ],
)
def test_values_are_reduced_to_what_json_knows(value, expected):
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def test_the_file_holds_no_nan(tmp_path):
    write(tmp_path / "metrics.json", {"roc_auc": float("nan"), "name": "Näherung"})

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    text = (tmp_path / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=refuse) == {"roc_auc": None, "name": "Näherung"}
