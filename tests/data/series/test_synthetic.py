"""Drawn series are finite, labelled in every part, and their anomalies are what they say."""

import numpy as np
import pytest

from zoo.data.series import synthetic as synthetic_series
from zoo.data.series.labelled import split_series
from zoo.data.series.synthetic import DAY, KINDS, generate_series

pytestmark = pytest.mark.once


def test_the_layout():
    series = generate_series(count=3, rows=1500)
    assert [one.name for one in series] == ["synthetic-01", "synthetic-02", "synthetic-03"]
    for one in series:
        assert one.values.shape == (1500, 1) and one.values.dtype == np.float32
        assert np.isfinite(one.values).all() and one.irregular_steps == 0
        assert one.labels.shape == (1500,) and set(one.labels) == {0, 1}


def test_the_seed_decides_and_the_count_does_not():
    first, second = generate_series(count=1)[0], generate_series(count=2)[0]
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.labels, second.labels)
    assert not np.array_equal(generate_series(count=1, seed=1)[0].values, first.values)
    assert not np.array_equal(generate_series(count=2)[1].values, first.values)


@pytest.mark.parametrize("rows", [1000, 2000, 5000])
def test_every_part_of_every_series_has_some_anomalies_and_few(rows):
    for series in generate_series(count=8, rows=rows, seed=3):
        assert 0.02 < series.labels.mean() < 0.06
        assert all(0.01 < part.labels.mean() < 0.07 for part in split_series(series))


def test_anomalies_change_their_own_rows_and_no_others(monkeypatch):
    changed = generate_series(count=4)
    monkeypatch.setattr(synthetic_series, "CHANGES", dict.fromkeys(KINDS, lambda *_: None))
    for with_anomalies, without in zip(changed, generate_series(count=4), strict=True):
        inside = with_anomalies.labels == 1
        moved = np.abs(with_anomalies.values - without.values)[:, 0]
        assert moved[~inside].max() == 0
        assert moved[inside].mean() > 2


def test_the_season_is_larger_than_the_noise():
    for series in generate_series(count=4):
        value = series.values[series.labels == 0, 0]
        assert value.std() > 3
        day_before = series.values[DAY:, 0] - series.values[:-DAY, 0]
        assert np.median(np.abs(day_before)) < 0.5 * value.std()


def changes(kind, seeds=range(20), rows=200):
    """(event after, event before) with noise of standard deviation 1."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        before = rng.normal(50, 1, rows)
        after = before.copy()
        synthetic_series.CHANGES[kind](after, 49.0, 1.0, rng)
        yield after, before


def test_each_kind_does_what_it_says():
    for after, before in changes("spike"):
        moved = after - before
        assert (np.abs(moved) >= 8).all() and (np.abs(moved) <= 16).all()
        assert len(set(np.sign(moved))) == 1
    for after, before in changes("level_shift"):
        assert np.ptp(after - before) < 1e-9 and 5 <= abs(after[0] - before[0]) <= 10
    for after, before in changes("variance_change"):
        assert 3 < (after - before).std() < 9 and abs((after - before).mean()) < 2
    for after, _ in changes("missing_stretch"):
        assert (after == 49).all()


def test_every_kind_occurs_in_the_part_to_train_on(monkeypatch):
    seen = []
    record = {kind: lambda event, *_, kind=kind: seen.append((kind, len(event))) for kind in KINDS}
    monkeypatch.setattr(synthetic_series, "CHANGES", record)
    generate_series(count=1)
    kinds = [kind for kind, _ in seen]
    assert set(kinds[: len(kinds) * 3 // 5]) == set(KINDS)
    assert all(1 <= rows <= 3 if kind == "spike" else 8 <= rows <= 20 for kind, rows in seen)


def test_too_few_rows_or_series():
    with pytest.raises(ValueError, match="8 series of 999 rows asked for; expected .* 1000 or"):
        generate_series(rows=999)
    with pytest.raises(ValueError, match="0 series"):
        generate_series(count=0)
