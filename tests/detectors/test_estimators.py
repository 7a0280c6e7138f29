"""What every estimator owes: scikit-learn's interface, and clear rules for data and thresholds."""

import pickle
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from zoo.detectors import (
    Autoencoder,
    DeepSVDD,
    Forecaster,
    HybridDeepSVDD,
    TransformerGAN,
    VariationalAutoencoder,
    registry,
)
from zoo.detectors.fitting import DivergenceError

LATENT = np.random.default_rng(0).normal(size=(300, 1)).repeat(3, axis=1)
X = LATENT * [1, -2, 3] + 0.1 * np.random.default_rng(1).normal(size=(300, 3))
STRANGE = X[:20] + [8, 8, 8]
SERIES = ("sequence-autoencoder", "forecaster", "transformer-gan")
ORDER = {
    "check_methods_sample_order_invariance": "rows of a series are in order of time",
    "check_methods_subset_invariance": "a row of a series is judged with the rows before it",
}
QUICK = {"epochs": 4, "learning_rate": 1e-2, "batch_size": 32, "random_state": 0}


def quick(method):
    kind = registry.get(method)
    sizes = {"units": (8, 4)} if hasattr(kind, "units") else {"width": 8, "blocks": 1}
    return kind(**QUICK, **sizes, **({"window": 4} if method in SERIES else {}))


@pytest.fixture(scope="module")
def fitted():
    """A fitted estimator by method, each fitted once."""
    known = {}

    def get(method):
        if method not in known:
            known[method] = quick(method).fit(X)
        return known[method]

    return get


def methods_to_check():
    """All where nothing is compiled; elsewhere they are slow, for each fits sixty times."""
    for method in registry.names():
        compiles = keras.backend.backend() != "torch"
        yield pytest.param(method, marks=pytest.mark.slow if compiles else ())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", methods_to_check())
def test_passes_the_checks_of_scikit_learn(method):
    found = check_estimator(
        quick(method).set_params(random_state=None, epochs=1),
        expected_failed_checks=ORDER if method in SERIES else None,
        on_fail=None,
    )
    failed = [
        (each["check_name"], each["exception"]) for each in found if each["status"] == "failed"
    ]
    assert not failed and len(found) > 40


def methods_to_fit():
    """All where nothing is compiled; elsewhere one for tables and one for series."""
    for method in registry.names():
        often = keras.backend.backend() == "torch" or method in ("autoencoder", "forecaster")
        yield pytest.param(method, marks=() if often else pytest.mark.slow)


@pytest.mark.xdist_group("estimators")
@pytest.mark.parametrize("method", methods_to_fit())
class TestEveryMethod:
    def test_finds_the_strange_ones(self, fitted, method):
        flagged = fitted(method).predict(np.concatenate([X[:30], STRANGE]))[30:]
        assert np.mean(flagged == -1) > 0.9
        assert np.mean(fitted(method).predict(X) == -1) < 0.1

    def test_scores_are_aligned_float32_and_larger_is_stranger(self, fitted, method):
        detector = fitted(method)
        scores = detector.anomaly_score(X)
        assert scores.shape == (len(X),) and scores.dtype == np.float32
        np.testing.assert_allclose(detector.score_samples(X), -scores, rtol=1e-6)
        np.testing.assert_array_equal(
            detector.predict(X), np.where(scores > detector.calibration_.limit, -1, 1)
        )

    def test_a_table_of_everything_keeps_the_index(self, fitted, method):
        frame = pd.DataFrame(X, index=pd.date_range("2026-01-01", periods=len(X), freq="min"))
        table = fitted(method).detect(frame)
        assert table.index.equals(frame.index)
        assert table["probability"].between(0, 1).all()
        assert ("warm_up" in table) == (method in SERIES)
        if method in SERIES:
            assert table["warm_up"].sum() == fitted(method).window - 1
            assert table["score"].head(4).nunique() == 1

    def test_repeats_bit_for_bit(self, fitted, method):
        again = clone(fitted(method)).fit(X)
        np.testing.assert_array_equal(again.anomaly_score(X), fitted(method).anomaly_score(X))

    def test_travels_through_pickle_without_kerass(self, fitted, method):
        state = fitted(method).__getstate__()
        assert not any(isinstance(value, keras.Model) for value in state.values())
        again = pickle.loads(pickle.dumps(fitted(method)))
        np.testing.assert_array_equal(again.anomaly_score(X), fitted(method).anomaly_score(X))


def test_lives_in_a_pipeline_and_a_grid_search():
    detector = make_pipeline(StandardScaler(), DeepSVDD(**QUICK, units=(8, 4)))

    def separation(model, data, y=None):
        return float(np.mean(model.score_samples(data)) - np.mean(model.score_samples(STRANGE)))

    search = GridSearchCV(detector, {"deepsvdd__epochs": [1, 4]}, scoring=separation, cv=2)
    assert search.fit(X).best_estimator_.predict(STRANGE).shape == (20,)


def test_columns_are_matched_by_name():
    frame = pd.DataFrame(X, columns=list("abc"))
    detector = Autoencoder(**QUICK, units=(8,)).fit(frame)
    assert list(detector.feature_names_in_) == ["a", "b", "c"]
    found = detector.anomaly_score(frame[["c", "a", "b"]])
    assert isinstance(found, pd.Series)
    np.testing.assert_array_equal(found, detector.anomaly_score(frame))
    with pytest.raises(ValueError, match="lacks 'b'"):
        detector.predict(frame[["a", "c"]])


def test_missing_values_are_refused_or_filled():
    holed = X.copy()
    holed[5, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        Autoencoder(**QUICK).fit(holed)
    detector = Autoencoder(**QUICK, units=(8,), missing="mean").fit(holed)
    assert np.isfinite(detector.anomaly_score(holed)).all()


def test_the_threshold_changes_without_training():
    detector = Autoencoder(**QUICK, units=(8,)).fit(X)
    scores = detector.anomaly_score(X)
    detector.set_threshold(contamination=0.1)
    assert np.sum(detector.predict(X) == -1) == 30
    detector.set_threshold(contamination=0)
    flagged = np.mean(detector.predict(X) == -1)
    assert flagged < 0.03
    detector.set_threshold(limit=float(np.median(scores)))
    assert np.sum(detector.predict(X) == -1) == 150 and detector.offset_ == -np.median(scores)
    np.testing.assert_array_equal(detector.anomaly_score(X), scores)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"contamination": 0.5}, "contamination is 0.5"),
        ({"contamination": "some"}, "contamination is 'some'"),
        ({"false_alarm_rate": 0}, "false_alarm_rate is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": 0}, "learning_rate is 0"),
        ({"validation_fraction": 1}, "validation_fraction is 1"),
        ({"scaling": "maxmin"}, "scaling is 'maxmin'; choose one of"),
        ({"network": "cnn"}, "network is 'cnn'; choose one of"),
        ({"network": "gru"}, "set window"),
        ({"window": 400}, "fewer than the window of 400"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, said):
    with pytest.raises(ValueError, match=said):
        DeepSVDD(**{**QUICK, **settings}).fit(X)


def test_nothing_before_fit():
    with pytest.raises(NotFittedError):
        DeepSVDD().predict(X)


def test_a_series_too_short_for_a_window_is_named():
    detector = Forecaster(**QUICK, units=(4,)).fit(X)
    with pytest.raises(ValueError, match="9 rows, fewer than the window of 10"):
        detector.anomaly_score(X[:9])
    assert detector.anomaly_score(X[:10]).shape == (10,)
    assert detector.window_scores(X).shape == (291,)


def test_windows_and_images_are_samples():
    windows = np.random.default_rng(0).normal(size=(60, 5, 2))
    assert DeepSVDD(**QUICK, units=(4,)).fit(windows).kind_ == "windows"
    images = np.random.default_rng(0).uniform(0, 255, size=(40, 28, 28, 1))
    detector = HybridDeepSVDD(**QUICK, units=(16,)).fit(images)
    assert detector.predict(images[:3]).shape == (3,)
    with pytest.raises(ValueError, match="resize"):
        DeepSVDD(**QUICK).fit(images[:, :20, :20])
    with pytest.raises(ValueError, match="takes X of 2 or 3 dimensions"):
        Forecaster(**QUICK).fit(images)
    with pytest.raises(ValueError, match="fitted on images"):
        detector.predict(images[:, :20, :20])


def test_a_gan_may_help():
    detector = TransformerGAN(**QUICK, width=8, blocks=1, coupling="joint", score_by="both").fit(X)
    assert detector.model_.discriminator is not None
    with pytest.raises(ValueError, match="coupling is 'both'"):
        TransformerGAN(**QUICK, coupling="both").fit(X)


def test_a_decoder_may_tell_its_own_scale():
    detector = VariationalAutoencoder(**QUICK, scale=None, window=4, units=(8,), code=2).fit(X)
    assert detector.kind_ == "series" and np.isfinite(detector.anomaly_score(X)).all()


def test_a_training_that_diverges_stops_with_advice():
    with warnings.catch_warnings(), pytest.raises(DivergenceError, match="smaller learning_rate"):
        warnings.simplefilter("ignore")
        Autoencoder(epochs=20, learning_rate=1e30, random_state=0).fit(X * 1e3)


def test_early_stopping_gives_back_the_best_weights():
    detector = Autoencoder(epochs=60, patience=2, noise=0.0, units=(32,), learning_rate=0.05,
                           random_state=0).fit(X)  # fmt: skip
    losses = detector.history_["val_loss"]
    assert len(losses) < 60
    held_out = detector._hold_out(X)[1]
    now = np.mean(detector.anomaly_score(held_out))
    assert now == pytest.approx(min(losses), rel=1e-3)
