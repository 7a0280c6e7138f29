"""LeNet and its mirror: shapes, sizes counted by hand, nothing that makes a center from nothing."""

import keras
import numpy as np
import pytest

from zoo.nn.networks import lenet, lenet_decoder

SHAPES = [((28, 28, 1), 32), ((32, 32, 3), 128)]


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


@pytest.mark.parametrize(("shape", "embedding"), SHAPES)
def test_the_decoder_mirrors_the_encoder(shape, embedding):
    encoder, decoder = lenet(shape), lenet_decoder(shape)
    assert encoder.output_shape == (None, embedding)
    assert decoder.input_shape == (None, embedding)
    assert decoder.output_shape == (None, *shape)
    images = np.random.default_rng(0).uniform(size=(2, *shape)).astype("float32")
    drawn = decoder.predict(encoder.predict(images, verbose=0), verbose=0)
    assert drawn.shape == images.shape
    assert np.all((drawn >= 0) & (drawn <= 1))


def test_parameters_by_hand():
    # 5×5 kernels in × out, then the dense map; batch norm trains nothing.
    assert trainable(lenet((28, 28, 1))) == 25 * 8 + 25 * 8 * 4 + 7 * 7 * 4 * 32
    assert trainable(lenet((32, 32, 3))) == (
        25 * 3 * 32 + 25 * 32 * 64 + 25 * 64 * 128 + 4 * 4 * 128 * 128
    )
    assert trainable(lenet_decoder((28, 28, 1))) == 25 * 2 * 4 + 25 * 4 * 8 + 25 * 8
    assert trainable(lenet_decoder((32, 32, 3))) == (
        25 * 8 * 128 + 25 * 128 * 64 + 25 * 64 * 32 + 25 * 32 * 3
    )


@pytest.mark.parametrize("build", [lenet, lenet_decoder])
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_no_bias_and_no_affine_term(build, shape):
    network = build(shape)
    assert {v.name for v in network.trainable_variables} == {"kernel"}
    norms = [n for n in network.layers if isinstance(n, keras.layers.BatchNormalization)]
    assert norms and not any(norm.center or norm.scale for norm in norms)


def test_a_black_image_maps_to_zero():
    assert np.all(lenet((28, 28, 1)).predict(np.zeros((1, 28, 28, 1)), verbose=0) == 0)


@pytest.mark.parametrize("shape", [(64, 64, 3), (28, 32, 1), (28, 28)])
def test_another_size_is_refused(shape):
    with pytest.raises(ValueError, match="28×28 or 32×32 pixels with channels last"):
        lenet(shape)
    with pytest.raises(ValueError, match="28×28 or 32×32 pixels with channels last"):
        lenet_decoder(shape)


def test_a_code_without_a_map_is_refused():
    with pytest.raises(ValueError, match="20 is no multiple of 16"):
        lenet_decoder((28, 28, 1), embedding=20)
