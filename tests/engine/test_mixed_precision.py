"""Half-precision networks train, and their scores stay finite float32."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.models import Autoencoder, DeepSVDD, HybridDeepSVDD
from zoo.nn.networks import draw_weights, lenet, mlp, recurrent


@pytest.fixture(params=["mixed_bfloat16", "mixed_float16"])
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def rows_in():
    return draw_weights(mlp((6,), units=(8, 3), activation="tanh", bias=False), 0)


MODELS = {
    "hybrid": (
        lambda: HybridDeepSVDD(rows_in(), draw_weights(mlp((3,), (6,)), 1), center_rate=0.01),
        (6,),
    ),
    "lenet": (lambda: DeepSVDD(lenet((28, 28, 1), embedding=4, filters=(2, 2))), (28, 28, 1)),
    "gru": (lambda: DeepSVDD(recurrent((4, 2), "gru", units=(3,))), (4, 2)),
}


@pytest.mark.parametrize("name", MODELS)
def test_half_precision_trains_and_scores_in_float32(policy, name, tmp_path):
    make, shape = MODELS[name]
    model = make()
    assert model.encoder.compute_dtype == policy.removeprefix("mixed_")
    x = (0.5 + np.random.default_rng(0).normal(size=(24, *shape))).astype("float32")
    model.compile(keras.optimizers.Adam(0.01))
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    history = model.fit(x, batch_size=12, epochs=4, verbose=0).history
    assert np.all(np.isfinite(history["loss"]))
    assert not model.verdict.collapsed
    scores = model.predict(x, verbose=0)
    assert scores.dtype == "float32" and scores.shape == (24,)
    assert np.all(np.isfinite(scores))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), scores)


def test_state_is_read_in_float32(policy):
    model = DeepSVDD(keras.Sequential([keras.Input((1,)), keras.layers.Identity()]))
    model.sphere.initialize(np.array([[1.001]]))  # 1.0 in bfloat16
    score = model.predict(np.ones((1, 1), "float32"), verbose=0)
    assert score[0] == pytest.approx(1e-6, rel=1e-3)


def test_reconstruction_is_compared_to_the_data_as_it_is(policy):
    identity = [keras.Sequential([keras.Input((1,)), keras.layers.Identity()]) for _ in range(2)]
    model = Autoencoder(*identity)
    x = np.array([[1.001]], "float32")
    rounded = float(ops.convert_to_numpy(ops.cast(ops.cast(x, policy[6:]), "float32"))[0, 0])
    found = model.predict(x, verbose=0)[0]
    assert found == pytest.approx((float(x[0, 0]) - rounded) ** 2, rel=1e-4)
    assert found > 0
