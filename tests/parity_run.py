"""One backend's part of `test_parity.py`; run in a process of its own.

python tests/parity_run.py train FOLDER           trains every model, writes train.npz, NAME.keras
python tests/parity_run.py score NAMES FOLDER...  scores the NAME.keras of each FOLDER into
                                                  scores.npz of the first, and explains the NAMES
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from zoo import explain
from zoo.models import (
    Autoencoder,
    Classifier,
    DeepSVDD,
    Forecaster,
    HybridDeepSVDD,
    TransformerGAN,
    VariationalAutoencoder,
)
from zoo.nn.networks import (
    draw_weights,
    lenet,
    lenet_decoder,
    mlp,
    recurrent,
    recurrent_decoder,
    transformer,
    transformer_decoder,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)
from zoo.training.batches import Batches

STEPS = 50


def images():
    """Smooth shapes of many sizes and places, with noise, in [0, 1]."""
    rng = np.random.default_rng(0)
    axis = np.linspace(-1, 1, 28)
    y, x = rng.normal(size=(2, 48, 1, 1)) * 0.3
    width = rng.uniform(0.1, 0.5, size=(48, 1, 1))
    blobs = np.exp(-((axis[:, None] - y) ** 2 + (axis - x) ** 2) / width)
    blobs += rng.uniform(size=blobs.shape) * 0.1
    return (blobs / blobs.max())[..., None].astype("float32")


def windows():
    """Random walks of 12 steps in 5 channels."""
    steps = np.random.default_rng(1).normal(size=(48, 12, 5)) * 0.5
    return np.cumsum(steps, axis=1).astype("float32")


def smooth_encoder():
    """LeNet's shape without its corners: average for maximum pooling, tanh for leaky ReLU."""
    image = x = keras.Input((28, 28, 1))
    for filters in (8, 4):
        x = layers.Conv2D(filters, 5, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(center=False, scale=False)(x)
        x = layers.AveragePooling2D(2)(layers.Activation("tanh")(x))
    return keras.Model(image, layers.Dense(32, use_bias=False)(layers.Flatten()(x)))


def smooth_decoder():
    code = keras.Input((32,))
    x = layers.Reshape((7, 7, 4))(layers.Dense(196, use_bias=False)(code))
    for filters in (4, 8):
        x = layers.Conv2D(filters, 5, padding="same", use_bias=False)(layers.UpSampling2D(2)(x))
        x = layers.Activation("tanh")(layers.BatchNormalization(center=False, scale=False)(x))
    x = layers.Conv2D(1, 5, padding="same", use_bias=False, activation="sigmoid")(x)
    return keras.Model(code, x)


def drawn(encoder, decoder):
    return draw_weights(encoder, 0), draw_weights(decoder, 1)


ATTENTION = {"blocks": 1, "heads": 2, "width": 8, "feed_forward": 16, "dropout": 0.0}


def transformer_gan(coupling):
    """With noise and second view that NumPy draws, for backends draw different numbers."""
    model = TransformerGAN(
        draw_weights(transformer_reconstructor((12, 5), **ATTENTION), 0),
        *drawn(
            window_generator((12, 5), latent=4, units=(8,), width=4),
            window_discriminator((12, 5), units=(8,), dropout=0.0),
        ),
        coupling,
    )
    rng = np.random.default_rng(0)
    noise = ops.convert_to_tensor(rng.normal(size=(8, 4)).astype("float32"))
    kept = ops.convert_to_tensor((rng.uniform(size=(12, 5)) > 0.15).astype("float32"))
    model.latent = lambda count: noise
    model.augment = lambda view: view * kept
    return model


def rows():
    """Where the random walks end, without their order."""
    return windows()[:, -1]


def denoising():
    """With damage that NumPy draws, for backends draw different numbers."""
    both = drawn(mlp((5,), (16, 8), "tanh"), mlp((8,), (16, 5), "tanh"))
    model = Autoencoder(*both, weight_decay=1e-4, noise=0.3, mask=0.1, sparsity=0.01)
    rng = np.random.default_rng(0)
    kept = ops.convert_to_tensor((rng.uniform(size=(8, 5)) > 0.1).astype("float32"))
    noise = ops.convert_to_tensor(0.3 * rng.normal(size=(8, 5)).astype("float32"))
    model.damage = lambda x: ops.multiply(x, kept) + noise
    return model


def variational(scale):
    """With codes that NumPy draws."""
    numbers = 5 if scale else 10
    both = drawn(mlp((5,), (16, 6), "tanh"), mlp((3,), (16, numbers), "tanh"))
    model = VariationalAutoencoder(*both, beta=0.5, scale=scale, score_by="elbo", samples=4)
    draws = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    noise = ops.convert_to_tensor(draws)
    model.sample = lambda mean, log_variance: mean + ops.exp(0.5 * log_variance) * noise
    return model


def models():
    """Name, model (with weights that NumPy drew), learning rate, data.

    Maximum pooling and leaky ReLU choose; where two candidates differ by less than the rounding of
    a float, backends choose differently, and Adam and a reconstruction grow that to 1e-3 of the
    loss within 50 steps. So the hybrid has smooth networks, and at LeNet's rate (1e-4, what the
    source's rate comes to) little grows.
    """
    yield (
        "svdd",
        DeepSVDD(draw_weights(lenet((28, 28, 1)), 0), center_rate=0.01, weight_decay=1e-4),
        1e-4,
        images(),
    )
    yield (
        "hybrid",
        HybridDeepSVDD(*drawn(smooth_encoder(), smooth_decoder()), weight_decay=1e-4),
        1e-3,
        images(),
    )
    yield (
        "hybrid_lenet",
        HybridDeepSVDD(*drawn(lenet((28, 28, 1)), lenet_decoder((28, 28, 1)))),
        1e-4,
        images(),
    )
    yield (
        "gru",
        DeepSVDD(draw_weights(recurrent((12, 5), "gru", (16, 16)), 0), center_rate=0.001),
        1e-3,
        windows(),
    )
    for cell in ("rnn", "lstm", "gru"):
        encoder, head = drawn(recurrent((12, 5), cell, (16,)), mlp((16,), (8, 1), "tanh"))
        yield f"classifier_{cell}", Classifier(encoder, head, "focal", 2.0), 1e-3, windows()
    encoder, head = drawn(recurrent((None, 5), "lstm", (16,)), mlp((16,), (5,)))
    yield "forecaster", Forecaster(encoder, head), 1e-2, windows()
    both = drawn(transformer((12, 5), **ATTENTION), transformer_decoder((12, 5), **ATTENTION))
    yield "autoencoder_transformer", Autoencoder(*both), 1e-3, windows()
    both = drawn(mlp((5,), (16, 3), "tanh"), mlp((3,), (16, 5), "tanh"))
    yield "autoencoder_dense", Autoencoder(*both), 1e-2, rows()
    yield "autoencoder_denoising", denoising(), 1e-2, rows()
    yield "variational", variational(scale=1.0), 1e-2, rows()
    yield "variational_learned", variational(scale=None), 1e-2, rows()
    for cell in ("lstm", "gru"):
        both = drawn(recurrent((12, 5), cell, (16,)), recurrent_decoder((12, 5), cell, (16,)))
        yield f"autoencoder_{cell}", Autoencoder(*both), 1e-3, windows()
    for coupling in ("separate", "joint"):
        yield f"transformer_gan_{coupling}", transformer_gan(coupling), 1e-3, windows()


def labels_for(model, x):
    """The walks that end higher than most are the anomalies, where labels are needed at all."""
    return (x[:, -1, 0] > 0.5).astype("float32") if model.needs_labels else None


def train(folder):
    found = {}
    for name, model, rate, x in models():
        found[f"{name}_start"] = np.concatenate([w.ravel() for w in model.get_weights()])

        model.compile(keras.optimizers.Adam(rate))
        model.before_fit(x)
        y = labels_for(model, x)
        batches = Batches(x, batch_size=8, seed=0, y=y)
        losses = []
        while len(losses) < STEPS:
            for i in range(len(batches)):
                model.reset_metrics()
                given = batches[i] if model.needs_labels else (batches[i],)
                losses.append(float(model.train_on_batch(*given, return_dict=True)["loss"]))
            batches.on_epoch_end()
        found[f"{name}_steps"] = np.array(losses[:STEPS])

        history = model.fit(Batches(x, batch_size=8, seed=1, y=y), epochs=2, verbose=0).history
        found[f"{name}_epochs"] = np.array(history["loss"])
        found[f"{name}_scores"] = model.predict(x, verbose=0)
        found[f"{name}_x"] = x
        model.save(folder / f"{name}.keras")
    np.savez(folder / "train.npz", **found)


def score(explained, folders):
    found = {}
    for folder in folders:
        given = np.load(folder / "train.npz")
        for name in (path.stem for path in sorted(folder.glob("*.keras"))):
            model, x = keras.saving.load_model(folder / f"{name}.keras"), given[f"{name}_x"]
            found[f"{name}_{folder.name}"] = model.predict(x, verbose=0)
            # The same file on every backend.
            if name in explained and folder.name == min(each.name for each in folders):
                found |= {f"{name}_{how}": each for how, each in explanations(model, x[:4])}
    np.savez(folders[0] / "scores.npz", **found)


def explanations(model, x):
    """Pairs of method and map."""
    yield "gradient_times_input", explain.gradient_times_input(model, x)
    yield "integrated_gradients", explain.integrated_gradients(model, x, steps=8)
    yield "smooth_grad", explain.smooth_grad(model, x, samples=4)
    yield "occlusion", explain.occlusion(model, x)
    if hasattr(model, "errors"):
        yield "error_map", explain.error_map(model, x)
    if hasattr(model, "sphere"):
        yield "embedding_direction", explain.embedding_direction(model, x)
    if explain.convolutions(model):
        yield "grad_cam", explain.grad_cam(model, x, normal=images())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["train", path]:
            train(Path(path))
        case ["score", names, *paths]:
            score(names.split(","), [Path(path) for path in paths])
