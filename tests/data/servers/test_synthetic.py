"""Drawn servers: what continues and what is fresh, and anomalies that are where they say."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from zoo.data.arrays.windows import sliding_windows, window_labels
from zoo.data.servers.synthetic import CHANGES, KINDS, generate_servers

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def same():
    return generate_servers(continuation="same")


@pytest.fixture(scope="module")
def fresh():
    return generate_servers(continuation="fresh")


@pytest.mark.parametrize("continuation", ["same", "fresh"])
def test_the_layout(continuation, request):
    server = request.getfixturevalue(continuation)
    assert server.train.shape == (30_000, 38) and server.test.shape == (5_000, 38)
    assert server.train.dtype == server.test.dtype == np.float32
    assert server.labels.sum() == 500 and len(server.columns) == 38
    assert np.isfinite(server.train).all() and np.isfinite(server.test).all()
    assert min(server.train.min(), server.test.min()) >= 0
    assert server.name == f"synthetic-{continuation}-0"


def test_windows_get_both_labels(same):
    labels = window_labels(same.labels, 100, 50, threshold=0.3)
    assert len(labels) == 99 and 0.1 < labels.mean() < 0.25


def test_only_the_test_part_differs_between_the_continuations(same, fresh):
    np.testing.assert_array_equal(same.train, fresh.train)
    np.testing.assert_array_equal(same.labels, fresh.labels)
    assert np.abs(same.test - fresh.test).mean() > 0.5


def test_the_same_process_goes_on_and_the_fresh_one_jumps(same, fresh):
    noise = np.abs(np.diff(same.train, axis=0)).mean()
    jump = np.abs(same.test[0] - same.train[-1]).mean()
    assert jump < 3 * noise
    assert np.abs(fresh.test[0] - fresh.train[-1]).mean() > 3 * noise


def test_the_test_part_continues_what_a_longer_past_would_have_been():
    short = generate_servers(train_rows=3000, test_rows=1000, anomaly_share=0)
    longer = generate_servers(train_rows=3500, test_rows=500, anomaly_share=0)
    np.testing.assert_array_equal(
        np.concatenate([short.train, short.test]), np.concatenate([longer.train, longer.test])
    )


def test_the_seed_decides():
    small = {"train_rows": 500, "test_rows": 1000}
    np.testing.assert_array_equal(generate_servers(**small).test, generate_servers(**small).test)
    assert not np.array_equal(generate_servers(**small).test, generate_servers(1, **small).test)


def test_anomalies_lie_in_their_segments_and_touch_half_of_the_features(same):
    clean = generate_servers(anomaly_share=0)
    assert clean.labels.sum() == 0 and clean.segments.empty
    np.testing.assert_array_equal(same.test[same.labels == 0], clean.test[same.labels == 0])
    spread = same.train.std(axis=0)
    for _, start, stop in same.segments.itertuples(index=False):
        moved = np.abs(same.test[start:stop] - clean.test[start:stop]).mean(axis=0) / spread
        touched = moved > 0
        assert 0.39 < touched.mean() < 0.61
        assert (moved[touched] > 1.9).all()  # well above what the feature does on its own


def test_segments_and_labels_agree(same):
    assert same.labels.sum() == (same.segments["stop"] - same.segments["start"]).sum()
    assert all(
        same.labels[start:stop].all() for _, start, stop in same.segments.itertuples(index=False)
    )
    assert set(same.segments["kind"]) == set(KINDS)


def test_each_kind_does_what_it_says():
    draw = {kind: CHANGES[kind]((100, 200), np.random.default_rng(0)) for kind in KINDS}
    assert draw["spike"].min() >= 2 and draw["spike"].max() <= 5
    assert (np.ptp(draw["drop"], axis=0) == 0).all() and draw["drop"].max() <= -3
    assert (np.ptp(draw["level_shift"], axis=0) == 0).all()
    assert set(np.sign(draw["level_shift"][0])) == {-1, 1}
    deviation = draw["variance_change"].std(axis=0)
    assert deviation.min() > 2 and deviation.max() < 5


def normal_and_anomalous_errors(server):
    """PCA reconstruction errors of training windows, and of normal and anomalous test windows."""
    scaler = StandardScaler().fit(server.train)
    train, test = (
        sliding_windows(scaler.transform(part), 100, 50).reshape(-1, 3800)
        for part in (server.train, server.test)
    )
    pca = PCA(20, random_state=0).fit(train)
    errors = [((x - pca.inverse_transform(pca.transform(x))) ** 2).mean(1) for x in (train, test)]
    labels = window_labels(server.labels, 100, 50, threshold=0.3)
    untouched = window_labels(server.labels, 100, 50) == 0
    assert roc_auc_score(labels, errors[1]) > 0.98
    return errors[0], errors[1][untouched], errors[1][labels == 1]


def test_a_threshold_from_training_fails_on_fresh_data_and_not_on_the_same(same, fresh):
    train, normal, anomalous = normal_and_anomalous_errors(fresh)
    assert (normal > np.quantile(train, 0.99)).mean() > 0.9
    assert np.median(anomalous) > 3 * np.median(normal)
    train, normal, anomalous = normal_and_anomalous_errors(same)
    assert (normal > np.quantile(train, 0.99)).mean() < 0.2
    assert anomalous.min() > np.quantile(train, 0.99)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"continuation": "other"},
            r"unknown continuation 'other'; give continuation as one of",
        ),
        ({"anomaly_share": 1.0}, r"share is 1\.0; expected a fraction in \[0, 1\)"),
        ({"test_rows": 0}, "0 test rows"),
        ({"test_rows": 100, "anomaly_share": 0.5}, "there are 100; ask for more rows or fewer"),
    ],
)
def test_errors_say_what_would_do(settings, message):
    with pytest.raises(ValueError, match=message):
        generate_servers(**{"train_rows": 100, **settings})
