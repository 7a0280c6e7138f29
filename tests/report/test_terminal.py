"""Tables in the terminal: nothing is cut off, and what is left out is named."""

import pandas as pd
import pytest

from zoo.report import terminal

pytestmark = pytest.mark.once


WORDS = {
    "variant": ["GRU", "GRU", "self-supervised LSTM, encoder unfrozen", "rolling Z-score"],
    "kind": ["model", "model", "model", "baseline"],
    "input": ["raw", "L2-normalised", "scaled", None],
    "imbalance": ["none", "downsampled majority", "focal loss", None],
}
NUMBERS = ("roc_auc", "pr_auc", "vus_pr", "f1", "best_f1", "fit_seconds")


@pytest.fixture
def printed(change, capsys, monkeypatch):
    """Print a comparison in a terminal of so many characters; give its lines."""

    def lines(width, comparison):
        monkeypatch.setattr(terminal, "LOG_WIDTH", width)
        terminal.print_result(change(comparison=comparison))
        return capsys.readouterr().out.splitlines()

    return lines


def table(digit=1):
    scores = {name: [digit / 8, 0.25, None, 0.75] for name in NUMBERS}
    return pd.DataFrame(WORDS | scores)


def test_a_wide_terminal_shows_every_column_of_words_and_numbers(printed):
    lines = printed(140, table())
    heads = next(line for line in lines if "Variant" in line)
    titles = "Variant input imbalance ROC-AUC PR-AUC VUS-PR F1 Best F1 Training time"
    assert heads.split() == titles.split()
    assert "rolling Z-score (baseline)" in "\n".join(lines)
    (unfrozen,) = (line for line in lines if "unfrozen" in line)
    assert unfrozen.split()[-6:] == ["–"] * 6
    assert not any("Left out" in line for line in lines)


def test_a_narrow_terminal_leaves_out_the_last_metrics_and_says_so(printed):
    lines = printed(80, table())
    said = [line for line in lines if line.startswith("Left out")]
    assert said == ["Left out here, where the terminal is too narrow: Best F1, Training time"]
    heads = next(line for line in lines if "Variant" in line).split()
    assert heads[-2:] == ["VUS-PR", "F1"]
    (first,) = (line for line in lines if "raw" in line)
    assert first.split() == ["GRU", "raw", "none", *["0.125"] * 4]


def test_words_are_broken_between_words_only(printed):
    text = "\n".join(printed(80, table()))
    for word in ("self-supervised", "unfrozen", "L2-normalised", "downsampled", "majority"):
        assert word in text


def test_columns_of_words_that_never_change_are_not_shown(printed):
    same = table().assign(input="raw", imbalance="none")
    heads = next(line for line in printed(120, same) if "Variant" in line)
    assert "Input" not in heads and "Imbalance" not in heads
