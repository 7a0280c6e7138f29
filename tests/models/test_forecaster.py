"""The laws of the forecaster: it sees all rows but the last, and is judged on that one."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo.models import Forecaster
from zoo.nn.networks import draw_weights, mlp, recurrent


def repeats_the_last_row(window, features):
    """A forecaster whose forecast is the row before: what it should score is known."""
    rows = keras.Input((window - 1, features))
    encoder = keras.Model(rows, layers.Flatten()(layers.Cropping1D((window - 2, 0))(rows)))
    head = keras.Sequential([keras.Input((features,)), layers.Identity()])
    return Forecaster(encoder, head)


def lstm(features=2, time=None, rate=0.05):
    encoder = draw_weights(recurrent((time, features), "lstm", units=(4,)), 0)
    model = Forecaster(encoder, draw_weights(mlp((4,), units=(features,)), 1))
    model.compile(keras.optimizers.Adam(rate))
    return model


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(size=(16, 5, 2)).astype("float32")


def test_the_score_is_the_mean_squared_error_of_the_last_row(windows):
    scores = repeats_the_last_row(5, 2).predict(windows, verbose=0)
    expected = np.mean((windows[:, -1] - windows[:, -2]) ** 2, axis=1)
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_the_loss_is_the_mean_score(windows):
    model = lstm()
    expected = model.predict(windows, verbose=0).mean()
    assert float(model.test_on_batch(windows)) == pytest.approx(float(expected), rel=1e-5)


def test_the_forecast_does_not_see_the_last_row(windows):
    model = lstm()
    before = ops.convert_to_numpy(model.forecast(windows))
    changed = windows.copy()
    changed[:, -1] += 100
    np.testing.assert_array_equal(ops.convert_to_numpy(model.forecast(changed)), before)
    changed[:, -2] += 1
    assert np.all(ops.convert_to_numpy(model.forecast(changed)) != before)


def test_weight_decay_is_added_to_the_loss(windows):
    plain, held = lstm(), lstm()
    held.weight_decay = 0.1
    penalty = 0.05 * sum(np.sum(w**2) for w in held.get_weights())
    found = float(held.test_on_batch(windows)) - float(plain.test_on_batch(windows))
    assert found == pytest.approx(penalty, rel=1e-4)


def test_it_learns_a_wave_and_is_struck_by_a_jump():
    time = np.arange(200)
    wave = np.lib.stride_tricks.sliding_window_view(np.sin(time / 4), 9)[..., None]
    wave = wave.astype("float32")
    model = lstm(features=1)
    model.fit(wave, epochs=15, verbose=0)
    jump = wave[:20].copy()
    jump[:, -1] += 2
    assert model.predict(wave, verbose=0).mean() < 0.05
    assert model.predict(jump, verbose=0).min() > 1


def test_an_encoder_of_any_length_takes_windows_of_any_length(windows):
    model = lstm()
    assert model.predict(windows, verbose=0).shape == (16,)
    assert model.predict(windows[:, :3], verbose=0).shape == (16,)


def test_an_encoder_of_one_length_takes_windows_one_row_longer(windows, tmp_path):
    model = lstm(time=4)
    scores = model.predict(windows, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(windows, verbose=0), scores)


def test_a_head_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"gives \(3,\) numbers a sample, expected the 2 of a row"):
        Forecaster(recurrent((None, 2), "gru", units=(4,)), mlp((4,), units=(3,)))
