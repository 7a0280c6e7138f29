"""The zoo beside other libraries: our side for real, theirs and the processes pretended."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo.bench import tables
from zoo.bench.peers import data, worker
from zoo.bench.peers import run as peers
from zoo.bench.peers.registry import PEERS
from zoo.bench.results import check
from zoo.bench.worker import serve

FAKE = (sys.executable, str(Path(__file__).with_name("fake_peer.py")))


@pytest.fixture(autouse=True)
def little(monkeypatch):
    monkeypatch.delenv("ZOO_DATA", raising=False)
    for name, value in {"ROWS": 128, "STEPS": 177}.items():
        monkeypatch.setattr(data, name, value)
    monkeypatch.setattr(worker, "EPOCHS", 2)
    cards = data.cards
    monkeypatch.setattr(data, "cards", lambda: cards(96, 64))


def ask(*requests):
    answers = []
    serve(map(json.dumps, requests), answers.append, worker.Side)
    return answers


@pytest.mark.filterwarnings("ignore::zoo.models.collapse.CollapseWarning")
@pytest.mark.parametrize("name", PEERS)
def test_our_side_trains_and_is_judged(name):
    task = {"peer": name, "backend": keras.backend.backend()}
    begun, trained, judged = ask(task, {"do": "train", "epochs": 2}, {"do": "judge", "seed": 0})
    peer = PEERS[name]
    assert begun == {"ready": True}
    assert trained["samples"] == 2 * 128  # rows, or 177 - 50 + 1 windows
    assert trained["seconds"] > 0
    if peer.window is None:
        assert 0 <= judged["roc_auc"] <= 1 and judged["fit_seconds"] > 0
    else:
        assert judged == {"roc_auc": None, "fit_seconds": None}


def test_their_side_counts_what_an_epoch_takes(monkeypatch):
    fitted = []

    class Theirs:
        def __init__(self, features, epochs, seed):
            self.epochs = epochs

        def fit(self, x):
            fitted.append((self.epochs, x.shape))

        def decision_function(self, x):
            return np.abs(x).sum(axis=1)

    peer = replace(PEERS["pyod_vae"], theirs=Theirs)
    monkeypatch.setitem(PEERS, "pyod_vae", peer)
    task = {"peer": "pyod_vae", "backend": "pyod"}
    _, trained, judged = ask(task, {"do": "train", "epochs": 3}, {"do": "judge", "seed": 1})
    assert trained["samples"] == 3 * 128 and trained["seconds"] > 0
    assert fitted[2:] == [(1, (128, 8)), (4, (128, 8)), (2, (96, 7))]
    assert 0.5 < judged["roc_auc"] <= 1


def test_cards_are_standardised_by_what_is_learned_from():
    x, judged, labels = data.cards()
    assert x.shape == (96, 7) and judged.shape == (64, 7) and set(labels) == {0, 1}
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=0), 1, rtol=1e-4)


def test_architectures_are_those_of_pyod():
    model = PEERS["pyod_autoencoder"].ours((8,), 0)
    kinds = [type(layer).__name__ for layer in model.decoder.layers[1:]]
    assert kinds == ["Dense", "BatchNormalization", "Activation", "Dropout", "Dense", "Activation"]
    weights = model.encoder.count_params() + model.decoder.count_params()
    assert weights == sum(a * b + b for a, b in ((8, 64), (64, 32), (32, 64), (64, 8))) + 4 * 160
    deep = PEERS["pyod_deep_svdd"].ours((8,), 0)
    assert [weight.shape for weight in deep.encoder.get_weights()] == [(8, 64), (64, 32)]


def measure(monkeypatch, installed=("jax", "torch"), has_pyod=True, **more):
    monkeypatch.setattr(peers.backends, "installed", lambda: installed)
    monkeypatch.setattr(peers, "_is_installed", lambda package: has_pyod)
    return peers.measure(("pyod_vae",), ("jax", "torch"), command=FAKE, **more)


def test_rows_hold_ratios_to_their_side_and_areas_of_all_seeds(monkeypatch, capsys):
    rows, interrupted = measure(monkeypatch)
    assert not interrupted
    check({"environment": {}, "rows": rows})
    theirs, jax, torch = rows
    assert [row["backend"] for row in rows] == ["pyod", "jax", "torch"]
    assert jax["peer_ratio"] == pytest.approx(5) and torch["peer_ratio"] == pytest.approx(2)
    assert jax["roc_aucs"] == pytest.approx([0.9, 0.91, 0.92, 0.93, 0.94])
    assert jax["roc_auc"] == pytest.approx(0.92) and jax["fit_seconds"] == 2
    tables.print_peers(rows)
    text = capsys.readouterr().out
    assert "pyod_vae: PyOD VAE (batch 32)" in text and "0.920 (0.900 to 0.940)" in text
    assert "| jax | 500 | 5.00 [5.00, 5.00] |" in tables.markdown({"environment": {}, "rows": rows})
    assert tables.markdown({"environment": {}, "rows": rows}).count("###") == 1


def test_without_their_library_nothing_is_measured(monkeypatch):
    rows, _ = measure(monkeypatch, has_pyod=False)
    assert [row["status"] for row in rows] == ["not installed", "not measured", "not measured"]
    assert rows[0]["error"] == "pip install pyod"


def test_ctrl_c_keeps_the_rounds_until_then(monkeypatch):
    def tell(line):
        if "round 3" in line:
            raise KeyboardInterrupt

    rows, interrupted = measure(monkeypatch, tell=tell)
    assert interrupted and [row["train_per_second"] for row in rows] == [100, 500, 200]


def test_an_unknown_peer_is_named():
    with pytest.raises(ValueError, match="peers: pyod_lof, expected some of pyod_autoencoder"):
        peers.measure(("pyod_lof",))
