"""The one base class: a detector learns from data, mostly without labels, and scores it."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.errors import InputError
from zoo.models import collapse
from zoo.nn.initializers import drawn_by_numpy
from zoo.training import epochs
from zoo.training.means import RunningMeans
from zoo.training.optimizers import PartOptimizers
from zoo.training.pieces import in_batches, samples_a_call

if TYPE_CHECKING:
    from zoo.models.examples import Example


class AnomalyModel(engine.Trainer, keras.Model):
    """A Keras model that says how it learns and how it scores.

    A subclass gives two verbs, both in `keras.ops` on a batch of data:

    - `learn(x, training=True)` takes one step and returns a dict of scalar logs, `"loss"` among
      them. Inside, `minimize(loss, "part")` moves the weights of `self.part`.
    - `score(x)` returns `(n,)` float32, larger = stranger. It is what `predict` gives.

    Everything else is Keras: `compile`, `fit` with validation data and callbacks, `evaluate`,
    `save`. Validation runs `learn(x, training=False)` and throws away whatever it moved.

    State that changes during a step lives in `keras.Variable`s (`add_weight`), never in Python
    attributes; every `__init__` argument is kept under its own name, and that is the config.

    A model that learns from labels sets `needs_labels = True`; its verb is then
    `learn(x, y, training=True)`, and it is fitted as `fit(x, y)`. What it gives is still a score.

    After `fit`, `verdict` tells whether the model collapsed (`zoo.models.collapse.Verdict`).
    """

    needs_labels = False

    def __init__(self, **kwargs):
        super().__init__(autocast=False, **kwargs)  # networks cast; scores see the data as it is
        self.means = RunningMeans()
        self.verdict = None
        self._learning = False
        self._loops = {}
        self._terms = SimpleNamespace(of={})  # training or not, to names of terms
        self._scorer = None

    def learn(self, x, training=True):
        """One training step on a batch; dict of scalar logs with `"loss"` among them."""
        raise NotImplementedError(f"{type(self).__name__} must say how it learns")

    def score(self, x):
        """Anomaly scores `(n,)` of a batch; larger = stranger."""
        raise NotImplementedError(f"{type(self).__name__} must say how it scores")

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Return tiny untrained instances of this class, for the tests that every model passes."""
        return ()

    def before_fit(self, data):
        """Set what must be known before the first step (a center); `data` is what `fit` got."""

    def begin_epoch(self, epoch):
        """Change what goes by epochs; `epoch` counts from 0."""

    def after_fit(self, history):
        """Warn of what this model's own logs tell; `history` maps each to its epochs' values."""

    def causes_of_collapse(self):
        """Sentences on what in this model's set-up invites collapse, and the cure."""
        return []

    def call(self, x):
        return self.score(x)

    def build(self, input_shape=None):
        """Nothing to create, for networks arrive built; `sample_shape` is that of one sample."""
        if input_shape is not None:
            self.sample_shape = tuple(input_shape[1:])

    def minimize(self, loss, *parts):
        """Move the weights of `parts` down the gradient of `loss()`.

        Args:
            loss: function of no arguments; returns a scalar, or `(scalar, terms)` with a dict of
                further scalars to report.
            *parts: names of attributes (networks) whose trainable variables move, each by the
                optimizer it was compiled with.

        Returns:
            What `loss()` returned. During validation nothing moves.
        """
        if not self._learning:
            return loss()
        variables = {part: getattr(self, part).trainable_variables for part in parts}
        optimizers = self._optimizers_of(parts)
        scales = [optimizer.scale_loss(1.0) for optimizer, _ in optimizers]
        with_terms = []

        def scaled():
            result = loss()
            with_terms.append(isinstance(result, tuple))
            value, terms = result if isinstance(result, tuple) else (result, {})
            return value, value * scales[0], terms

        moving = [v for part in parts for v in variables[part]]
        value, gradients, terms = engine.gradients(scaled, moving, self._state())
        of = {id(v): gradient for v, gradient in zip(moving, gradients, strict=True)}
        for (optimizer, names), own_scale in zip(optimizers, scales, strict=True):
            own = [v for name in names for v in variables[name]]
            taken = [of[id(v)] for v in own]
            if own_scale is not scales[0]:  # each optimizer takes off its own scale
                taken = [g if g is None else g * (own_scale / scales[0]) for g in taken]
            engine.apply_gradients(optimizer, taken, own)
        return (value, terms) if with_terms[0] else value

    def compile(
        self,
        optimizer="adam",
        *,
        jit_compile="auto",
        run_eagerly=False,
        steps_per_execution=1,
        **parts,
    ):
        """Choose the optimizer, or one per part: `compile(generator=Adam(1e-4), critic=Adam())`.

        Args:
            optimizer: Keras optimizer (or its name) of the whole model, where `parts` names none.
            jit_compile: as in Keras.
            run_eagerly: as in Keras.
            steps_per_execution: as in Keras; 1 on torch.
            **parts: attribute name of a network to its optimizer. When given, callbacks that
                steer a learning rate act on the first.

        Raises:
            ValueError: a named part that the model does not have.
        """
        missing = [part for part in parts if part not in self._parts()]
        if missing:
            raise InputError(
                f"{type(self).__name__} has no part {missing[0]!r}; an optimizer can be given "
                f"for {', '.join(self._parts())}."
            )
        if parts:
            optimizer = PartOptimizers(
                {part: self._scaling(keras.optimizers.get(own)) for part, own in parts.items()}
            )
        super().compile(
            optimizer=optimizer if parts else self._scaling(keras.optimizers.get(optimizer)),
            jit_compile=jit_compile,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=False,
        )
        self._loops = {}
        with drawn_by_numpy():
            if parts:
                self.optimizer.build_parts({p: getattr(self, p).trainable_variables for p in parts})
            elif not self.optimizer.built:
                self.optimizer.build(self.trainable_variables)

    def fit(self, x=None, y=None, *args, callbacks=None, **kwargs):
        """Train as `keras.Model.fit` does; then check for collapse and warn of it.

        Args:
            x: array `(n, ...)`, `keras.utils.PyDataset`, `tf.data.Dataset`, torch `DataLoader`
                or anything else that Keras iterates.
            y: labels `(n,)`, 1 = anomaly, of a model that needs them and an `x` that does not
                bring them; None otherwise.
            *args: as in Keras.
            callbacks: as in Keras.
            **kwargs: as in Keras.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: labels were given and not needed, or needed and not given; the model was
                not compiled.
        """
        if y is not None and not self.needs_labels:
            raise InputError(f"{type(self).__name__} learns without labels; call fit(x) alone.")
        if y is None and self.needs_labels and hasattr(x, "shape"):
            raise InputError(f"{type(self).__name__} learns from labels; call fit(x, y).")
        self._assert_compile_called("fit")
        examination, hook = self.begin_fit(x)
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks.callbacks.append(hook)
        else:
            callbacks = [hook, *_as_list(callbacks)]
        if hasattr(x, "begin_epoch"):
            kwargs.setdefault("shuffle", False)  # they are; Keras would shuffle them once more
        history = self._fit(x, y, *args, callbacks=callbacks, **kwargs)
        self.verdict = examination.verdict(history.history.get("loss", []))
        self.after_fit(history.history)
        return history

    def begin_fit(self, x):
        """What comes before the first step of a fit to `x`.

        Returns:
            A `collapse.Examination` to ask for the verdict afterwards, and the callback that
            tells model and data of each epoch.
        """
        self.before_fit(x)
        return collapse.Examination(self, peek(x)), keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, _: self._begin_epoch(epoch, x)
        )

    def _fit(self, x, y, *args, **kwargs):
        """Many steps a call for data in memory; Keras' own `fit` for all that it alone serves."""
        given = None if self.run_eagerly else epochs.served(*args, **kwargs)
        if given is not None:
            shuffle = given.pop("shuffle", True)
            batches = epochs.as_batches(x, y, given.get("batch_size"), shuffle)
            if batches is not None:
                return epochs.fit(self, batches, **given)
        return super().fit(x, y, *args, **kwargs)

    def loop(self, training):
        """What takes steps of training, or of validation, many a call."""
        if training not in self._loops:
            step = self.learn_batch if training else self.check_batch
            self._loops[training] = engine.Loop(step, self._moved(), self)
        return self._loops[training]

    def follow(self, first):
        """Take steps and scores by the programs of `first`, a model that is alike; JAX.

        They are compiled once then. `lead` ends it.
        """
        self._loops = {True: first.loop(training=True).of(self._moved())}
        self._terms = first._terms
        self._scorer = first.scorer().of(self)
        for name in self._parts():
            network = getattr(self, name)
            network._zoo_forward = engine.forward(getattr(first, name)).of(network)

    def lead(self):
        """Forget whose programs were taken: the next fit compiles this model's own."""
        self._loops = {}
        self._terms = SimpleNamespace(of=dict(self._terms.of))
        self._scorer = None
        for name in self._parts():
            getattr(self, name)._zoo_forward = None

    def mean_logs(self, training):
        """Means of the terms that `learn` reported since the metrics were reset, as floats.

        Training and validation may report others, and a compiled step does not say which.
        """
        self.means.names = self._terms.of[training]
        return self.means.as_floats()

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Scores `(n,)` float32 as NumPy.

        Args:
            x: as in Keras; an array goes through `scores`, without a progress bar unless
                `verbose` is 1 or 2.
            batch_size: as in Keras; None of an array lets `scores` choose.
            verbose: as in Keras.
            steps: as in Keras.
            callbacks: as in Keras.
        """
        if isinstance(x, np.ndarray) and verbose in (0, "auto") and not (steps or callbacks):
            return self.scores(x, batch_size)
        return super().predict(x, batch_size, verbose, steps, callbacks)

    def scores(self, x, batch_size=None):
        """Scores `(n,)` float32 as NumPy, of an array and at the speed of the bare network.

        Args:
            x: `(n, ...)` array; overlapping windows are copied batch by batch.
            batch_size: samples a batch; None takes 64 to 4096, as the sizes of sample and layers
                suggest on this backend. Many batches are one call.
        """
        if not len(x):
            return np.zeros(0, "float32")
        if batch_size is None:
            batch_size = samples_a_call(x, *(getattr(self, part) for part in self._parts()))
        return in_batches(self.scorer(), x, batch_size)

    def scorer(self):
        """`score`, compiled; it takes and gives NumPy."""
        if self._scorer is None:
            self._scorer = engine.compiled(self.score, self)
        return self._scorer

    def learn_batch(self, data):
        """One training step, as the engine calls it; the epoch's mean logs so far."""
        given = self._given(data)
        self._learning = True
        try:
            logs = self.learn(*given, training=True)
        finally:
            self._learning = False
        return self._report(logs, given[0], training=True)

    def check_batch(self, data):
        """One validation step: `learn` without moving anything; the mean logs so far."""
        given = self._given(data)
        with keras.StatelessScope(
            [(v, v.value) for v in self._state()], initialize_variables=False
        ):
            logs = self.learn(*given, training=False)
        return self._report(logs, given[0], training=False)

    @property
    def metrics(self):
        return [self.means]

    def get_config(self):
        own = {n: keras.saving.serialize_keras_object(getattr(self, n)) for n in arguments(self)}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value, custom_objects)
                for name, value in copy.deepcopy(config).items()  # Keras empties what it reads
            }
        )

    def get_compile_config(self):
        if not self.compiled:
            return {}
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)}

    def compile_from_config(self, config):
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        if isinstance(optimizer, PartOptimizers):
            self.compile(**optimizer.by_part)
        else:
            self.compile(optimizer)

    def _begin_epoch(self, epoch, data):
        self.begin_epoch(epoch)
        if hasattr(data, "begin_epoch"):
            data.begin_epoch(epoch)

    def _given(self, data):
        """What `learn` takes of a batch: `(x,)`, or `(x, y)` where labels are needed."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        if not self.needs_labels:
            return (x,)
        if y is None:
            raise InputError(
                f"{type(self).__name__} learns from labels, but its batches hold none; give "
                f"batches of (x, y)."
            )
        return x, y

    def _report(self, logs, x, training):
        self.means.update_state(logs, sample_weight=ops.shape(x)[0])
        self._terms.of[training] = self.means.names
        return self.means.result()

    def _moved(self):
        """All that a step may assign to, each once."""
        groups = [self.variables, self.optimizer.variables, self.metrics_variables]
        return list({id(v): v for group in groups for v in group}.values())

    def _state(self):
        return [*self.trainable_variables, *self.non_trainable_variables]

    def _parts(self):
        parts = {n: getattr(self, n, None) for n in arguments(self)}
        return [n for n, part in parts.items() if isinstance(part, keras.Model)]

    def _optimizers_of(self, parts):
        """`[(optimizer, part names), ...]` for the parts that move together."""
        if not isinstance(self.optimizer, PartOptimizers):
            return [(self.optimizer, parts)]
        missing = [part for part in parts if part not in self.optimizer.by_part]
        if missing:
            raise InputError(
                f"{type(self).__name__} was compiled with an optimizer for "
                f"{', '.join(self.optimizer.by_part)}, but also trains {missing[0]!r}; "
                f"add {missing[0]}=... to compile()."
            )
        return [(self.optimizer.by_part[part], (part,)) for part in parts]

    def _scaling(self, optimizer):
        wraps = self.dtype_policy.name == "mixed_float16"
        if wraps and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            return keras.optimizers.LossScaleOptimizer(optimizer)
        return optimizer


def arguments(model):
    """Names of the `__init__` arguments of `model`, each kept as an attribute."""
    names = inspect.signature(type(model).__init__).parameters
    return [name for name in names if name not in ("self", "kwargs")]


def _inputs(data):
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    return x


def _as_list(callbacks):
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def peek(data, size=256):
    """Up to `size` leading samples of what `fit` takes, as NumPy; None where it runs only once."""
    if hasattr(data, "shape"):
        return np.asarray(data[:size])
    if hasattr(data, "__next__"):
        return None
    batch = data[0] if isinstance(data, keras.utils.PyDataset) else next(iter(data))
    return keras.ops.convert_to_numpy(_inputs(batch))[:size]
