"""Anomalies that were planted must be what an explanation points at; `pytest -s` tells how well."""

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

from zoo import engine, explain
from zoo.data.arrays.scaling import ContrastNormalizer
from zoo.data.images.datasets import load_images, one_class
from zoo.data.servers.synthetic import generate_servers
from zoo.detectors import (
    Autoencoder,
    DeepSVDD,
    Forecaster,
    HybridDeepSVDD,
    SequenceAutoencoder,
    TransformerGAN,
    VariationalAutoencoder,
)
from zoo.models import Autoencoder as AutoencoderModel
from zoo.models import Classifier
from zoo.models import DeepSVDD as DeepSVDDModel
from zoo.models import HybridDeepSVDD as HybridModel
from zoo.nn.networks import draw_weights, lenet, lenet_decoder, mlp, recurrent
from zoo.training.batches import Batches

pytestmark = pytest.mark.once


PATCH = 7  # pixels a side, a sixteenth of the image
FEATURES = 38


def copy(network):
    twin = keras.models.clone_model(network)
    twin.set_weights(network.get_weights())
    return twin


def train_on_images(x, batch_size, epochs):
    """Three models, the last two from the first one's encoder, as the recipe trains them."""
    engine.seed_everything(0)
    models = {"autoencoder": AutoencoderModel(*new_networks(), noise=0.0)}
    for name in ("autoencoder", "svdd", "hybrid"):
        if name != "autoencoder":
            encoder, decoder = (copy(getattr(models["autoencoder"], n)) for n in PARTS)
            models[name] = (
                DeepSVDDModel(encoder) if name == "svdd" else HybridModel(encoder, decoder)
            )
        models[name].compile(keras.optimizers.Adam(1e-3))
        models[name].fit(Batches(x, batch_size, 0), epochs=epochs, verbose=0)
    return models


PARTS = ("encoder", "decoder")


def new_networks(seed=0):
    networks = lenet((28, 28, 1)), lenet_decoder((28, 28, 1))
    return [draw_weights(network, seed + i) for i, network in enumerate(networks)]


def with_patches(images, rng):
    """Copies with a patch of noise each, and where it is, `(n, height, width)`."""
    images, inside = images.copy(), np.zeros(images.shape[:3], bool)
    for image, mask in zip(images, inside, strict=True):
        row, column = rng.integers(0, 28 - PATCH + 1, size=2)
        place = slice(row, row + PATCH), slice(column, column + PATCH)
        image[place] = rng.uniform(size=(PATCH, PATCH, 1))
        mask[place] = True
    return images, inside


def energy_ratio(maps, inside):
    """Share of each map's energy in the patch, by the patch's share of the area, `(n,)`."""
    energy = np.maximum(maps, 0).reshape(len(maps), -1)
    inside = inside.reshape(len(maps), -1)
    return (energy * inside).sum(axis=1) / energy.sum(axis=1) / inside.mean(axis=1)


def zeros_of(dataset, folder=None):
    """Training and test images of the digit 0, as the recipe prepares them."""
    task = one_class(load_images(dataset, folder, None, 0), 0, 0.1, 0)
    normalizer = ContrastNormalizer(True).fit(task.x_train)
    return normalizer.transform(task.x_train), normalizer.transform(task.x_test[task.y_test == 0])


def check_patches(models, x_train, x_test):
    rng = np.random.default_rng(0)
    images, inside = with_patches(x_test[rng.integers(0, len(x_test), 100)], rng)
    for name, model in models.items():
        maps = explain.grad_cam(model, images, normal=x_train[:200])
        ratio = energy_ratio(maps, inside)
        peak = np.mean(
            [mask.flat[found.argmax()] for mask, found in zip(inside, maps, strict=True)]
        )
        print(
            f"{name}: energy ratio {ratio.mean():.1f}, above 1 in {np.mean(ratio > 1):.0%}, "
            f"peak inside in {peak:.0%}"
        )
        assert ratio.mean() >= 3 and np.mean(ratio > 1) >= 0.9, f"{name}: {ratio.mean():.2f}"


@pytest.mark.xdist_group("explained-images")
class TestImages:
    @pytest.fixture(scope="class")
    def digits(self):
        x_train, x_test = zeros_of("digits")
        return train_on_images(x_train, 11, 15), x_train, x_test

    def test_grad_cam_finds_a_patch(self, digits):
        check_patches(*digits)

    def test_random_weights_destroy_the_map(self, digits):
        """Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018."""
        models, x_train, x_test = digits
        ways = {
            "grad_cam": lambda model, x: explain.grad_cam(model, x, normal=x_train),
            "gradient": lambda model, x: explain.score_gradients(model, x)[1],
            "integrated_gradients": explain.integrated_gradients,
            "smooth_grad": explain.smooth_grad,
            "error_map": explain.error_map,
        }
        for name, model in models.items():
            other = AutoencoderModel(*new_networks(seed=7), noise=0.0)
            if name != "autoencoder":
                kind = type(model)
                networks = (other.encoder, other.decoder)[: 1 if name == "svdd" else 2]
                other = kind(*networks)
                other.sphere.place(other.encoder, x_train)
            if name == "hybrid":
                other.term_totals.assign(model.term_totals)
                other.samples_seen.assign(model.samples_seen)
            for way, explained in ways.items():
                # The error of a random network, and what sums to it, is the image itself.
                if (way, name) in (("error_map", "svdd"), ("integrated_gradients", "autoencoder")):
                    continue
                pairs = zip(
                    explained(model, x_test[:20]), explained(other, x_test[:20]), strict=True
                )
                alike = np.mean([spearmanr(a.ravel(), b.ravel())[0] for a, b in pairs])
                assert alike < 0.4, f"{way} of {name}: {alike:.2f}"


@pytest.mark.slow
def test_grad_cam_finds_a_patch_in_mnist(data_dir):
    x_train, x_test = zeros_of("mnist", data_dir)
    check_patches(train_on_images(x_train, 200, 30), x_train, x_test)


def servers():
    return generate_servers(train_rows=1500, test_rows=600, anomaly_share=0.0)


SERIES = {"window": 8, "epochs": 3, "batch_size": 64, "random_state": 0}
TABLE = {"epochs": 6, "random_state": 0}
SMALL = {"blocks": 1, "heads": 2, "width": 16, "feed_forward": 32}

DETECTORS = {
    "autoencoder": lambda: Autoencoder(**TABLE),
    "variational": lambda: VariationalAutoencoder(**TABLE),
    "variational_likelihood": lambda: VariationalAutoencoder(
        score_by="reconstruction_probability", scale=None, **TABLE
    ),
    "deep_svdd": lambda: DeepSVDD(**TABLE),
    "hybrid": lambda: HybridDeepSVDD(**TABLE),
    "forecaster": lambda: Forecaster(**SERIES),
    "sequence_autoencoder": lambda: SequenceAutoencoder(**SERIES),
    "transformer": lambda: TransformerGAN(**SMALL, **SERIES),
    "deep_svdd_gru": lambda: DeepSVDD(units=(32, 16), **SERIES),
    "hybrid_gru": lambda: HybridDeepSVDD(units=(32, 16), **SERIES),
    "autoencoder_gru": lambda: Autoencoder(units=(32, 16), **SERIES),
}


@pytest.mark.parametrize("name", DETECTORS)
def test_a_shifted_feature_is_ranked_first(name):
    data, rng = servers(), np.random.default_rng(0)
    detector = DETECTORS[name]().fit(data.train)
    window = getattr(detector, "window", None) or 1
    cases = 200
    rows = rng.integers(window - 1, len(data.test), cases)
    shifted, signs = rng.integers(0, FEATURES, cases), rng.choice([-1, 1], cases)
    found = []
    for case in range(cases):  # one stretch of `window` rows each, so that all are alike
        part = data.test[rows[case] - window + 1 : rows[case] + 1].copy()
        part[:, shifted[case]] += signs[case] * 6 * data.train.std(axis=0)[shifted[case]]
        found.append(part)
    explained = detector.explain(np.concatenate(found), np.arange(cases) * window + window - 1)
    first = explained.by_feature.argmax(axis=1)
    print(f"{name}, {explained.method}: ranked first in {np.mean(first == shifted):.1%}")
    assert np.mean(first == shifted) >= 0.95
    table = explained.table(top=1)
    assert (table["feature"] == [f"feature {number}" for number in first]).all()


def test_a_classifiers_shifted_feature_is_ranked_first():
    data, rng = servers(), np.random.default_rng(0)
    scaled = ((data.train - data.train.mean(axis=0)) / data.train.std(axis=0)).astype("float32")
    windows = np.lib.stride_tricks.sliding_window_view(scaled, 8, axis=0).swapaxes(1, 2).copy()
    shifted, labels = rng.integers(0, FEATURES, len(windows)), rng.integers(0, 2, len(windows))
    amount = 6 * rng.choice([-1, 1], len(windows)) * labels
    windows[np.arange(len(windows)), :, shifted] += amount[:, None]
    encoder = draw_weights(recurrent((None, FEATURES), "gru", (32,)), 0)
    model = Classifier(encoder, draw_weights(mlp((32,), (16, 1)), 1))
    model.compile(keras.optimizers.Adam(3e-3))
    model.fit(windows[:-300], labels[:-300], batch_size=64, epochs=6, verbose=0)
    chosen = np.flatnonzero(labels[-300:])[:200] - 300
    explained = explain.integrated_gradients(model, windows[chosen]).sum(axis=1)
    right = np.mean(explained.argmax(axis=1) == shifted[chosen])
    print(f"classifier, integrated_gradients: ranked first in {right:.1%}")
    assert right >= 0.95
