"""Batches spread over the cores of a CPU: the same numbers as on one; JAX alone."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX spreads batches")

TRAINED = """
import json, os
import jax, keras, numpy as np
from zoo.engine.jax import loop as engine_jax, sharding as spread
from zoo.engine import seed_everything
from zoo.models import DeepSVDD
from zoo.nn.networks import draw_weights, lenet, recurrent, transformer

seed_everything(0)
spread.WORK, spread.MOST = 1, int(os.environ.get("TEST_MOST", spread.MOST))
engine_jax.GATHERED = 300  # numbers: two batches of windows at a time, one of images
asked, worth = [], spread.worth_sharding
spread.worth_sharding = lambda *given: asked.append(worth(*given)) or asked[-1]
rng = np.random.default_rng(0)
windows, images = (rng.normal(size=(44, *s)).astype("float32") for s in ((6, 3), (28, 28, 1)))
results = {}
networks = {cell: recurrent((6, 3), cell, (4, 5), bias=False) for cell in ("rnn", "lstm", "gru")}
networks["transformer"] = transformer((6, 3), blocks=1, heads=2, width=8, feed_forward=8)
networks["lenet"] = lenet((28, 28, 1))
for name, network in networks.items():
    x = images if name == "lenet" else windows
    model = DeepSVDD(draw_weights(network, 0))
    rate = 1e-5 if name == "lenet" else 1e-2  # its loss is thousands, and shall not grow
    model.compile(keras.optimizers.SGD(rate))  # Adam would magnify the rounding of zeros
    history = model.fit(x, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    everything = [np.asarray(v.value) for v in model.variables]
    devices = {len(v.value.sharding.device_set) for v in model.variables}
    results[name] = {
        "loss": history["loss"],
        "weights": np.concatenate([w.ravel().astype("float64") for w in everything]).tolist(),
        "scores": model.predict(x, verbose=0).tolist(),
        "odd": model.predict(x[:5], batch_size=5, verbose=0).tolist(),
        "devices": sorted(devices),
    }
print(json.dumps({"results": results, "spread": sum(asked), "asked": len(asked)}))
"""


def trained(devices, **variables):
    own = {"JAX_NUM_CPU_DEVICES": str(devices), "JAX_PLATFORMS": "cpu", **variables}
    env = {**os.environ, **own}
    done = subprocess.run(
        [sys.executable, "-c", TRAINED], env=env, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def one():
    return trained(1)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
@pytest.mark.parametrize("most", [{}, {"TEST_MOST": "0"}], ids=["whole", "gathered"])
def test_two_devices_give_what_one_gives(one, most):
    two = trained(2, **most)
    assert one["spread"] == 0
    assert two["spread"] > two["asked"] // 2
    for name, expected in one["results"].items():
        found = two["results"][name]
        assert found["devices"] == expected["devices"] == [1]
        for what in ("loss", "weights", "scores", "odd"):
            np.testing.assert_allclose(
                found[what], expected[what], rtol=2e-4, atol=2e-5, err_msg=f"{name}, {what}"
            )


@pytest.fixture
def two_devices(monkeypatch):
    from zoo.engine.jax import sharding as spread

    class Layout:
        class mesh:
            devices = (0, 1)

    monkeypatch.setattr(spread, "_layouts", lambda: (Layout, None))
    return spread


def test_sizes_decide_whether_to_shard(two_devices):
    weights = [np.zeros((200, 100))]  # 20,000
    window = (50, 8)
    assert two_devices.worth_sharding(weights, 64, window)
    assert not two_devices.worth_sharding(
        weights, 63, window
    )  # one device would have more than the other
    assert not two_devices.worth_sharding(weights, 8, window)  # too little to do
    kernels = [np.zeros((5, 5, 8, 4)), *weights]
    assert two_devices.worth_sharding(kernels, 40, (28, 28, 1))
    assert not two_devices.worth_sharding(
        weights, 40, (28, 28, 1)
    )  # what meets no pixel counts once
    assert not two_devices.worth_sharding(weights, 6400, (8,))  # one large product: XLA spreads it
    assert not two_devices.worth_sharding((), 64, window)


def test_one_device_is_not_spread_over(monkeypatch):
    from zoo.engine.jax import sharding as spread

    monkeypatch.setattr(spread, "_layouts", lambda: None)
    assert not spread.worth_sharding([np.zeros((200, 100))], 64, (50, 8))


def test_sharding_is_disabled_where_each_core_has_work_of_its_own(two_devices):
    given = [np.zeros((200, 100))], 64, (50, 8)
    with two_devices.on_one_core():
        assert not two_devices.worth_sharding(*given)
    assert two_devices.worth_sharding(*given)
