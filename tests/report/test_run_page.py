"""The page: whole, safe, and honest about baselines and collapse."""

from html.parser import HTMLParser

import html5lib
import numpy as np
import pandas as pd
import pytest

from zoo.report.page import plain_table
from zoo.report.run_page import comparison_table, metric_lines, render, verdict

pytestmark = pytest.mark.once


VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Collects elements, attributes that fetch, and checks that tags are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.fetched, self.words = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.fetched += [value for name, value in attributes if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def page_of(result):
    environment = {"backend": "jax", "versions": {"keras": "3.15"}}
    return render(result, environment, "zoo run blobs --seed 3", {"roc": b"PNG"})


def test_the_page_holds_every_part(change):
    text = page_of(change(notes=("The labels are few.",), top=pd.DataFrame({"time": ["noon"]})))
    words = " ".join(Page(text).words)
    for part in (
        "One blob against another.",
        "ROC-AUC",
        "0.500 (coin flip)",
        "The labels are few.",
        "Which ranks best.",
        "noon",
        "epochs",
        "versions.keras",
        "zoo run blobs --seed 3",
    ):
        assert part in words
    assert "data:image/png;base64,UE5H" in text


def test_the_page_is_valid_html(change):
    nasty = change(top=pd.DataFrame({"a&b": ["<"]}), notes=("&",), summary="a < b & c")
    for each in (change(), nasty, change(comparison=None, figures={}, captions={})):
        html5lib.HTMLParser(strict=True).parse(page_of(each))


def test_the_page_needs_no_network_and_no_script(result):
    page = Page(page_of(result))
    assert "script" not in page.seen
    assert all(address.startswith(("data:", "#")) for address in page.fetched)
    assert "url(" not in page_of(result) and "@import" not in page_of(result)


def test_text_that_looks_like_html_is_shown_as_text(change):
    nasty = "<script>alert(1)</script>"
    text = page_of(
        change(
            summary=nasty,
            notes=(nasty,),
            captions={"roc": f'">{nasty}'},
            top=pd.DataFrame({nasty: [nasty]}),
            comparison=pd.DataFrame({"variant": [nasty]}),
            metrics={nasty: nasty},
        )
    )
    assert "<script>" not in text
    assert nasty in "".join(Page(text).words)


def test_a_page_without_figures_comparison_or_labels(change):
    bare = change(
        comparison=None,
        figures={},
        captions={},
        metrics={"threshold": 1.0},
        scores=pd.DataFrame({"score": [1.0]}),
    )
    text = render(bare, {}, "zoo run blobs", {})
    assert "no labels" in " ".join(Page(text).words)
    assert 'id="figures"' not in text and 'id="comparison"' not in text


def test_the_verdict_names_a_baseline_that_wins(result):
    assert verdict(result) == (
        "Best variant: deep, ROC-AUC 0.900. It is behind the best one-second baseline, PCA, 0.950."
    )


def test_a_collapsed_variant_is_named_and_never_the_best(change):
    table = pd.DataFrame(
        {"variant": ["lucky", "sound"], "roc_auc": [0.99, 0.8], "collapsed": [True, False]}
    )
    collapsed = change(comparison=table)
    assert verdict(collapsed) == "Best variant: sound, ROC-AUC 0.800."
    assert "Collapsed: lucky." in page_of(collapsed)
    assert "Collapsed:" not in page_of(change(comparison=table.assign(collapsed=False)))


def test_the_best_of_each_column_is_marked_and_baselines_are_tagged():
    table = comparison_table(
        pd.DataFrame(
            {
                "variant": ["deep", "PCA", "all positive"],
                "kind": ["model", "baseline", "trivial"],
                "roc_auc": [0.9, 0.95, 0.5],
                "recall": [0.7, 0.6, 1.0],
                "n_test": [100, 100, 100],
            }
        )
    )
    assert [head.text for head in table.heads] == ["Variant", "ROC-AUC", "Recall"]
    assert [cell.best for cell in (row[1] for row in table.rows)] == [False, True, False]
    assert [cell.best for cell in (row[2] for row in table.rows)] == [True, False, False]
    assert table.tags == [[], ["baseline"], ["trivial"]]


def test_protocols_are_ranked_apart_and_only_the_honest_one_gives_the_verdict(change):
    table = pd.DataFrame(
        {
            "variant": ["deep", "deep", "wide"],
            "protocol": ["as published", "honest", "honest"],
            "roc_auc": [0.99, 0.7, 0.8],
        }
    )
    best = [cell.best for cell in (row[2] for row in comparison_table(table).rows)]
    assert best == [True, False, True]
    assert verdict(change(comparison=table)) == "Best variant: wide, ROC-AUC 0.800."
    text = page_of(change(comparison=table))
    assert "within its protocol" in text and "within its protocol" not in page_of(change())


def test_rows_that_share_a_variant_are_told_apart_by_their_words(change):
    table = pd.DataFrame(
        {
            "variant": ["GRU", "GRU", "Z-score"],
            "kind": ["model", "model", "baseline"],
            "input": ["raw", "scaled", None],
            "roc_auc": [0.7, 0.8, np.nan],
            "collapsed": [True, False, None],
        }
    )
    several = change(comparison=table)
    assert several.collapsed == ["GRU (raw)"]
    assert verdict(several) == "Best variant: GRU (scaled), ROC-AUC 0.800."
    cells = [[cell.text for cell in row] for row in comparison_table(table).rows]
    assert cells[2] == ["Z-score", "–", "–"]


def test_a_table_of_many_rows_keeps_them_all():
    rows = pd.DataFrame({"variant": [f"v{index}" for index in range(60)], "f1": 0.5})
    assert len(comparison_table(rows).rows) == 60


def test_metrics_come_in_the_order_of_the_contract_then_the_others():
    lines = metric_lines({"own": 1, "f1": 0.5, "roc_auc": 0.9}, prevalence=0.9)
    assert [line.name for line in lines] == ["roc_auc", "f1", "own"]
    assert lines[1].trivial == "0.947 (flag all)"


@pytest.mark.parametrize("rows, left_out", [(50, 0), (53, 3)])
def test_long_tables_say_how_much_is_left_out(rows, left_out):
    table = plain_table(pd.DataFrame({"score": range(rows)}))
    assert (len(table.rows), table.left_out) == (50, left_out)
