"""The page of a benchmark: valid, self-contained, and safe with what errors say."""

import html5lib
import pytest

from zoo.bench.page import group_table, lead, render
from zoo.bench.results import ROW_KEYS

pytestmark = pytest.mark.once


ROW = dict.fromkeys(ROW_KEYS, 2.0) | {
    "model": "gru_64",
    "backend": "jax",
    "engine": "fast",
    "device": "cpu",
    "batch_size": 64,
    "status": "ok",
    "train_per_second": 300.0,
    "train_ratio": 3.0,
    "train_ratio_low": 2.5,
    "train_ratio_high": 3.5,
}
NATIVE = ROW | {
    "backend": "native",
    "engine": "native",
    "train_per_second": 100.0,
    "train_ratio": 1.0,
}
FAILED = ROW | {
    "backend": "torch",
    "status": "failed",
    "error": "RuntimeError: <b>no</b> kernel",
    "train_per_second": None,
    "train_ratio": None,
}
ENVIRONMENT = {"cpu": "abacus", "cores": 2, "memory_gib": 1, "platform": "wood",
               "python": "3.11", "noise_percent": 1.25, "matmul_peak": {"cpu": 5e9}}  # fmt: skip


def found(*rows, **more):
    return {"environment": ENVIRONMENT, "rows": list(rows)} | more


def test_the_page_holds_chart_tables_and_machine():
    page = render(found(ROW, FAILED, NATIVE))
    html5lib.HTMLParser(strict=True).parse(page)
    assert page.count("data:image/png;base64,") == 1
    assert "3.00 [2.50, 3.50]" in page and "abacus, 2 cores" in page
    assert "5 G operations a second" in page
    assert "<b>no</b>" not in page and "&lt;b&gt;no&lt;/b&gt; kernel" in page
    assert "http" not in page and "<script" not in page
    assert "<strong>Interrupted.</strong>" not in page


def test_without_the_native_loop_there_is_no_chart():
    page = render(found(ROW | {"train_ratio": None}, interrupted=True))
    html5lib.HTMLParser(strict=True).parse(page)
    assert "data:image/png" not in page and "<strong>Interrupted.</strong>" in page


def test_the_lead_says_what_was_measured():
    assert lead(found(ROW, NATIVE)) == (
        "1 model on jax, compared with a hand-written PyTorch loop of the same network; "
        "repetitions vary by 1.2 %."
    )
    with pytest.raises(ValueError, match="no rows"):
        render(found())


def test_stock_keras_has_a_row_and_a_column_of_ratios():
    stock = ROW | {"engine": "stock", "train_per_second": 150.0, "train_ratio": 1.5}
    fast = ROW | {"train_stock_ratio": 2.0, "train_stock_ratio_low": 1.9,
                  "train_stock_ratio_high": 2.1}  # fmt: skip
    page = render(found(stock, fast, NATIVE))
    html5lib.HTMLParser(strict=True).parse(page)
    assert "stock Keras" in page and ">2.00</td>" in page.replace("\n", "").replace(" ", "")
    assert "compared with stock Keras and a hand-written" in page
    table = group_table([stock, fast, NATIVE])
    assert [head.text for head in table.heads[:5]] == [
        "backend", "engine", "train/s", "× native", "× stock",
    ]  # fmt: skip
    assert [[cell.text for cell in row[:2]] for row in table.rows] == [
        ["jax", "stock Keras"], ["jax", "fast"], ["native", "–"],
    ]  # fmt: skip
    assert [row[4].text for row in table.rows] == ["–", "2.00", "–"]
    assert [head.text for head in group_table([ROW, NATIVE]).heads[:3]] == [
        "backend", "train/s", "× native",
    ]  # fmt: skip


def test_the_fastest_is_marked():
    table = group_table([ROW, NATIVE])
    column = [head.text for head in table.heads].index("train/s")
    assert [row[column].best for row in table.rows] == [True, False]
    assert table.tags == [[], ["baseline"]]
