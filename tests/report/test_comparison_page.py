"""Runs side by side on a page: valid, safe, and careful about what may be compared."""

from dataclasses import replace
from html.parser import HTMLParser

import html5lib
import pandas as pd
import pytest

from zoo.report.comparison_page import lead, render

pytestmark = pytest.mark.once


VARIANTS = pd.DataFrame(
    {
        "variant": ["deep", "wide", "PCA"],
        "kind": ["model", "model", "baseline"],
        "roc_auc": [0.9, 0.8, 0.7],
        "f1": [0.5, 0.6, 0.4],
        "collapsed": [False, False, None],
    }
)
HISTORY = pd.DataFrame(
    {"epoch": [1, 2] * 2, "loss": [2.0, 1, 4, 5], "variant": ["deep"] * 2 + ["wide"] * 2}
)


class Page(HTMLParser):
    """What a reader sees: words, pictures, addresses, and the cells marked as best."""

    def __init__(self, text):
        super().__init__()
        html5lib.HTMLParser(strict=True).parse(text)
        self.words, self.pictures, self.addresses, self.best, self.tags = [], [], [], [], []
        self.in_best = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self.in_best = tag == "td" and "best" in (given.get("class") or "").split()
        if tag == "img":
            self.pictures.append(given["alt"])
        self.addresses += [given[name] for name in ("src", "href") if name in given]

    def handle_data(self, data):
        self.words.append(data)
        if self.in_best and data.strip():
            self.best.append(data.strip())
            self.in_best = False

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def finish_run(finish, result):
    """A run of `blobs` with three rows; `auc` is that of `deep`."""

    def run(name, seed=0, epochs=3, auc=0.9, n_test=4, table=VARIANTS, history=HISTORY, **options):
        if table is not None:
            table = table.assign(roc_auc=[auc, *table["roc_auc"][1:]], seed=seed)
        metrics = {"roc_auc": auc, "n_test": n_test, "seed": seed, "collapsed": False}
        config = replace(result.config, seed=seed, epochs=epochs)
        fields = {"metrics": metrics, "config": config, "comparison": table, "history": history}
        return finish(name, **fields | options)

    return run


def test_seeds_are_summed_up_and_the_best_is_named_with_its_spread(finish_run, tmp_path):
    runs = [finish_run("a", 0, auc=0.9), finish_run("b", 1, auc=0.92)]
    page = Page(render(runs, tmp_path))
    assert (
        "2 runs of blobs, 2 variants and 1 one-second baseline. The runs differ in seed (0, 1)."
        in (page.text)
    )
    assert "Highest ROC-AUC: deep, 0.910 ± 0.014 over 2 seeds." in page.text
    assert "wide, is 0.110 behind, more than twice the standard deviation" in page.text
    assert "The best one-second baseline, PCA, gets 0.700." in page.text
    assert "Spread over seeds" in page.text and "a, b" in page.text
    assert page.best.count("0.910 ± 0.014") == 1
    assert "Variant Seeds Runs ROC-AUC F1 deep 2 a, b" in page.text
    assert "must not be held" not in page.text and 'id="backends"' not in render(runs, tmp_path)


def test_a_lead_that_seeds_explain_is_called_so(finish_run, tmp_path):
    runs = [finish_run("a", 0, auc=0.75), finish_run("b", 1, auc=0.95)]
    text = Page(render(runs, tmp_path)).text
    assert "wide, is 0.050 behind, which seeds alone can do" in text
    assert "is 0.100 behind; with one seed each, how much of that is chance is not known" in (
        Page(render([finish_run("c")], tmp_path)).text
    )


def test_the_best_variant_of_each_run_is_marked(finish_run, tmp_path):
    page = Page(render([finish_run("a"), finish_run("b", epochs=9, auc=0.6)], tmp_path))
    assert page.best == ["0.900", "0.800", "0.600", "0.600"]  # ROC-AUC, then F1, of a and b
    assert "The runs differ in epochs." in page.text
    rows = [part for part in page.pictures if part.startswith("ROC-AUC of each variant")]
    assert len(rows) == 1


def test_runs_on_different_data_are_warned_of_first_and_ranked_apart(finish_run, tmp_path):
    runs = [finish_run("a", auc=0.9), finish_run("b", auc=0.99, n_test=5)]
    page = Page(render(runs, tmp_path))
    warning = "These runs used different data, so their numbers are not comparable."
    assert page.text.index(warning) < page.text.index("Highest ROC-AUC")
    assert "They differ in n_test: 4, 5." in page.text
    assert "Equal data: a Highest ROC-AUC: deep, 0.900" in page.text
    assert "Equal data: b Highest ROC-AUC: deep, 0.990" in page.text


def test_different_recipes_are_allowed_and_said(finish_run, tmp_path):
    other = finish_run("b", recipe="two_rings")
    runs = [finish_run("a"), replace(other, config={"depth": 3, "seed": 0}), finish_run("c", 1)]
    page = Page(render(runs, tmp_path))
    assert "2 recipes side by side" in page.text
    assert "They differ in recipe: blobs, two rings. Each recipe splits" in page.text
    assert "two rings: deep" in page.text
    assert "Setting a b c seed 0 – 1 Settings" in page.text  # depth is not a setting of blobs
    assert "Equal data: a, c" in page.text


def test_one_seed_run_twice_has_no_spread(finish_run, tmp_path):
    assert 'id="seeds"' not in render([finish_run("a"), finish_run("b")], tmp_path)


def test_backends_are_compared_score_by_score(finish_run, tmp_path):
    scores = pd.DataFrame({"score": [1.0, 2, 3, 4], "label": [0, 0, 0, 1]})
    runs = [
        finish_run("a", backend="jax", scores=scores.assign(score_deep=[1.0, 2, 3, 4])),
        finish_run("b", backend="torch", scores=scores.assign(score_deep=[1.0, 2, 3, 4.25])),
    ]
    page = Page(render(runs, tmp_path))
    assert "equal scores under jax and torch" in page.text
    assert "ROC-AUC by backend, equal settings: a and b." in page.pictures
    assert "deep jax, torch 1 4 0.25 0.19 1.000" in page.text
    assert "deep (jax)" in page.text
    other = finish_run("c", backend="torch", scores=scores.assign(label=[1, 0, 0, 0]))
    assert "their scores.csv list different samples: a and c" in (
        Page(render([runs[0], other], tmp_path)).text
    )


def test_runs_that_differ_in_more_than_the_backend_do_not_tell_backends_apart(finish_run, tmp_path):
    runs = [finish_run("a"), finish_run("b", backend="torch", epochs=9)]
    text = Page(render(runs, tmp_path)).text
    assert "No two of these runs differ in the backend alone" in text


def test_collapsed_variants_are_marked_and_never_the_best(finish_run, tmp_path):
    lucky = VARIANTS.assign(collapsed=[True, False, None])
    page = Page(render([finish_run("a", table=lucky)], tmp_path))
    assert "Collapsed: deep in a." in page.text
    assert "0.900 collapsed" in page.text
    assert "Highest ROC-AUC: wide, 0.800." in page.text
    assert "0.900" not in page.best


def test_what_differs_has_a_row_a_setting_and_what_is_equal_has_none(finish_run, tmp_path):
    page = Page(render([finish_run("a"), finish_run("b", epochs=9, backend="torch")], tmp_path))
    assert "Setting a b epochs 3 9 backend jax torch Settings and machines" in page.text
    assert 'id="settings"' not in render([finish_run("c")], tmp_path)


def test_learning_curves_have_a_line_a_run(finish_run, tmp_path):
    runs = [finish_run("a"), finish_run("b", 1)]
    assert any(
        name.startswith("Loss over the epochs") for name in Page(render(runs, tmp_path)).pictures
    )
    many = [finish_run(f"many-{name}", 1) for name in range(9)]
    many.append(finish_run("other", recipe="rings"))
    curves = [name for name in Page(render(many, tmp_path)).pictures if name.startswith("Loss")]
    assert curves == [
        "Loss over the epochs, one panel per variant, one line per run: blobs. "
        "The first 8 of 9 runs.",
        "Loss over the epochs, one panel per variant, one line per run: rings.",
    ]
    bare = [finish_run(f"bare-{name}", history=pd.DataFrame({"epoch": []})) for name in "ab"]
    assert 'id="curves"' not in render(bare, tmp_path)


def test_each_run_has_its_command_and_a_link_to_its_report(finish_run, tmp_path):
    (tmp_path / "pages").mkdir()
    run = finish_run("my run", command="zoo run blobs --seed 'a&b'")
    older = replace(finish_run("old"), command=None)
    page = Page(render([run, older], tmp_path / "pages"))
    assert "zoo run blobs --seed 'a&b'" in page.text
    assert "../my%20run/report.html" in page.addresses
    assert "Its folder holds no command; the report does." in page.text


def test_the_page_needs_no_network_and_no_script(finish_run, tmp_path):
    text = render([finish_run("a"), finish_run("b", 1)], tmp_path)
    page = Page(text)
    assert "script" not in page.tags and "url(" not in text and "@import" not in text
    assert all(address.startswith(("data:", "#", "./")) for address in page.addresses)


def test_text_that_looks_like_html_is_shown_as_text(finish_run, tmp_path):
    nasty = "<script>alert(1)</script>"
    table = VARIANTS.assign(variant=[nasty, "wide", "PCA"])
    run = finish_run("a", table=table, command=nasty, recipe=nasty, backend=nasty)
    other = replace(finish_run("b", table=table, epochs=9), config={"epochs": nasty, nasty: 1})
    text = render([run, other], tmp_path)
    assert "<script>" not in text
    assert nasty in Page(text).text


def test_runs_without_variants_labels_or_metrics(finish_run, tmp_path):
    alone = finish_run("a", table=None)
    page = Page(render([alone], tmp_path))
    assert "With one run, skill cannot be told" in page.text
    assert "1 run of blobs, 1 variant." in page.text
    bare = finish_run(
        "b", table=None, metrics={"threshold": 1.0}, scores=pd.DataFrame({"score": [1]})
    )
    assert "No run has a metric that ranks" in Page(render([bare, bare], tmp_path)).text
    with pytest.raises(ValueError, match="runs: none given"):
        render([], tmp_path)


def test_seeds_that_draw_the_data_are_told(finish_run, tmp_path):
    scores = pd.DataFrame({"score": [1.0, 2, 3, 4]})
    runs = [
        finish_run("a", 0, scores=scores.assign(label=[0, 0, 0, 1])),
        finish_run("b", 1, scores=scores.assign(label=[0, 0, 1, 1])),
    ]
    assert "The seed draws the test data too" in Page(render(runs, tmp_path)).text
    same = [runs[0], finish_run("c", 1, scores=scores.assign(label=[0, 0, 0, 1]))]
    assert "The seed draws" not in Page(render(same, tmp_path)).text


def test_the_sentence_names_few_settings_and_counts_the_rest(finish_run):
    run = finish_run("a")
    changed = [replace(run, config={f"x{n}": value for n in range(6)}) for value in (1, 2)]
    assert lead(changed).endswith("The runs differ in x0, x1, x2, x3 and 2 other settings.")
    assert lead([run, run]).endswith("The runs differ in nothing but chance.")
