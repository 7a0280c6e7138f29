"""Every model keeps every promise of `zoo.models.contract`, and a model that does not is told."""

import keras
import numpy as np
import pytest
from keras import ops

import zoo.models
from zoo.errors import ZooError
from zoo.models import contract, model_classes
from zoo.models.base import AnomalyModel
from zoo.models.examples import Example, row_decoder, row_encoder
from zoo.nn import losses


@pytest.mark.parametrize("promise", contract.PROMISES, ids=lambda promise: promise.name)
def test_every_model_keeps(promise, subject):
    promise(subject)


@pytest.mark.parametrize("cls", model_classes(), ids=lambda cls: cls.__name__)
def test_every_model_is_an_attribute_of_the_package(cls):
    assert getattr(zoo.models, cls.__name__) is cls
    assert cls.__name__ in dir(zoo.models)


@keras.saving.register_keras_serializable(package="elsewhere")
class Sound(AnomalyModel):
    """An autoencoder that keeps every promise; subclasses break one each."""

    def __init_subclass__(cls):
        keras.saving.register_keras_serializable(package="elsewhere")(cls)

    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.add_parts()
        self.build(encoder.input_shape)

    def add_parts(self):
        pass

    @classmethod
    def examples(cls):
        yield Example("rows", lambda: cls(row_encoder(), row_decoder()), "table")

    def learn(self, x, training=True, sample_weight=None):
        def loss():
            return losses.weighted_mean(self.score(x), sample_weight)

        return {"loss": self.minimize(loss, "encoder", "decoder")}

    def score(self, x):
        return losses.squared_error(x, self.decoder(self.encoder(x)))


class NoExamples(Sound):
    @classmethod
    def examples(cls):
        return ()


class NewWeightsEachTime(Sound):
    @classmethod
    def examples(cls):
        seeds = iter(range(100))
        yield Example("rows", lambda: cls(row_encoder(seed=next(seeds)), row_decoder()), "table")


class HiddenNetwork(Sound):
    def add_parts(self):
        self.critic = row_encoder()


class ForgetsItsShape(Sound):
    def build(self, input_shape=None):
        super().build((None, 7))


class ForgetsAnArgument(Sound):
    def __init__(self, encoder, decoder, rate=1.0, **kwargs):
        super().__init__(encoder, decoder, **kwargs)
        self.rate = 2 * rate


class WrongLabels(Sound):
    needs_labels = True


class LearnsNothing(Sound):
    def learn(self, x, training=True, sample_weight=None):
        return {"loss": ops.mean(self.score(x))}


class TwoScoresEach(Sound):
    def score(self, x):
        return ops.square(x - self.decoder(self.encoder(x)))[:, :2]


class TurnedRound(Sound):
    """Its scores are larger for what is normal."""

    def learn(self, x, training=True, sample_weight=None):
        def loss():
            return losses.weighted_mean(-self.score(x), sample_weight)

        return {"loss": self.minimize(loss, "encoder", "decoder")}

    def score(self, x):
        return -super().score(x)


class ScoresByBatch(Sound):
    """A sample's score depends on the batch that it comes in."""

    def score(self, x):
        errors = super().score(x)
        return errors / ops.sum(errors) if ops.shape(x)[0] == 5 else errors


class IgnoresWeights(Sound):
    def learn(self, x, training=True, sample_weight=None):
        return super().learn(x, training)


BROKEN = {
    NewWeightsEachTime: ("make_repeats", "weights"),
    HiddenNetwork: ("networks_are_arguments", "'mlp'"),
    ForgetsItsShape: ("is_born_built", r"\(7,\)"),
    ForgetsAnArgument: ("config_round_trip", "rate=4.0"),
    WrongLabels: ("labels_fit", "needs_labels=True"),
    LearnsNothing: ("fit_lowers_the_loss", "the weights did not move|a loss of"),
    TwoScoresEach: ("scores_rank", r"\(16, 2\)|shape"),
    TurnedRound: ("scores_rank", "a median of"),
    ScoresByBatch: ("predict_is_score", "batches of 5"),
    IgnoresWeights: ("weights_count", "a difference"),
}


def test_a_sound_model_from_elsewhere_passes():
    contract.check(Sound)


@pytest.mark.parametrize("cls", BROKEN, ids=lambda cls: cls.__name__)
def test_a_model_that_breaks_a_promise_is_told_which(cls):
    name, found = BROKEN[cls]
    with pytest.raises(contract.ContractError, match=found) as error:
        contract.check(cls)
    assert error.value.promise == name
    sentence = next(each.sentence for each in contract.PROMISES if each.name == name)
    assert str(error.value).startswith(f"{cls.__name__}, example 'rows': {sentence} Found: ")
    assert isinstance(error.value, ZooError)


@pytest.mark.parametrize("cls", [NoExamples, keras.Model, np.ndarray])
def test_a_class_without_examples_is_told_so(cls):
    with pytest.raises(contract.ContractError, match="has no examples|no subclass"):
        contract.check(cls)
