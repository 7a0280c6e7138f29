"""What a recipe hands over fits together, and says what of it cannot be trusted."""

import pandas as pd
import pytest

pytestmark = pytest.mark.once


def test_a_caption_without_its_figure_is_named(change):
    with pytest.raises(ValueError, match="captions for tsne, but its figures are roc"):
        change(captions={"tsne": "where?"})


def test_a_comparison_names_its_rows(change):
    with pytest.raises(ValueError, match="no column 'variant'"):
        change(comparison=pd.DataFrame({"roc_auc": [0.5]}))


def test_prevalence_is_the_share_of_anomalies_among_the_labels(result, change):
    assert result.prevalence == 0.25
    assert change(scores=pd.DataFrame({"score": [1.0]})).prevalence is None
    assert change(scores=pd.DataFrame({"score": [1.0], "label": [None]})).prevalence is None


def test_collapsed_variants_are_named(result, change):
    assert result.collapsed == []
    table = result.comparison.assign(collapsed=[True, None])
    assert change(comparison=table).collapsed == ["deep"]
    assert change(comparison=None, metrics={"collapsed": True}).collapsed == ["blobs"]
