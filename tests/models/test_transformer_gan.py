"""Transformer, contrast and GAN: who moves whom, what the score is made of, what is warned of."""

import warnings

import keras
import numpy as np
import pytest
from keras import ops

from zoo.models import TransformerGAN
from zoo.nn.networks import (
    draw_weights,
    transformer_reconstructor,
    window_discriminator,
    window_generator,
)

SHAPE = (6, 3)
PARTS = ("transformer", "generator", "discriminator")
SMALL = {"blocks": 1, "heads": 2, "width": 8, "feed_forward": 8, "dropout": 0.0}


def numpy(value):
    return np.array(ops.convert_to_numpy(value))


def network():
    return draw_weights(transformer_reconstructor(SHAPE, **SMALL), 0)


def gan(coupling="separate", score_by="both", **options):
    return TransformerGAN(
        network(),
        draw_weights(window_generator(SHAPE, latent=4, units=(8,), width=4), 1),
        draw_weights(window_discriminator(SHAPE, units=(8,), dropout=0.0), 2),
        coupling,
        score_by=score_by,
        **options,
    )


def compiled(model, **rates):
    """Plain gradient descent, each part at its own rate: a part without one stands still."""
    parts = [part for part in PARTS if getattr(model, part) is not None]
    model.compile(**{part: keras.optimizers.SGD(rates.get(part, 0.0)) for part in parts})
    return model


def steps(model, x, count=3):
    """Logs of each of `count` steps on `x`."""
    return [
        {name: float(value) for name, value in logs.items()}
        for logs in (model.train_on_batch(x, return_dict=True) for _ in range(count))
    ]


def trainable(model, part):
    return [numpy(v) for v in getattr(model, part).trainable_variables]


def far(a, b):
    """The largest difference between two lists of weights."""
    return max(np.abs(x - y).max() for x, y in zip(a, b, strict=True))


def fix(layer, bias):
    """Let a dense layer give `bias` whatever it sees."""
    layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.asarray(bias, "float32")])


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(24, *SHAPE)) + rng.normal(size=(24, 1, 3))).astype("float32")


@pytest.fixture(scope="module")
def alone(x):
    """Weights of a Transformer after three steps without a GAN."""
    model = compiled(TransformerGAN(network()), transformer=0.1)
    steps(model, x)
    assert far(trainable(model, "transformer"), trainable_at_first()) > 1e-3
    return trainable(model, "transformer")


def trainable_at_first():
    return [numpy(v) for v in network().trainable_variables]


def test_separate_coupling_never_reaches_the_transformer(x, alone):
    model = gan(adversarial_weight=100.0)
    steps(compiled(model, transformer=0.1, generator=0.1, discriminator=0.1), x)
    assert far(trainable(model, "transformer"), alone) < 1e-6


def test_joint_coupling_reaches_it_by_its_weight(x, alone):
    shifts = []
    for weight in (0.01, 0.1):
        model = gan(coupling="joint", adversarial_weight=weight)
        steps(compiled(model, transformer=0.1), x)
        shifts.append(far(trainable(model, "transformer"), alone))
    assert shifts[0] > 1e-5
    assert 5 < shifts[1] / shifts[0] < 20  # about tenfold


def test_joint_pay_makes_reconstructions_look_more_real(x):
    model = gan(coupling="joint", contrast_weight=0, reconstruction_weight=0, adversarial_weight=1)
    logs = steps(compiled(model, transformer=0.05), x, 10)
    assert logs[-1]["adversarial"] < logs[0]["adversarial"] - 0.01


@pytest.mark.parametrize("coupling", ["separate", "joint"])
def test_each_part_moves_by_its_own_optimizer_alone(x, coupling):
    model = compiled(gan(coupling=coupling))
    for moving in PARTS:
        before = {part: trainable(model, part) for part in PARTS}
        model.optimizer.by_part[moving].learning_rate = 0.1
        steps(model, x, 1)
        model.optimizer.by_part[moving].learning_rate = 0.0
        for part in PARTS:
            moved = far(trainable(model, part), before[part])
            assert moved > 1e-4 if part == moving else moved == 0, (moving, part)


def test_the_discriminator_learns_what_is_real(x):
    model = compiled(gan(contrast_weight=0), discriminator=0.1)
    logs = steps(model, x + 3, 20)
    assert logs[-1]["discriminator"] < logs[0]["discriminator"]
    real = numpy(model.terms(x + 3)[1])  # 1 − D
    fake = numpy(model.terms(model.generator(model.latent(24)))[1])
    assert np.mean(real) < 0.5 < np.mean(fake)


def test_costs_of_an_undecided_discriminator(x):
    """D = ½ everywhere: both of its costs are log 2, and so is the generator's."""
    for coupling in ("separate", "joint"):
        model = compiled(gan(coupling=coupling, reconstruction_weight=2.0, adversarial_weight=0.5))
        fix(model.discriminator.layers[-1], [0.0])
        logs = steps(model, x, 1)[0]
        assert logs["discriminator"] == pytest.approx(2 * np.log(2), rel=1e-5)
        assert logs["generator"] == pytest.approx(np.log(2), rel=1e-5)
        third = logs["generator"] if coupling == "separate" else logs["adversarial"]
        assert third == pytest.approx(np.log(2), rel=1e-5)
        total = 2 * logs["reconstruction"] + 0.2 * logs["contrast"] + 0.5 * third
        assert logs["loss"] == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("coupling", ["separate", "joint"])
def test_validation_judges_the_transformer_alone(x, coupling):
    model = compiled(gan(coupling=coupling, adversarial_weight=0.5))
    logs = model.evaluate(x, batch_size=24, verbose=0, return_dict=True)
    terms = {"reconstruction": 1.0, "contrast": 0.2, "adversarial": 0.5}
    if coupling == "separate":
        del terms["adversarial"]
    assert set(logs) == {"loss", *terms}
    total = sum(weight * logs[term] for term, weight in terms.items())
    assert logs["loss"] == pytest.approx(total, rel=1e-5)


def test_without_contrast_there_is_no_second_view(x):
    model = compiled(TransformerGAN(network(), contrast_weight=0.0))
    logs = model.evaluate(x, verbose=0, return_dict=True)
    assert set(logs) == {"loss", "reconstruction"}
    assert logs["reconstruction"] == pytest.approx(np.mean(model.predict(x, verbose=0)), rel=1e-5)


def test_the_score_is_error_plus_doubt():
    """A network that reconstructs 1 everywhere and a D of ¼: by hand."""
    x = np.zeros((2, *SHAPE), "float32")
    x[1, 0] = [4, 1, 1]  # error 9 + 0 + 0 on this row, 1 on the 15 other values
    expected = {"reconstruction": np.array([1.0, 24 / 18]), "discriminator": np.full(2, 0.75)}
    expected["both"] = expected["reconstruction"] + expected["discriminator"]
    for score_by, scores in expected.items():
        model = gan(score_by=score_by)
        fix(reconstructing(model), np.ones(3))
        fix(model.discriminator.layers[-1], [np.log(1 / 3)])
        np.testing.assert_allclose(model.predict(x, verbose=0), scores, rtol=1e-5)
        error, doubt = (numpy(term) for term in model.terms(x))
        np.testing.assert_allclose(error, expected["reconstruction"], rtol=1e-5)
        np.testing.assert_allclose(doubt, 0.75, rtol=1e-5)
    errors = numpy(model.errors(x))
    assert errors.shape == x.shape
    np.testing.assert_allclose(errors[1, 0], [9, 0, 0], atol=1e-5)


def test_without_a_gan_the_score_is_the_error(x):
    model = TransformerGAN(network())
    error, doubt = (numpy(term) for term in model.terms(x))
    assert np.all(doubt == 0) and doubt.shape == (24,)
    np.testing.assert_allclose(model.predict(x, verbose=0), error, rtol=1e-6)


def reconstructing(model):
    """The layer that gives the reconstruction."""
    return next(n for n in model.transformer.layers if n.output is model.transformer.outputs[0])


@pytest.mark.parametrize("normalize", ["center", "window", "reversible"])
def test_a_level_of_its_own_leaves_the_score_of_a_window(x, normalize):
    lifted = x + np.array([100.0, -3.0, 7.0], "float32")
    plain, own = gan(), gan(normalize=normalize)
    np.testing.assert_allclose(own.predict(lifted, verbose=0), own.predict(x, verbose=0), rtol=1e-3)
    assert far([plain.predict(lifted, verbose=0)], [plain.predict(x, verbose=0)]) > 1


@pytest.mark.parametrize(
    ("normalize", "factor"), [("none", 9), ("center", 9), ("window", 1), ("reversible", 9)]
)
def test_the_units_of_the_error(x, normalize, factor):
    """Of a network that returns 0, the mean of its view: 3 times the data cost 9 or 1 times."""
    model = TransformerGAN(network(), normalize=normalize)
    fix(reconstructing(model), np.zeros(3))
    small, large = model.predict(x, verbose=0), model.predict(3 * x, verbose=0)
    np.testing.assert_allclose(large, factor * small, rtol=2e-3)
    if normalize == "window":
        np.testing.assert_allclose(small, 1, rtol=2e-3)
    elif normalize != "none":
        np.testing.assert_allclose(small, np.mean(np.var(x, axis=1), axis=-1), rtol=2e-3)


def test_training_counts_the_error_in_the_units_of_the_score(x):
    for normalize in ("none", "center", "window", "reversible"):
        model = compiled(TransformerGAN(network(), contrast_weight=0, normalize=normalize))
        logs = model.evaluate(5 * x, verbose=0, return_dict=True)
        assert logs["loss"] == pytest.approx(np.mean(model.predict(5 * x, verbose=0)), rel=1e-5)


def test_augmentation_masks_its_share_of_half_of_the_windows():
    x = np.full((400, 10, 5), 7.0, "float32")
    masked = numpy(TransformerGAN(network(), mask=0.3, jitter=0.0).augment(x)) == 0
    hit = masked.any(axis=(1, 2))
    assert np.mean(hit) == pytest.approx(0.5, abs=0.1)  # four deviations
    assert np.mean(masked[hit]) == pytest.approx(0.3, abs=0.02)


def test_augmentation_jitters_the_other_half_as_it_falls():
    x = np.full((400, 10, 5), 7.0, "float32")
    both = numpy(TransformerGAN(network(), mask=0.3, jitter=0.2).augment(x))
    noise = (
        numpy(TransformerGAN(network(), mask=0.0, jitter=0.2).augment(ops.convert_to_tensor(x))) - x
    )
    hit = noise.any(axis=(1, 2))
    assert np.mean(hit) == pytest.approx(0.5, abs=0.1)
    assert np.std(noise[hit]) == pytest.approx(0.2, rel=0.05)
    assert np.mean(noise[hit]) == pytest.approx(0, abs=0.01)
    untouched = np.mean((both == x).all(axis=(1, 2)))
    assert untouched == pytest.approx(0.25, abs=0.09)  # masked and jittered by coins of their own
    np.testing.assert_array_equal(
        numpy(TransformerGAN(network(), mask=0.0, jitter=0.0).augment(x)), x
    )


def test_every_step_draws_anew_and_every_validation_alike(x):
    model = compiled(gan(mask=0.3, jitter=0.2))
    learned = steps(model, x, 2)
    checks = [model.evaluate(x, verbose=0, return_dict=True) for _ in range(2)]
    for term in ("contrast", "generator"):
        assert abs(learned[0][term] - learned[1][term]) > 1e-5
    assert checks[0] == checks[1]


def test_a_generator_beside_it_draws_the_same_augmentation(x):
    alone, beside = TransformerGAN(network()), gan()
    for model in (alone, beside):
        model.seen = [numpy(model.augment(x))]
        if model.generator is not None:
            model.latent(8)
        model.seen.append(numpy(model.augment(x)))
    np.testing.assert_array_equal(alone.seen, beside.seen)


@pytest.mark.xdist_group("published_transformer_gan")  # built once: it takes seconds
def test_the_published_networks_have_the_published_number_of_weights():
    shape = (100, 38)
    networks = window_generator(shape), window_discriminator(shape)
    model = TransformerGAN(transformer_reconstructor(shape), *networks, "separate")
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == 9_634_509


def test_a_discriminator_that_wins_outright_is_named():
    model = gan()
    with pytest.warns(UserWarning, match="wins outright .its loss is 0.01, a draw is 1.39.*lower"):
        model.after_fit({"loss": [1.0], "discriminator": [1.4, 0.01]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.after_fit({"loss": [1.0], "discriminator": [0.01, 1.2]})
        model.after_fit({"loss": []})
        TransformerGAN(network()).after_fit({"loss": [1.0]})


def test_a_fit_in_which_the_discriminator_wins_says_so(x):
    sums = window_discriminator(SHAPE, units=())
    sums.set_weights([np.ones((18, 1)), np.array([-90.0])])  # 18 values of about 10 are real
    generator = draw_weights(window_generator(SHAPE, latent=4, units=(), width=4), 1)
    model = compiled(TransformerGAN(network(), generator, sums, "separate", contrast_weight=0))
    with pytest.warns(UserWarning, match="the discriminator wins outright") as caught:
        model.fit(x + 10, batch_size=24, epochs=1, verbose=0)
    assert __file__ in {warning.filename for warning in caught}


NO_FLOAT16 = pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="JAX has no float16 attention on a CPU"
)


@pytest.mark.parametrize(
    "policy", ["mixed_bfloat16", pytest.param("mixed_float16", marks=NO_FLOAT16)]
)
def test_half_precision_trains_and_scores_in_float32(policy, x):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = gan(coupling="joint", normalize="reversible")
        model.compile(**{part: keras.optimizers.Adam(1e-3) for part in PARTS})
        logs = steps(model, x, 2)
        scores = model.predict(x, verbose=0)
    finally:
        keras.config.set_dtype_policy(before)
    assert all(np.isfinite(list(each.values())).all() for each in logs)
    assert scores.dtype == "float32" and np.all(np.isfinite(scores))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coupling": "loose"}, "coupling 'loose' is unknown; choose one of"),
        ({"normalize": "batch"}, "normalize 'batch' is unknown; choose one of"),
        ({"score_by": "loss"}, "score_by 'loss' is unknown; choose one of"),
        ({"mask": 1.0}, "mask is 1.0, expected a share"),
        ({"jitter": -0.1}, "jitter is -0.1, expected 0 or more"),
        ({"contrast_weight": -1}, "contrast_weight is -1, expected 0 or more"),
        ({"temperature": 0}, "temperature is 0, expected a number above 0"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        gan(**options)


def test_networks_that_do_not_fit_are_refused():
    generator, discriminator = window_generator(SHAPE), window_discriminator(SHAPE)
    with pytest.raises(ValueError, match="come together; give both or neither"):
        TransformerGAN(network(), generator)
    for score_by in ("discriminator", "both"):
        with pytest.raises(ValueError, match=f"'{score_by}' needs a generator and a discriminator"):
            TransformerGAN(network(), score_by=score_by)
    with pytest.raises(ValueError, match="coupling is 'joint' and the model has no generator"):
        TransformerGAN(network(), coupling="joint")
    with pytest.raises(ValueError, match="coupling is 'none' and the model has a generator"):
        TransformerGAN(network(), generator, discriminator)
    with pytest.raises(ValueError, match="expected the list of a reconstruction"):
        TransformerGAN(discriminator)
    with pytest.raises(
        ValueError, match=r"generator gives \(None, 7, 3\); expected \(None, 6, 3\)"
    ):
        TransformerGAN(network(), window_generator((7, 3)), discriminator, "joint")
    with pytest.raises(ValueError, match=r"discriminator maps \(None, 7, 3\) to \(None, 1\)"):
        TransformerGAN(network(), generator, window_discriminator((7, 3)), "joint")


def test_a_config_of_0_1_0_without_a_gan_is_read():
    model = TransformerGAN(network(), normalize="center")
    config = {**model.get_config(), "coupling": "separate", "score_by": "both"}
    assert TransformerGAN.from_config(config).get_config() == model.get_config()
