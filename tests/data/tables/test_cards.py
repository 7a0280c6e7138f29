"""Card transactions: the published file, and a drawn table that is like it."""

import numpy as np
import pytest

from zoo.data.tables.cards import COLUMNS, generate_cards, load_cards

pytestmark = pytest.mark.once


def patterns(table):
    """Which transactions are far, long, expensive; and the four flags, each as booleans."""
    home, last, ratio = table.values[:, :3].T
    _, chip, pin, online = table.values[:, 3:].T > 0
    return home > 100, last > 50, ratio > 4, chip, pin, online


def check_fraud(table):
    far, long_way, expensive, chip, pin, online = patterns(table)
    fraud = table.labels == 1
    assert fraud[expensive & online & ~pin].all()
    assert fraud[(far | long_way) & online & ~pin & ~chip].all()
    assert not fraud[~far & ~long_way & ~expensive].any()
    assert fraud[pin].mean() < 0.02
    assert 0.075 < fraud.mean() < 0.1


def test_a_drawn_table_has_the_layout_and_the_tails():
    table = generate_cards(rows=20_000, seed=1)
    assert table.columns == COLUMNS and table.values.dtype == np.float32
    assert set(np.unique(table.values[:, 3:])) == {0, 1}
    medians = np.median(table.values[:, :3], axis=0)
    np.testing.assert_allclose(medians, [10, 1, 1], rtol=0.1)
    assert (np.quantile(table.values[:, :3], 0.999, axis=0) > 25 * medians).all()
    check_fraud(table)


def test_the_seed_decides():
    np.testing.assert_array_equal(generate_cards(50).values, generate_cards(50).values)
    assert not np.array_equal(generate_cards(50).values, generate_cards(50, seed=1).values)
    with pytest.raises(ValueError, match="0 rows asked for"):
        generate_cards(0)


def test_an_absent_file_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"card_transdata\.csv does not exist.*kaggle\.com"):
        load_cards(tmp_path)


def test_a_file_with_other_features_is_refused(tmp_path):
    (tmp_path / "card_transdata.csv").write_text("amount,fraud\n1,0\n")
    with pytest.raises(ValueError, match="has the features amount; expected distance_from_home"):
        load_cards(tmp_path)


def test_the_real_table_and_that_the_drawn_one_is_like_it(real_data):
    table = load_cards(real_data("card_transdata.csv").parent)
    assert table.columns == COLUMNS and len(table.values) >= 30_000
    check_fraud(table)
    drawn = generate_cards(rows=30_000)
    quantiles = [0.01, 0.5, 0.99]
    np.testing.assert_allclose(
        np.quantile(drawn.values[:, :3], quantiles, axis=0),
        np.quantile(table.values[:, :3], quantiles, axis=0),
        rtol=0.15,
    )
    np.testing.assert_allclose(drawn.values[:, 3:].mean(0), table.values[:, 3:].mean(0), atol=0.02)
