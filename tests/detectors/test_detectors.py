"""Data, thresholds and settings of detectors; what every method keeps is in test_contract.py."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from zoo.detectors import (
    Autoencoder,
    DeepSVDD,
    Forecaster,
    HybridDeepSVDD,
    TransformerGAN,
    VariationalAutoencoder,
)
from zoo.detectors.fitting import DivergenceError

LATENT = np.random.default_rng(0).normal(size=(300, 1)).repeat(3, axis=1)
X = LATENT * [1, -2, 3] + 0.1 * np.random.default_rng(1).normal(size=(300, 3))
ANOMALOUS = X[:20] + [8, 8, 8]
QUICK = {"epochs": 4, "learning_rate": 1e-2, "batch_size": 32, "random_state": 0}


def test_lives_in_a_pipeline_and_a_grid_search():
    detector = make_pipeline(StandardScaler(), DeepSVDD(**QUICK, units=(8, 4)))

    def separation(model, data, y=None):
        return float(np.mean(model.score_samples(data)) - np.mean(model.score_samples(ANOMALOUS)))

    search = GridSearchCV(detector, {"deepsvdd__epochs": [1, 4]}, scoring=separation, cv=2)
    assert search.fit(X).best_estimator_.predict(ANOMALOUS).shape == (20,)


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
