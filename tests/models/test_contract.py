"""What every model owes, whatever its method; each test runs for each line of MODELS."""

import shutil

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops

from zoo.training.batches import Batches


def values(variables):
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def assert_same(found, expected, **tolerance):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def test_fit_lowers_the_loss_and_reports_it(trained):
    assert {"loss", "val_loss"} <= set(trained.history)
    assert np.all(np.isfinite(list(trained.history.values())))
    assert trained.history["loss"][-1] < trained.history["loss"][0]
    assert "loss: " in trained.screen and "val_loss: " in trained.screen
    assert not trained.model.verdict.collapsed
    assert str(trained.model.verdict) == "no sign of collapse"


def test_scores_are_one_finite_float32_each_and_larger_far_away(case, trained):
    normal = trained.model.predict(case.data.validation, verbose=0)
    strange = trained.model.predict(case.data.strange, verbose=0)
    assert normal.shape == (16,)
    assert normal.dtype == "float32"
    assert np.all(np.isfinite(normal)) and np.all(np.isfinite(strange))
    assert np.median(strange) > np.max(normal)


def test_predict_is_score_whatever_the_batch_size(case, trained):
    scores = trained.model.predict(case.data.strange, verbose=0)
    by_hand = ops.convert_to_numpy(trained.model.score(ops.convert_to_tensor(case.data.strange)))
    np.testing.assert_allclose(scores, by_hand, rtol=1e-5)
    in_parts = trained.model.predict(case.data.strange, batch_size=5, verbose=0)
    np.testing.assert_allclose(scores, in_parts, rtol=1e-5)


def test_evaluation_changes_no_weight_and_no_state(case, trained):
    before = values(trained.model.weights)
    data = case.data.pair("strange")
    first = trained.model.evaluate(*data, batch_size=8, verbose=0, return_dict=True)
    trained.model.predict(case.data.strange, verbose=0)
    assert_same(values(trained.model.weights), before, rtol=0)
    again = trained.model.evaluate(*data, batch_size=8, verbose=0, return_dict=True)
    assert first == again


def test_callbacks_find_what_they_ask_for(case, trained):
    best = int(np.argmin(trained.history["val_loss"]))
    data = case.data.pair("validation")
    found = trained.model.evaluate(*data, batch_size=16, verbose=0, return_dict=True)
    if "soft-boundary" not in getattr(trained.model, "objective", ""):  # its radius starts late
        assert found["loss"] == pytest.approx(trained.history["val_loss"][best], rel=1e-5)

    table = pd.read_csv(trained.folder / "history.csv")
    np.testing.assert_allclose(table["val_loss"], trained.history["val_loss"], rtol=1e-5)

    rates = trained.history["learning_rate"]
    np.testing.assert_allclose(rates, 3e-3 * 0.5 ** np.array([0, 0, 1, 2, 3, 4]), rtol=1e-5)

    checkpoint = keras.saving.load_model(trained.folder / "best.keras")
    scores = trained.model.predict(case.data.strange, verbose=0)
    np.testing.assert_allclose(checkpoint.predict(case.data.strange, verbose=0), scores, rtol=1e-5)


def test_a_saved_model_scores_the_same_and_trains_on(case, trained, tmp_path):
    trained.model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert_same(values(loaded.weights), values(trained.model.weights), rtol=0)
    assert_same(
        values(loaded.optimizer.variables), values(trained.model.optimizer.variables), rtol=0
    )
    np.testing.assert_allclose(  # torch rounds a recorded network in another order
        loaded.predict(case.data.strange, verbose=0),
        trained.model.predict(case.data.strange, verbose=0),
        rtol=1e-6,
    )

    weights = values(loaded.trainable_variables)
    steps = int(ops.convert_to_numpy(loaded.optimizer.iterations))
    history = loaded.fit(*case.data.pair("train"), batch_size=24, epochs=1, verbose=0).history
    assert np.isfinite(history["loss"][0])
    assert int(ops.convert_to_numpy(loaded.optimizer.iterations)) > steps
    moved = values(loaded.trainable_variables)
    assert all(np.any(a != b) for a, b in zip(weights, moved, strict=True))


def test_a_config_gives_the_same_model(case):
    model = case.make()
    config = model.get_config()
    rebuilt = type(model).from_config(config)
    assert rebuilt.get_config() == config == model.get_config()
    assert [v.shape for v in rebuilt.variables] == [v.shape for v in model.variables]


def test_a_fit_that_was_killed_resumes_to_the_same_weights(case, tmp_path):
    def fit(backup, *callbacks):
        model = case.compiled()
        x, y = case.data.pair("train")
        batches = Batches(x, batch_size=16, seed=0, y=y)  # as a new process makes them
        callbacks = [keras.callbacks.BackupAndRestore(backup), *callbacks]
        model.fit(batches, epochs=3, verbose=0, callbacks=callbacks)
        return model

    def keep(epoch, logs):
        if epoch == 1:
            shutil.copytree(tmp_path / "whole", tmp_path / "killed")

    whole = fit(tmp_path / "whole", keras.callbacks.LambdaCallback(on_epoch_begin=keep))
    resumed = fit(tmp_path / "killed")
    assert resumed.history.epoch == [1, 2]
    assert_same(values(resumed.weights), values(whole.weights), rtol=0, atol=1e-6)


def test_labels_are_refused_or_demanded(case):
    x, y = case.data.pair("train")
    wrong = np.zeros(len(x)) if y is None else None
    with pytest.raises(ValueError, match=r"learns without labels|learns from labels"):
        case.compiled().fit(x, wrong)


def test_fit_before_compile_is_refused(case):
    with pytest.raises(ValueError, match="compile"):
        case.make().fit(*case.data.pair("train"))
