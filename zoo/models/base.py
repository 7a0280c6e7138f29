"""The one base class: a model learns from data, mostly without labels, and scores it."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.backend import Tensor
from zoo.errors import InputError
from zoo.models import collapse
from zoo.nn.initializers import drawn_by_numpy
from zoo.training import data as given_data
from zoo.training import epochs as fast_epochs
from zoo.training.means import RunningMeans
from zoo.training.optimizers import PartOptimizers
from zoo.training.pieces import in_batches, samples_per_call

if TYPE_CHECKING:
    from zoo.models.examples import Example

Logs = dict[str, Tensor]
ErrorsExplain = Literal["nothing", "part", "all"]
SETTINGS = (str, int, float, type(None))  # can be compared


class AnomalyModel(engine.Trainer, keras.Model):
    """A Keras model that says how it learns and how it scores.

    A subclass gives two verbs, both in `keras.ops` on a batch of data:

    - `learn(x, training=True)` takes one step and returns a dict of scalar logs, `"loss"` among
      them. Inside, `minimize(loss, "part")` moves the weights of `self.part`.
    - `score(x)` returns `(n,)` float32, larger = more anomalous. `predict` gives the same as NumPy.

    Everything else is Keras: `compile`, `fit` with validation data and callbacks, `evaluate`,
    `save`. Validation runs `learn(x, training=False)` and discards whatever it moved.

    State that changes during a step lives in `keras.Variable`s (`add_weight`), never in Python
    attributes; every `__init__` argument is kept under its own name, and that is the config. An
    argument that is changed later counts from the next fit or score on.

    A model that learns from labels sets `needs_labels = True`; its verb is then
    `learn(x, y, training=True)`, and it is fitted as `fit(x, y)`. What it gives is still a score.
    A model that weighs samples has a last parameter `sample_weight=None` in `learn`, and gets
    `(n,)` float32 there if weights were given; any other model refuses them.

    After `fit`, `verdict` tells whether the model collapsed (`zoo.models.collapse.Verdict`).
    """

    needs_labels = False

    def __init__(self, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)  # networks cast; scores see the data as it is
        self.means = RunningMeans()
        self.verdict: collapse.Verdict | None = None
        self._learning = False
        # A namespace, for Keras would track dicts. `terms`: training or not, to names of terms.
        self._compiled_parts = SimpleNamespace(loops={}, scorer=None, terms={})

    def __setattr__(self, name: str, value: Any) -> None:
        if "_compiled_parts" in self.__dict__ and name in arguments(self):
            same = isinstance(value, SETTINGS) and self.__dict__.get(name) == value
            if not same:
                self._forget_programs()
        super().__setattr__(name, value)

    def learn(self, x: Tensor, training: bool = True) -> Logs:
        """Take one training step on a batch; return scalar logs with `"loss"` among them."""
        raise NotImplementedError(f"{type(self).__name__} must say how it learns")

    def score(self, x: Tensor) -> Tensor:
        """Return anomaly scores `(n,)` of a batch; larger = more anomalous."""
        raise NotImplementedError(f"{type(self).__name__} must say how it scores")

    @property
    def center(self) -> Tensor | None:
        """The center of the embeddings, `(d,)`, in a model that measures distances from one."""
        return None

    @property
    def errors_explain(self) -> ErrorsExplain:
        """How much of the score is the mean of `errors`: explanations by errors ask."""
        return "nothing"

    def errors(self, x: Tensor) -> Tensor:
        """Return the squared error of every value of a batch, `x`'s shape, float32.

        Of a model that reconstructs or predicts; it says in `errors_explain` what they explain.
        """
        raise NotImplementedError(f"{type(self).__name__} neither reconstructs nor predicts")

    def network_input(self, x: Tensor) -> Tensor:
        """Return what the first network gets of a batch: `x`, unless the model normalises it."""
        return x

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Return tiny untrained instances of this class, for the tests that every model passes."""
        return ()

    def before_fit(self, data: Any) -> None:
        """Set what must be known before the first step (a center).

        Args:
            data: what is fitted to: `Batches`, or the data set that `fit` got.
        """

    def begin_epoch(self, epoch: int) -> None:
        """Change what goes by epochs; `epoch` counts from 0."""

    def after_fit(self, history: Mapping[str, Sequence[float]]) -> None:
        """Warn of what this model's own logs tell; `history` maps each to its epochs' values."""

    def causes_of_collapse(self) -> list[str]:
        """Return sentences on what in this model's set-up invites collapse, and the cure."""
        return []

    def call(self, x: Tensor) -> Tensor:
        return self.score(x)

    def build(self, input_shape: Any = None) -> None:
        """Create nothing, for networks arrive built; `sample_shape` is that of one sample."""
        if input_shape is not None:
            self.sample_shape = tuple(input_shape[1:])

    def minimize(self, loss: Callable[[], Any], *parts: str) -> Any:
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

        def scaled() -> tuple[Tensor, Tensor, Logs]:
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
        optimizer: Any = "adam",
        *,
        jit_compile: Any = "auto",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        **parts: Any,
    ) -> None:
        """Choose the optimizer, or one per part: `compile(generator=Adam(1e-4), critic=Adam())`.

        Args:
            optimizer: Keras optimizer (or its name) of the whole model, where `parts` names none.
            jit_compile: as in Keras.
            run_eagerly: step through `learn` and `score` in Python, for a debugger.
            steps_per_execution: as in Keras, where Keras takes the steps; 1 on torch. The fast
                path takes as many steps per call as fill about a second.
            **parts: attribute name of a network to its optimizer. When given, callbacks that
                steer a learning rate act on the first.

        Raises:
            InputError: a named part that the model does not have.
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
        self._compiled_parts.loops = {}
        with drawn_by_numpy():
            if parts:
                self.optimizer.build_parts({p: getattr(self, p).trainable_variables for p in parts})
            elif not self.optimizer.built:
                self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | list[int] = 1,
    ) -> keras.callbacks.History:
        """Train as `keras.Model.fit` does; then check for collapse and warn of it.

        Args:
            x: `(n, ...)`: an array, a tensor of any backend, a frame or nested lists; or
                `zoo.training.batches.Batches`; or a data set that Keras iterates: a
                `keras.utils.PyDataset`, `tf.data.Dataset`, torch `DataLoader`, generator.
            y: labels `(n,)`, 1 = anomaly, of a model that needs them and an `x` that does not
                bring them; None otherwise.
            batch_size: samples a step, of arrays; 32 unless given.
            epochs: as in Keras.
            verbose: as in Keras.
            callbacks: as in Keras.
            validation_split: share of the samples, the last ones, to validate on.
            validation_data: what `x` may be, or `(x, y)`, or `(x, y, sample_weight)`.
            shuffle: whether the order of arrays changes each epoch.
            class_weight: label to the weight of its samples.
            sample_weight: weights of the samples, `(n,)`, 0 or more.
            initial_epoch: as in Keras.
            steps_per_epoch: as in Keras.
            validation_steps: as in Keras.
            validation_batch_size: samples a step of validation; `batch_size` unless given.
            validation_freq: as in Keras.

        Raises:
            InputError: labels were given and not needed, or needed and not given; weights were
                given to a model whose `learn` has no `sample_weight`; arrays of other lengths; the
                model was not compiled.
        """
        if not self.compiled:
            raise InputError(f"{type(self).__name__} is not compiled; call its compile() first.")
        self._check_labels(x, y)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = given_data.split(
                x, y, sample_weight, validation_split
            )
        data = given_data.in_batches_of(x, y, sample_weight, class_weight, batch_size, shuffle)
        validation = self._validation(validation_data, validation_batch_size or batch_size)
        self._check_weights(data, validation, class_weight)
        examination, hook = self.begin_fit(data)
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks.callbacks.append(hook)
        else:
            callbacks = [hook, *_as_list(callbacks)]
        options = {
            "epochs": epochs,
            "verbose": verbose,
            "callbacks": callbacks,
            "validation_data": validation,
            "initial_epoch": initial_epoch,
            "validation_freq": validation_freq,
        }
        limits = {"steps_per_epoch": steps_per_epoch, "validation_steps": validation_steps}
        if self._fits_fast(data, limits):
            history = fast_epochs.fit(self, data, **options)
        else:
            weights = {} if given_data.has_weights(data) else {"class_weight": class_weight}
            shuffle = shuffle and not fast_epochs.served(data)  # these are shuffled already
            history = super().fit(data, shuffle=shuffle, **options, **limits, **weights)
        self.verdict = examination.verdict(history.history.get("loss", []))
        self.after_fit(history.history)
        return history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        **options: Any,
    ) -> Any:
        """Return the mean logs of validation steps, as in Keras; `x` may be what `fit` takes."""
        data = given_data.in_batches_of(x, y, sample_weight, None, batch_size, shuffle=False)
        self._check_weights(data, None, None)
        return super().evaluate(data, verbose=verbose, **options)

    def begin_fit(self, data: Any) -> tuple[collapse.Examination, keras.callbacks.Callback]:
        """Do what comes before the first step of a fit to `data`.

        Returns:
            A `collapse.Examination` to ask for the verdict afterwards, and the callback that
            tells model and data of each epoch.
        """
        self.before_fit(data)
        return collapse.Examination(self, peek(data)), keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, _: self._begin_epoch(epoch, data)
        )

    def loop(self, training: bool) -> Any:
        """Return the loop that takes many steps of training, or of validation, per call."""
        loops = self._compiled_parts.loops
        if training not in loops:
            step = self.learn_batch if training else self.check_batch
            loops[training] = engine.Loop(step, self._moved(), self)
        return loops[training]

    def share_programs(self, first: AnomalyModel) -> None:
        """Take steps and scores by the programs of `first`, a model that is alike; JAX.

        They are compiled once then. `own_programs` ends it.
        """
        self._compiled_parts = SimpleNamespace(
            loops={True: first.loop(training=True).of(self._moved())},
            scorer=first._scorer().of(self.score, self),
            terms=first._compiled_parts.terms,
        )
        for name in self._parts():
            engine.share_forward(getattr(self, name), getattr(first, name))

    def own_programs(self) -> None:
        """Forget the shared programs: the next fit compiles this model's own."""
        terms = dict(self._compiled_parts.terms)
        self._compiled_parts = SimpleNamespace(loops={}, scorer=None, terms=terms)
        for name in self._parts():
            engine.share_forward(getattr(self, name), None)

    def mean_logs(self, training: bool) -> dict[str, float]:
        """Return the means of what `learn` reported since the metrics were reset.

        Training and validation may report other terms, and a compiled step does not say which.
        """
        self.means.names = self._compiled_parts.terms[training]
        return self.means.as_floats()

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> np.ndarray:
        """Return scores `(n,)` float32 as NumPy; larger = more anomalous.

        Args:
            x: what `fit` takes. Overlapping windows are copied batch by batch.
            batch_size: samples a batch of an array; None takes 64 to 4096, as the sizes of sample
                and layers suggest on this backend. Many batches are one call.
            verbose: as in Keras; an array has a progress bar for 1 and 2 alone.
            steps: as in Keras.
            callbacks: as in Keras.
        """
        if given_data.is_array_like(x):
            x = given_data.as_array(x)
            if verbose in (0, "auto") and not (steps or callbacks):
                return self._predict(x, batch_size)
            reason, cure = (
                "it shows progress or calls back",
                "leave verbose, steps and callbacks out",
            )
        else:
            reason, cure = f"x is a {type(x).__name__}, which Keras iterates", "give an array"
        if engine.fast():
            engine.step_aside(self, "score", reason, cure)
        return super().predict(x, batch_size, verbose, steps, callbacks)

    def learn_batch(self, data: Any) -> Logs:
        """Take one training step, as the engine calls it; return the epoch's mean logs so far."""
        learn: Any = self.learn
        given, weights = self._given(data)
        self._learning = True
        try:
            logs = learn(*given, training=True, **weights)
        finally:
            self._learning = False
        return self._report(logs, given[0], training=True)

    def check_batch(self, data: Any) -> Logs:
        """Take one validation step: `learn` without moving anything; return the mean logs."""
        learn: Any = self.learn
        given, weights = self._given(data)
        with keras.StatelessScope(
            [(v, v.value) for v in self._state()], initialize_variables=False
        ):
            logs = learn(*given, training=False, **weights)
        return self._report(logs, given[0], training=False)

    def make_train_function(self, force: bool = False) -> Any:
        return super().make_train_function(force or self._engine_changed("train"))

    def make_test_function(self, force: bool = False) -> Any:
        return super().make_test_function(force or self._engine_changed("test"))

    def make_predict_function(self, force: bool = False) -> Any:
        return super().make_predict_function(force or self._engine_changed("predict"))

    @property
    def metrics(self) -> list[Any]:
        return [self.means]

    def get_config(self) -> dict[str, Any]:
        own = {n: keras.saving.serialize_keras_object(getattr(self, n)) for n in arguments(self)}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> AnomalyModel:
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value, custom_objects)
                for name, value in copy.deepcopy(config).items()  # Keras empties what it reads
            }
        )

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        if isinstance(optimizer, PartOptimizers):
            self.compile(**optimizer.by_part)
        else:
            self.compile(optimizer)

    def _fits_fast(self, data: Any, limits: Mapping[str, Any]) -> bool:
        """Return whether the fast path takes the steps of a fit; log why if it cannot."""
        limited = [name for name, value in limits.items() if value is not None]
        if self.run_eagerly:
            reason, cure = "run_eagerly=True", "compile without it for speed"
        elif not fast_epochs.served(data):
            reason = f"x is a {type(data).__name__}, which Keras iterates"
            cure = "give an array or zoo.training.batches.Batches"
        elif limited:
            reason, cure = f"Keras alone counts {limited[0]}", f"leave {limited[0]} out"
        else:
            return engine.fast()
        if engine.fast():
            engine.step_aside(self, "fit", reason, cure)
        return False

    def _check_labels(self, x: Any, y: Any) -> None:
        if y is not None and not self.needs_labels:
            raise InputError(f"{type(self).__name__} learns without labels; call fit(x) alone.")
        if y is None and self.needs_labels and given_data.is_array_like(x):
            raise InputError(f"{type(self).__name__} learns from labels; call fit(x, y).")

    def _check_weights(self, data: Any, validation: Any, class_weight: Any) -> None:
        weights = class_weight or any(map(given_data.has_weights, (data, validation)))
        if weights and not weighs_samples(self):
            raise _refusal(self)

    def _validation(self, data: Any, batch_size: int | None) -> Any:
        """Return `validation_data` in batches, in their order; None where there are none."""
        if data is None:
            return None
        x, y, weights = data, None, None
        if isinstance(data, (list, tuple)) and len(data) <= 3:
            x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        return given_data.in_batches_of(x, y, weights, None, batch_size, shuffle=False)

    def _predict(self, x: np.ndarray, batch_size: int | None) -> np.ndarray:
        if not len(x):
            return np.zeros(0, "float32")
        if batch_size is None:
            batch_size = samples_per_call(x, *(getattr(self, part) for part in self._parts()))
        return in_batches(self._scorer(), x, batch_size)

    def _scorer(self) -> engine.Function:
        """Return `score` compiled; a changed setting compiles anew."""
        if self._compiled_parts.scorer is None:
            self._compiled_parts.scorer = engine.compiled(self.score, self)
        return self._compiled_parts.scorer

    def _forget_programs(self) -> None:
        """Compile anew at the next fit or score: a setting that programs have read changed."""
        self._compiled_parts.loops = {}
        self._compiled_parts.scorer = None
        self.__dict__.pop("_score_gradients", None)
        self.train_function = self.test_function = self.predict_function = None

    def _engine_changed(self, kind: str) -> bool:
        """Return whether Keras' function of this kind was made under another engine."""
        before = getattr(self._compiled_parts, kind, None)
        setattr(self._compiled_parts, kind, engine.in_use())
        return before not in (None, engine.in_use())

    def _begin_epoch(self, epoch: int, data: Any) -> None:
        self.begin_epoch(epoch)
        if hasattr(data, "begin_epoch"):
            data.begin_epoch(epoch)

    def _given(self, data: Any) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """Return what `learn` takes of a batch: `(x,)` or `(x, y)`, and weights by name."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        weights = {}
        if sample_weight is not None:
            if not weighs_samples(self):
                raise _refusal(self)
            weights["sample_weight"] = ops.cast(ops.reshape(sample_weight, (-1,)), "float32")
        if not self.needs_labels:
            return (x,), weights
        if y is None:
            raise InputError(
                f"{type(self).__name__} learns from labels, but its batches hold none; give "
                f"batches of (x, y)."
            )
        return (x, y), weights

    def _report(self, logs: Logs, x: Tensor, training: bool) -> Logs:
        self.means.update_state(logs, sample_weight=ops.shape(x)[0])
        self._compiled_parts.terms[training] = self.means.names
        return self.means.result()

    def _moved(self) -> list[keras.Variable]:
        """Return all that a step may assign to, each once."""
        groups = [self.variables, self.optimizer.variables, self.metrics_variables]
        return list({id(v): v for group in groups for v in group}.values())

    def _state(self) -> list[keras.Variable]:
        return [*self.trainable_variables, *self.non_trainable_variables]

    def _parts(self) -> list[str]:
        parts = {n: getattr(self, n, None) for n in arguments(self)}
        return [n for n, part in parts.items() if isinstance(part, keras.Model)]

    def _optimizers_of(self, parts: tuple[str, ...]) -> list[tuple[Any, tuple[str, ...]]]:
        """Return `[(optimizer, part names), ...]` for the parts that move together."""
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

    def _scaling(self, optimizer: Any) -> Any:
        wraps = self.dtype_policy.name == "mixed_float16"
        if wraps and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            return keras.optimizers.LossScaleOptimizer(optimizer)
        return optimizer


def arguments(model: AnomalyModel) -> list[str]:
    """Return the names of the `__init__` arguments of `model`, each kept as an attribute."""
    kind: Any = type(model)
    return list(_arguments(kind))


@functools.cache
def _arguments(kind: Any) -> tuple[str, ...]:
    names = inspect.signature(kind.__init__).parameters
    return tuple(name for name in names if name not in ("self", "kwargs"))


def weighs_samples(model: AnomalyModel) -> bool:
    """Return whether `model` weighs samples: its `learn` has a parameter `sample_weight`."""
    return "sample_weight" in inspect.signature(model.learn).parameters


def _refusal(model: AnomalyModel) -> InputError:
    return InputError(
        f"{type(model).__name__} does not weigh samples, and sample_weight or class_weight was "
        f"given; leave it out."
    )


def _as_list(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    return list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]


def peek(data: Any, size: int = 256) -> np.ndarray | None:
    """Return up to `size` leading samples of data; None where they run only once."""
    if fast_epochs.is_plain(data):
        data = data.x
    if hasattr(data, "shape"):
        return np.asarray(data[:size])
    if hasattr(data, "__next__"):
        return None
    batch = data[0] if isinstance(data, keras.utils.PyDataset) else next(iter(data))
    x, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
    return ops.convert_to_numpy(x)[:size]
